/* What there is to see, as a list of tiles; which one is in front in speaker view. */
import type { LocalState } from '../../call/local-media';
import type { CallState } from '../../call/state';
import type { Person } from '../../call/messages';

export interface Tile {
  id: string;
  person: Person;
  kind: 'camera' | 'screen';
  /** Null: the picture is off. */
  track: MediaStreamTrack | null;
  mine: boolean;
}

export function tilesOf(state: CallState, local: LocalState): Tile[] {
  const tiles: Tile[] = [];
  for (const person of state.people) {
    const mine = person.connection === state.connection;
    const track = (kind: 'camera' | 'screen') => (mine ? local.tracks[kind] : remoteTrack(state, person, kind));
    const screen = track('screen');
    if (screen) tiles.push({ id: `${person.connection}-screen`, person, kind: 'screen', track: screen, mine });
    // A viewer has nothing to show; they are in the list of people.
    if (person.role !== 'viewer') tiles.push({ id: person.connection, person, kind: 'camera', track: track('camera'), mine });
  }
  return tiles.sort((a, b) => rank(a) - rank(b));
}

const rank = (tile: Tile) => (tile.kind === 'screen' ? 0 : tile.mine ? 2 : 1);

function remoteTrack(state: CallState, person: Person, kind: 'camera' | 'screen'): MediaStreamTrack | null {
  const sent = person.tracks.find((track) => track.kind === kind);
  if (!sent || sent.muted) return null;
  return state.streams.get(person.connection)?.[kind]?.getVideoTracks()[0] ?? null;
}

export function micIsOff(tile: Tile, localMicOn: boolean): boolean {
  if (tile.mine) return !localMicOn;
  const mic = tile.person.tracks.find((track) => track.kind === 'mic');
  return !mic || mic.muted;
}

export function front(tiles: Tile[], pinned: string | null, activeSpeaker: string | null): Tile | undefined {
  return (
    tiles.find((tile) => tile.id === pinned) ??
    tiles.find((tile) => tile.kind === 'screen' && !tile.mine) ??
    tiles.find((tile) => tile.kind === 'camera' && tile.person.connection === activeSpeaker) ??
    tiles.find((tile) => !tile.mine) ??
    tiles[0]
  );
}
