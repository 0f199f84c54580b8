/* Media that LiveKit carries, as far as it can be said without LiveKit's own code. */
import type { MediaHooks } from './media';
import type { OutOf, Person } from './messages';

export interface Elsewhere {
  grant: OutOf<'grant'>;
  hooks: MediaHooks;
  /** Whose LiveKit identity it is: a connection of the roster. */
  connectionOf(identity: string): string | undefined;
}

/** roomd names people at LiveKit after their seat: `seat-12-…`. */
export function seatOf(identity: string): number | null {
  const seat = /^seat-(\d{1,15})-/.exec(identity)?.[1];
  return seat === undefined ? null : Number(seat);
}

export function connectionOf(people: readonly Person[], identity: string): string | undefined {
  const seat = seatOf(identity);
  return seat === null ? undefined : people.find((person) => person.participant_id === seat)?.connection;
}
