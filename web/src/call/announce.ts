/* What is said aloud (screen readers) and shown briefly when something happens in the call. */
import type { OutMessage } from './messages';
import { isHost, type CallState } from './state';

export interface Notice {
  id: number;
  text: string;
  /** `say` is for screen readers alone; `show` for everybody; `warn` stands out. */
  level: 'say' | 'show' | 'warn';
}
export type Announcement = Omit<Notice, 'id'>;

const say = (text: string): Announcement => ({ text, level: 'say' });
const show = (text: string): Announcement => ({ text, level: 'show' });
const warn = (text: string): Announcement => ({ text, level: 'warn' });

export function announce(before: CallState, message: OutMessage): Announcement | null {
  switch (message.t) {
    case 'peer':
      return ofPerson(before, message.person);
    case 'peer_left': {
      const gone = before.people.find((person) => person.connection === message.connection);
      return gone ? say(`${gone.name} ${message.reason === 'removed' ? 'was removed' : 'left'}`) : null;
    }
    case 'knock':
      return say(`${message.person.name} asks to come in`);
    case 'muted':
      return show(`The host switched off your ${message.kind === 'mic' ? 'microphone' : message.kind}`);
    case 'stop_share':
      return warn('The host stopped your screen share');
    case 'room':
      return ofRoom(before, message.room);
    case 'error':
      return warn(message.message);
    default:
      return null;
  }
}

function ofPerson(state: CallState, now: CallState['people'][number]): Announcement | null {
  const was = state.people.find((person) => person.connection === now.connection);
  if (now.connection === state.connection) return was ? ofYou(was, now) : null;
  if (!was) return say(`${now.name} came in`);
  if (!was.hand && now.hand) return isHost(state) ? show(`${now.name} raised a hand`) : say(`${now.name} raised a hand`);
  const shares = (person: typeof now) => person.tracks.some((track) => track.kind === 'screen');
  if (!shares(was) && shares(now)) return say(`${now.name} shares a screen`);
  return null;
}

function ofYou(was: CallState['people'][number], now: typeof was): Announcement | null {
  if (was.hand && !now.hand) return say('Your hand is down');
  if (!was.screenshare && now.screenshare) return show('You may share your screen now');
  return null;
}

function ofRoom(state: CallState, room: NonNullable<CallState['room']>): Announcement | null {
  const was = state.room;
  if (!was) return null;
  if (was.recording !== room.recording) {
    if (room.recording === 'recording') return show('This call is being recorded');
    if (room.recording === 'paused') return show('The recording is paused');
    if (was.recording) return show('The recording has stopped');
  }
  if (was.locked !== room.locked) return show(room.locked ? 'The session is locked' : 'The session is unlocked');
  return null;
}
