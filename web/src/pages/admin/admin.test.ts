import { describe, expect, it } from 'vitest';
import type { Template } from '../../api/types';
import { bodyOf, changes, roomBody, settingsFor, templateDraft, toMinutes, toSeconds } from './draft';
import { narrow, pagesOf, readFilter, writeFilter } from './filter';
import { presentOf } from './present';

const read = (text: string) => readFilter(new URLSearchParams(text));
const template = (over: Partial<Template>): Template => ({
  ...templateDraft(null, []), id: 1, name: 'Seminar', created_at: '2030-01-01T00:00:00Z', updated_at: '2030-01-01T00:00:00Z', ...over,
});

describe('which rooms', () => {
  it('shows what is open unless told otherwise', () => {
    expect(read('')).toEqual({ status: 'active', type: null, page: 0 });
  });

  it.each(['', 'status=all', 'status=ended&type=webinar&page=3', 'type=group'])('is kept in the address: %s', (text) => {
    expect(new URLSearchParams(writeFilter(read(text))).toString()).toBe(text);
  });

  it.each(['status=nonsense', 'type=nonsense', 'page=-1', 'page=1.5', 'page=x'])('takes no harm from %s', (text) => {
    expect(read(`status=all&${text}`)).toEqual({ status: null, type: null, page: 0 });
  });

  it('begins at the first page when other rooms are chosen', () => {
    expect(narrow(read('page=4'), { type: 'group' })).toEqual({ status: 'active', type: 'group', page: 0 });
  });

  it.each([[0, 1], [12, 1], [13, 2], [240, 20]])('puts %i rooms on %i pages', (count, pages) => {
    expect(pagesOf(count, 12)).toBe(pages);
  });
});

describe('templates and rooms', () => {
  it('begins like the template in use for the type', () => {
    const used = template({ room_type: 'webinar', is_default: true, max_participants: 30, recording_enabled: true });
    const other = template({ room_type: 'webinar', max_participants: 7 });
    expect(settingsFor('webinar', [other, used])).toMatchObject({ max_participants: 30, recording_enabled: true });
    expect(settingsFor('individual', [other, used])).toMatchObject({ max_participants: 2, recording_enabled: false });
  });

  it('sends no more than what was changed', () => {
    const before = bodyOf(templateDraft(template({ description: 'old' }), []));
    expect(changes(before, { ...before })).toEqual({});
    expect(changes(before, { ...before, enable_chat: false, description: null })).toEqual({ enable_chat: false, description: null });
  });

  it('takes an empty description for none, and blanks off the name', () => {
    expect(bodyOf({ name: ' Seminar ', description: '  ' })).toEqual({ name: 'Seminar', description: null });
  });

  it('leaves the template to the server when none is chosen', () => {
    const draft = { name: ' Algebra ', room_type: 'group' as const, template: '', scheduled_start: '', duration_minutes: 60 };
    expect(JSON.parse(JSON.stringify(roomBody(draft, null)))).toEqual({ name: 'Algebra', room_type: 'group', scheduled_start: null, duration_minutes: 60 });
    expect(roomBody({ ...draft, template: '7' }, null).template).toBe(7);
  });

  it.each([1, 30, 50, 59, 300, 900, 86399, 86400])('keeps %i seconds over being shown as minutes', (seconds) => {
    expect(toSeconds(toMinutes(seconds))).toBe(seconds);
  });
});

describe('who is in now', () => {
  const person = (identity: string, spans: { joined_at: string; left_at: string | null }[]) => ({
    identity, name: identity === 'guest-1' ? '' : identity.toUpperCase(), role: 'student' as const, user_id: null, spans, total_seconds: 1,
  });

  it('is who has not left, the first to come first', () => {
    const people = [
      person('late', [{ joined_at: '2030-01-01T10:05:00Z', left_at: null }]),
      person('gone', [{ joined_at: '2030-01-01T10:00:00Z', left_at: '2030-01-01T10:01:00Z' }]),
      person('guest-1', [{ joined_at: '2030-01-01T09:00:00Z', left_at: '2030-01-01T09:01:00Z' }, { joined_at: '2030-01-01T10:00:00Z', left_at: null }]),
    ];
    expect(presentOf(people).map(({ name, since }) => [name, since])).toEqual([['guest-1', '2030-01-01T10:00:00Z'], ['LATE', '2030-01-01T10:05:00Z']]);
  });
});
