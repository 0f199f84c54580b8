/* Media that LiveKit carries, as far as it can be said without LiveKit's own code. */
import type { MediaHooks } from './media';
import type { RemoteStreams } from './downward';
import type { Kind, OutOf, Person } from './messages';

export interface AtLiveKit {
  identity: string;
  sid: string;
}

export interface Elsewhere {
  grant: OutOf<'grant'>;
  hooks: MediaHooks;
  /** Whose LiveKit identity it is: a connection of the roster. */
  connectionOf(who: AtLiveKit): string | undefined;
}

/** roomd names people at LiveKit after their seat: `seat-12-…`. */
export function seatOf(identity: string): number | null {
  const seat = /^seat-(\d{1,15})-/.exec(identity)?.[1];
  return seat === undefined ? null : Number(seat);
}

/** Who has no seat's name (a telephone) goes by LiveKit's own id of their stay. */
export function connectionOf(people: readonly Person[], { identity, sid }: AtLiveKit): string | undefined {
  const seat = seatOf(identity);
  return people.find((person) => (seat === null ? person.connection === sid : person.participant_id === seat))?.connection;
}

/** Of people without our page roomd does not know what they send: what comes in says it. */
export function withTracks(people: Person[], streams: RemoteStreams): Person[] {
  if (!people.some((person) => person.outside)) return people;
  return people.map((person) => {
    if (!person.outside) return person;
    const kinds = Object.keys(streams.get(person.connection) ?? {}) as Kind[];
    return { ...person, tracks: kinds.map((kind) => ({ kind, muted: false })) };
  });
}
