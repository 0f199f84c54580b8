/* What the pages show of a call, as one immutable value, and how each message changes it. No I/O here. */
import type { ChatLine, Knocker, OutMessage, OutOf, Person, Quality, Room } from './messages';
import type { RemoteStreams } from './downward';

export type Phase = 'idle' | 'connecting' | 'waiting' | 'in' | 'over';
export type Link = 'up' | 'down';
export type MediaPhase = 'off' | 'live' | 'lost';

export interface Over {
  /** `removed`, `ended`, `denied`, `replaced` from the server; `left` and `refused` from this page. */
  reason: string;
  message: string;
}

export interface CallState {
  phase: Phase;
  link: Link;
  media: MediaPhase;
  title: string;
  connection: string | null;
  room: Room | null;
  people: Person[];
  chat: ChatLine[];
  knocking: Knocker[];
  streams: RemoteStreams;
  /** The server asks whether this person may be recorded. */
  consentAsked: boolean;
  consentWording: string;
  speaking: ReadonlySet<string>;
  activeSpeaker: string | null;
  quality: Quality;
  over: Over | null;
}

export const initialState: CallState = {
  phase: 'idle',
  link: 'down',
  media: 'off',
  title: '',
  connection: null,
  room: null,
  people: [],
  chat: [],
  knocking: [],
  streams: new Map(),
  consentAsked: false,
  consentWording: '',
  speaking: new Set(),
  activeSpeaker: null,
  quality: 'good',
  over: null,
};

const CHAT_KEPT = 500;

export function you(state: CallState): Person | undefined {
  return state.people.find((person) => person.connection === state.connection);
}

export function isHost(state: CallState): boolean {
  return you(state)?.role === 'teacher';
}

export function reduce(state: CallState, message: OutMessage): CallState {
  switch (message.t) {
    case 'joined':
      return joined(state, message);
    case 'waiting':
      return { ...state, phase: 'waiting', connection: message.connection, title: message.title, consentAsked: false };
    case 'peer':
      return { ...state, people: upsert(state.people, message.person) };
    case 'peer_left':
      return { ...state, people: without(state.people, message.connection) };
    case 'chat':
      return { ...state, chat: addLine(state.chat, message.line) };
    case 'room':
      return { ...state, room: message.room, title: message.room.title };
    case 'knock':
      return { ...state, knocking: [...without(state.knocking, message.person.connection), message.person] };
    case 'knock_gone':
      return { ...state, knocking: without(state.knocking, message.connection) };
    default:
      return state;
  }
}

function joined(state: CallState, message: OutOf<'joined'>): CallState {
  return {
    ...state,
    phase: 'in',
    link: 'up',
    connection: message.connection,
    room: message.room,
    title: message.room.title,
    people: upsert(message.people, message.you),
    chat: message.chat,
    knocking: message.knocking,
    consentAsked: false,
  };
}

type Placed = { connection: string };

const without = <T extends Placed>(list: T[], connection: string): T[] =>
  list.some((one) => one.connection === connection) ? list.filter((one) => one.connection !== connection) : list;

function upsert(people: Person[], person: Person): Person[] {
  const at = people.findIndex((one) => one.connection === person.connection);
  return at < 0 ? [...people, person] : people.map((one, i) => (i === at ? person : one));
}

function addLine(chat: ChatLine[], line: ChatLine): ChatLine[] {
  if (chat.some((one) => one.id === line.id)) return chat;
  return [...chat, line].sort((a, b) => a.id - b.id).slice(-CHAT_KEPT);
}
