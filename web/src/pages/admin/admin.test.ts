import { describe, expect, it } from 'vitest';
import type { RoomPerson, RoomToken, Template } from '../../api/types';
import { bodyOf, changes, roomBody, settingsFor, templateDraft, toMinutes, toSeconds } from './draft';
import { narrow, pagesOf, readFilter, writeFilter } from './filter';
import { findUsers, keyBody, SCOPES, scopeWords } from './keys';
import { newestFirst, whole } from './newest';
import { presentOf } from './present';
import { standingOf, tokenBody } from './tokens';

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
  const stay = (joined_at: string, left_at: string | null): RoomPerson['stays'][number] => ({
    connection: joined_at, role: 'participant', joined_at, left_at, duration_seconds: 1, connection_quality: left_at ? 'good' : 'poor',
    poor_seconds: 0, audio_seconds: 0, video_seconds: 0, screen_share_seconds: 0,
  });
  const person = (identity: string, name: string, ...stays: RoomPerson['stays']): RoomPerson => ({
    id: 1, room: 1, identity, name, role: 'participant', status: 'joined', is_present: true, stays, duration_seconds: 1,
    connection_quality: 'good', poor_seconds: 0, audio_seconds: 0, video_seconds: 0, screen_share_seconds: 0,
  });

  it('is who has not left, the first to come first, with the line of this stay', () => {
    const people = [
      person('late', 'LATE', stay('2030-01-01T10:05:00Z', null)),
      person('gone', 'GONE', stay('2030-01-01T10:00:00Z', '2030-01-01T10:01:00Z')),
      person('guest-1', '', stay('2030-01-01T09:00:00Z', '2030-01-01T09:01:00Z'), stay('2030-01-01T10:00:00Z', null)),
    ];
    expect(presentOf(people).map(({ name, since, line }) => [name, since, line])).toEqual([
      ['guest-1', '2030-01-01T10:00:00Z', 'poor'], ['LATE', '2030-01-01T10:05:00Z', 'poor'],
    ]);
  });
});

describe('lists', () => {
  const pages = (count: number) => (limit: number, offset: number) =>
    Promise.resolve({ count, results: Array.from({ length: Math.max(0, Math.min(limit, count - offset)) }, (_, i) => offset + i) });

  it.each([[25, 0, [24, 15]], [25, 1, [14, 5]], [25, 2, [4, 0]], [10, 0, [9, 0]]])('of %i begin with the newest: page %i', async (count, page, [first, last]) => {
    const { results } = await newestFirst(page, 10, pages(count));
    expect([results[0], results.at(-1)]).toEqual([first, last]);
  });

  it.each([[0, 0], [25, 3]])('of %i have nothing on page %i', async (count, page) => {
    expect((await newestFirst(page, 10, pages(count))).results).toEqual([]);
  });

  it.each([0, 1, 10, 25])('of %i come whole', async (count) => {
    expect(await whole(10, pages(count))).toHaveLength(count);
  });
});

describe('links', () => {
  const token = (over: Partial<RoomToken>) => ({ expires_at: '2030-01-01T11:00:00Z', is_active: true, revoked_at: null, ...over }) as RoomToken;
  const now = Date.parse('2030-01-01T10:00:00Z');

  it.each([
    ['good', {}], ['used', { is_active: false }], ['expired', { is_active: false, expires_at: '2030-01-01T10:00:00Z' }],
    ['revoked', { is_active: false, revoked_at: '2030-01-01T09:00:00Z', expires_at: '2030-01-01T09:30:00Z' }],
  ] as const)('are %s', (standing, over) => expect(standingOf(token(over), now)).toBe(standing));

  it('have a name of their own, and a number of uses only when asked for', () => {
    const draft = { name: ' Ben ', role: 'viewer' as const, ttl: '86400', once: false };
    const body = tokenBody(draft, new Uint32Array([1, 35]));
    expect(JSON.parse(JSON.stringify(body))).toEqual({ name: 'Ben', identity: 'link-1z', role: 'viewer', ttl: 86400 });
    const other = tokenBody({ ...draft, once: true }, new Uint32Array([1, 36]));
    expect(other.max_uses).toBe(1);
    expect(other.identity).not.toBe(body.identity);
  });
});

describe('keys and accounts', () => {
  it('sends scopes in their order, or none for everything', () => {
    expect(keyBody({ name: ' shop ', everything: false, scopes: ['rooms:write', 'sessions:read'] })).toEqual({ name: 'shop', scope: 'sessions:read rooms:write' });
    expect(keyBody({ name: 'shop', everything: true, scopes: ['rooms:write'] }).scope).toBeNull();
  });

  it('says scopes in words, and what it does not know as it is', () => {
    expect(scopeWords(null)).toEqual(['Everything that its account may']);
    expect(scopeWords('rooms:read new:thing')).toEqual([SCOPES.find(({ scope }) => scope === 'rooms:read')!.label, 'new:thing']);
  });

  it('finds accounts by name and address', () => {
    const user = (id: number, email: string, full_name: string | null) => ({ id, email, full_name, role: 'teacher', is_active: true, is_superuser: false }) as const;
    const users = [user(1, 'grace@example.org', 'Grace Hopper'), user(2, 'ada@example.org', 'Ada Lovelace'), user(3, 'bob@school.org', null)];
    expect(findUsers(users, '').map(({ id }) => id)).toEqual([2, 3, 1]);
    expect(findUsers(users, ' HOPPER').map(({ id }) => id)).toEqual([1]);
    expect(findUsers(users, 'school').map(({ id }) => id)).toEqual([3]);
  });
});
