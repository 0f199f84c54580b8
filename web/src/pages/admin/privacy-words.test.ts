import { describe, expect, it } from 'vitest';
import type { Erasure, Kept, Seat } from '../../api/privacy';
import { doneWords, goes, isByName, isConfirmed, keptFacts, mediaWords, peopleOf, refusalWords, seatWords, STAGES, stagesOf, stays, waitWords } from './privacy-words';

const seat = (participant_id: number, identity: string, name: string): Seat => ({
  participant_id, session_id: 1, session_title: 'Algebra', identity, name, role: 'student', created_at: '2030-01-01T10:00:00Z',
});
const kept = (fields: Partial<Kept> = {}): Kept => ({
  name: 'Grace', known_by: 'grace@example.org', to_hold: 0, stays: 4, chat_lines: 0, seats_total: 1, recordings_total: 0, recordings_alone: 0, recordings_held: 0, consents_total: 0,
  seats: [], recordings: [], consents: [], ...fields,
});

describe('who it is', () => {
  it('takes seats of one name that came by a code for one person, and offers them by that name', () => {
    const [grace, ...others] = peopleOf([seat(9, 'guest-b', 'GRACE'), seat(7, 'guest-a', 'Grace'), seat(5, 'guest-c', 'Ada')]);
    expect([grace!.name, grace!.who, grace!.seats.map((s) => s.participant_id)]).toEqual(['GRACE', 'GRACE', [9, 7]]);
    expect(others.map(({ name, who }) => [name, who])).toEqual([['Ada', '5']]);
  });

  it('goes by what another app calls them, whatever their name is', () => {
    const found = peopleOf([seat(9, 'patient-17', 'Grace H.'), seat(8, 'patient-18', 'Grace'), seat(7, 'patient-17', 'Grace')]);
    expect(found.map(({ who, seats }) => [who, seats.length])).toEqual([['9', 2], ['8', 1]]);
  });

  it('does not take a name for the number of a seat', () => {
    expect(peopleOf([seat(9, 'guest-a', '12'), seat(8, 'guest-b', '12')])[0]!.who).toBeNull();
    expect(peopleOf([seat(9, 'guest-a', '12')])[0]!.who).toBe('9');
  });

  it('knows where others of that name are in it', () => {
    expect([isByName({ guest: 'Grace' }), isByName({ guest: '12' }), isByName({ account: 12 })]).toEqual([true, false, false]);
  });

  it('shows an identity only where it says something', () => {
    expect([seatWords(seat(1, 'guest-x', 'G')), seatWords(seat(1, 'user-7', 'G')), seatWords(seat(1, 'patient-17', 'G'))]).toEqual(['Algebra', 'Algebra', 'Algebra, known as patient-17']);
  });
});

describe('what goes and what stays', () => {
  const much = kept({ to_hold: 1, chat_lines: 2, recordings_total: 3, recordings_alone: 1, consents_total: 1 });

  it('says no more than there is', () => {
    expect(goes(kept(), 'own', true)).toHaveLength(3);
    expect(stays(kept(), 'own')).toHaveLength(3);
    expect([...goes(kept(), 'all', true), ...stays(kept(), 'all')].join()).not.toMatch(/recording|chat|consent|\bsession/i);
  });

  it('tells the two choices of media apart', () => {
    expect(mediaWords(much, 'own')).toBe('1 recording in which nobody else was; their own tracks of 2 recordings with others, whose films stay');
    expect(mediaWords(much, 'all')).toBe('3 recordings, 2 of them with others, who lose them too');
    expect(mediaWords(kept({ recordings_total: 1, recordings_alone: 1 }), 'all')).toBe('1 recording');
    expect(mediaWords(kept({ recordings_total: 1 }), 'own')).toBe('their own tracks of 1 recording with others, whose film stays');
    expect(stays(much, 'own')).toContain('2 recordings with others, with their voice and picture in them');
    expect(stays(much, 'all').join()).not.toMatch(/with others/);
  });

  it('keeps attendance and consent in either case', () => {
    for (const media of ['own', 'all'] as const)
      expect(stays(much, media).slice(0, 2)).toEqual(['Attendance, under a pseudonym: 4 stays in 1 seat', 'Proof of consent, under the pseudonym: 1 entry']);
  });

  it('speaks of a password only where there is an account', () => {
    expect([goes(much, 'own', true)[0], goes(much, 'own', false)[0]]).toEqual([expect.stringContaining('password'), expect.not.stringContaining('password')]);
    expect(goes(much, 'own', false)).toContain('What they wrote: 2 lines of chat stay, but empty');
  });

  it('counts what there is', () => {
    expect(keptFacts(much)).toContainEqual(['Recordings', '3, 1 of them with nobody else in it']);
    const recordings = (recordings_total: number, recordings_alone: number) => Object.fromEntries(keptFacts(kept({ recordings_total, recordings_alone }))).Recordings;
    expect([recordings(0, 0), recordings(1, 1), recordings(2, 2), recordings(2, 0)]).toEqual(['none', '1, with nobody else in it', '2, with nobody else in them', '2, with others']);
    expect(keptFacts(much)).toContainEqual(['Consent', '1 entry']);
    expect([keptFacts(much).length, keptFacts(kept()).length]).toEqual([5, 4]);
  });

  it('wants the very word, whatever its case', () => {
    expect([isConfirmed(' GRACE@example.org ', 'grace@example.org'), isConfirmed('grace', 'grace@example.org'), isConfirmed('', 'x')]).toEqual([true, false, false]);
  });

  it('says what to do about a refusal', () => {
    const refused = (status: number, who: Parameters<typeof refusalWords>[1]) => refusalWords({ message: 'No', status }, who);
    expect(refused(409, { guest: 'Grace' })).toMatch(/^No\. .*begin again/);
    expect(refused(409, { account: 1 })).toMatch(/administrator first/);
    expect(refused(404, { guest: 'Grace' })).toMatch(/search again/);
    expect(refused(401, { account: 1 })).toMatch(/password/);
    expect(refused(500, { account: 1 })).toBe('No');
  });
});

describe('how far it is', () => {
  const places = (erasure: Pick<Erasure, 'step' | 'status'>) => stagesOf(erasure).map(({ at }) => at);

  it('has done what the request does, and begins with what comes then', () => {
    expect(places({ step: 'identity', status: 'waiting' }).slice(0, 3)).toEqual(['done', 'now', 'later']);
  });

  it('shows one stage as the one that is being done', () => {
    for (const step of Object.keys(STAGES).slice(1) as Erasure['step'][]) {
      const now = stagesOf({ step, status: 'running' });
      expect(now.filter(({ at }) => at === 'now').map(({ stage }) => stage)).toEqual([step]);
      expect(now.at(-1)!.at).toBe(step === 'storage' ? 'now' : 'later');
    }
  });

  it('is done with all of them at the end', () => expect(new Set(places({ step: 'storage', status: 'done' }))).toEqual(new Set(['done'])));

  it('says what it waits for and what to do', () => {
    expect(waitWords('an administrator keeps recording 5')).toEqual({ words: 'An administrator keeps recording 5. Let it go, and the erasure goes on by itself.', recording: '5' });
    expect(waitWords('recording 6 is still running or being made')).toMatchObject({ words: expect.stringMatching(/End it/), recording: '6' });
    expect(waitWords('they are still being put out of a call')).toMatchObject({ words: expect.stringMatching(/nothing is to be done/), recording: null });
  });

  it('counts what was done', () => {
    expect(doneWords({ rows_changed: 1, recordings_deleted: 2, recordings_kept: 0 })).toBe('1 place changed · 2 recordings deleted');
    expect(doneWords({ rows_changed: 3, recordings_deleted: 0, recordings_kept: 1 })).toBe('3 places changed · 0 recordings deleted · 1 recording kept for the others in it');
  });
});
