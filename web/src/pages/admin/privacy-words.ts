/* What is kept of a person, and forgetting them, in words. */
import type { Erasure, Kept, Media, Seat, Who } from '../../api/privacy';
import type { Model } from '../../api/types';

export const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`;

/* ---- who it is */

export interface Found {
  name: string;
  seats: Seat[];
  /** What to ask for to have them all as one person; null: only one by one. */
  who: string | null;
}

const BY_CODE = /^guest-/; // of one seat alone
const OWN = /^(guest|user|erased)-/; // given by this server: says nothing
const ONLY_DIGITS = /^\d+$/; // would be the number of a seat

function whoOf(name: string, seats: Seat[]): string | null {
  if (seats.length === 1 || !BY_CODE.test(seats[0]!.identity)) return String(seats[0]!.participant_id);
  return ONLY_DIGITS.test(name) ? null : name;
}

/** Seats that seem to be one person's: whom another app calls the same, and who came by a code under the same name. */
export function peopleOf(seats: Seat[]): Found[] {
  const groups = new Map<string, Seat[]>();
  for (const seat of seats) {
    const key = BY_CODE.test(seat.identity) ? `name ${seat.name.toLowerCase()}` : `id ${seat.identity}`;
    groups.set(key, [...(groups.get(key) ?? []), seat]);
  }
  return [...groups.values()].map((own) => ({ name: own[0]!.name, seats: own, who: whoOf(own[0]!.name, own) }));
}

/** Whether others who only have the same name are taken for them as well. */
export const isByName = (who: Who): boolean => 'guest' in who && !ONLY_DIGITS.test(who.guest);

export const seatWords = ({ session_title, identity }: Seat): string => (OWN.test(identity) ? session_title : `${session_title}, known as ${identity}`);

/* ---- what there is */

const withOthers = (kept: Kept): number => kept.recordings_total - kept.recordings_alone;

function recordingsWords(kept: Kept): string {
  if (kept.recordings_total === 0) return 'none';
  if (withOthers(kept) === 0) return `${kept.recordings_total}, with nobody else in ${kept.recordings_total === 1 ? 'it' : 'them'}`;
  return kept.recordings_alone === 0 ? `${kept.recordings_total}, with others` : `${kept.recordings_total}, ${kept.recordings_alone} of them with nobody else in it`;
}

export const keptFacts = (kept: Kept): [string, string][] => [
  ['Attendance', `${count(kept.stays, 'stay')} in ${count(kept.seats_total, 'seat')}`],
  ['Chat', count(kept.chat_lines, 'line')],
  ['Recordings', recordingsWords(kept)],
  ['Consent', count(kept.consents_total, 'entry', 'entries')],
  ...(kept.to_hold ? ([['Sessions to hold', String(kept.to_hold)]] satisfies [string, string][]) : []),
];

export const DECISIONS: Record<Model<'consent_decision'>, string> = { given: 'Agreed', refused: 'Refused', withdrawn: 'Took it back' };

export const WAYS: Record<Model<'consent_way'>, string> = {
  door: 'at the door',
  call: 'in the call',
  host: 'by starting the recording',
  token: 'by a link that starts recording',
  api: 'signed in, by a program',
  relay: 'told to the host, who passed it on',
};

/* ---- what goes, what stays */

export function mediaWords(kept: Kept, media: Media): string {
  const others = withOthers(kept);
  if (media === 'all') return `${count(kept.recordings_total, 'recording')}${others ? `, ${others} of them with others, who lose ${others === 1 ? 'it' : 'them'} too` : ''}`;
  const alone = kept.recordings_alone > 0 && `${count(kept.recordings_alone, 'recording')} in which nobody else was`;
  const tracks = others > 0 && `their own tracks of ${count(others, 'recording')} with others, whose ${others === 1 ? 'film stays' : 'films stay'}`;
  return [alone, tracks].filter(Boolean).join('; ');
}

export const goes = (kept: Kept, media: Media, account: boolean): string[] =>
  [
    account ? 'Name, address and password: nobody can sign in to the account any more' : 'The name, and what another app calls them',
    `Their place in a call that is on: they are put out of it, and their links${account ? ', sign-ins and keys' : ''} are dead`,
    kept.to_hold > 0 && `${count(kept.to_hold, 'session')} that they were to hold: cancelled, or ended`,
    kept.chat_lines > 0 && `What they wrote: ${count(kept.chat_lines, 'line')} of chat stay${kept.chat_lines === 1 ? 's' : ''}, but empty`,
    kept.recordings_total > 0 && `Media: ${mediaWords(kept, media)}`,
    'From where, and with which browser, they came',
  ].filter((words) => words !== false);

export const stays = (kept: Kept, media: Media): string[] =>
  [
    `Attendance, under a pseudonym: ${count(kept.stays, 'stay')} in ${count(kept.seats_total, 'seat')}`,
    kept.consents_total > 0 && `Proof of consent, under the pseudonym: ${count(kept.consents_total, 'entry', 'entries')}`,
    media === 'own' && withOthers(kept) > 0 && `${count(withOthers(kept), 'recording')} with others, with their voice and picture in ${withOthers(kept) === 1 ? 'it' : 'them'}`,
    'The audit log, by number only',
    'What is out of reach: backups, files that somebody has fetched, what other servers were told',
  ].filter((words) => words !== false);

/** Whether what was typed is what has to be typed. */
export const isConfirmed = (typed: string, wanted: string): boolean => typed.trim().toLowerCase() === wanted.trim().toLowerCase();

/** What was refused, and what to do about it. */
export function refusalWords({ message, status }: { message: string; status?: number }, who: Who): string {
  if (status === 404) return `${message}. They may have been erased meanwhile: search again.`;
  if (status === 401) return `${message}. Type the password with which you sign in.`;
  if (status !== 409) return message;
  return 'account' in who ? `${message}. Make somebody else an administrator first, under Accounts.` : `${message}. Close this, read what is kept now, and begin again.`;
}

/* ---- how far it is */

export const STAGES: Record<Erasure['step'], string> = {
  identity: 'The account says nothing any more, and nobody can sign in to it',
  sessions: 'Sessions that they were to hold are off',
  removal: 'They are out of every call',
  echoes: 'Other servers have told all that they had to tell of a call',
  recordings: 'Recordings are gone, as was chosen',
  events: 'What they said, and their name, are gone from the event log',
  texts: 'Their name is gone from others’ texts and from messages that were sent',
  audit: 'From where they came is gone from the audit log',
  seats: 'Attendance and consent have the pseudonym',
  storage: 'The disk is cleaned of what was there',
};

export interface Stage {
  stage: Erasure['step'];
  words: string;
  at: 'done' | 'now' | 'later';
}

/** The first is done by the request itself. */
export function stagesOf({ step, status }: Pick<Erasure, 'step' | 'status'>): Stage[] {
  const order = Object.keys(STAGES) as Erasure['step'][];
  const now = status === 'done' ? order.length : Math.max(1, order.indexOf(step));
  return order.map((stage, place) => ({ stage, words: STAGES[stage], at: place < now ? 'done' : place === now ? 'now' : 'later' }));
}

export const STATUS: Record<Erasure['status'], { word: string; color: string }> = {
  waiting: { word: 'About to begin', color: 'blue' },
  running: { word: 'Under way', color: 'blue' },
  done: { word: 'Done', color: 'green' },
};

/** What it waits for, and what to do; `recording`: to be looked at. */
export function waitWords(error: string): { words: string; recording: string | null } {
  const recording = /\brecording (\d+)/.exec(error)?.[1] ?? null;
  const next = /administrator keeps/.test(error)
    ? 'Let it go, and the erasure goes on by itself.'
    : /still running or being made/.test(error)
      ? 'End it if it still runs; the erasure goes on by itself.'
      : 'It goes on by itself; nothing is to be done.';
  return { words: `${error.charAt(0).toUpperCase()}${error.slice(1)}. ${next}`, recording };
}

export const doneWords = ({ rows_changed, recordings_deleted, recordings_kept }: Pick<Erasure, 'rows_changed' | 'recordings_deleted' | 'recordings_kept'>): string =>
  [`${count(rows_changed, 'place')} changed`, `${count(recordings_deleted, 'recording')} deleted`, recordings_kept > 0 && `${count(recordings_kept, 'recording')} kept for the others in ${recordings_kept === 1 ? 'it' : 'them'}`]
    .filter(Boolean)
    .join(' · ');
