/* A call whose media LiveKit carries: what the engine does between roomd's words and LiveKit's client. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectionOf, seatOf, withTracks } from './elsewhere';
import { CallEngine } from './engine';
import { FakeEnv, FakeLocal, joined, person } from './fakes';

let env: FakeEnv;
let local: FakeLocal;
let engine: CallEngine;

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const grant = { t: 'grant' as const, server_url: 'ws://lk', access_token: 'jwt' };

async function enter(granted = true): Promise<void> {
  engine.join({ token: 'tok', consent: false });
  env.socket.open();
  env.socket.deliver(joined(false, {}, 'livekit'));
  if (granted) env.socket.deliver(grant);
  await later(0);
}

beforeEach(() => {
  vi.useFakeTimers();
  env = new FakeEnv();
  local = new FakeLocal();
  engine = new CallEngine('ws://test', local as never, env);
});

afterEach(() => {
  engine.leave();
  vi.useRealTimers();
});

describe('identities at LiveKit', () => {
  it('are named after the seat', () => {
    expect(seatOf('seat-12-0-7-AbC_-9')).toBe(12);
    for (const other of ['', 'seat-', 'seat-x-1', 'alice', 'EG_12', 'seat-12', 'seat-99999999999999999-0']) expect(seatOf(other)).toBeNull();
  });

  it('lead to the connection of who is in the roster', () => {
    const people = [person('a', { participant_id: 3 }), person('b', { participant_id: 12 })];
    expect(connectionOf(people, { identity: 'seat-12-0-0-x', sid: 'PA_1' })).toBe('b');
    expect(connectionOf(people, { identity: 'seat-4-0-0-x', sid: 'PA_1' })).toBeUndefined();
  });

  it('of telephones are their stay', () => {
    const people = [person('a', { participant_id: 3 }), person('PA_9', { participant_id: 4, outside: true })];
    expect(connectionOf(people, { identity: 'sip_+15550100', sid: 'PA_9' })).toBe('PA_9');
    expect(connectionOf(people, { identity: 'EG_x', sid: 'PA_8' })).toBeUndefined();
  });

  it('say what people without our page send', () => {
    const people = [person('a'), person('PA_9', { outside: true })];
    const streams = new Map([['PA_9', { mic: {} as MediaStream }], ['a', { mic: {} as MediaStream }]]);
    expect(withTracks(people, streams).map((one) => one.tracks)).toEqual([[], [{ kind: 'mic', muted: false }]]);
  });
});

describe('a call on LiveKit', () => {
  it('opens no PeerConnection of its own, and connects with the grant', async () => {
    await enter(false);
    expect(engine.get()).toMatchObject({ phase: 'in', media: 'lost' });
    env.socket.deliver(grant);
    await later(0);
    expect(env.peers).toHaveLength(0);
    expect(env.elsewhere[0]!.given.grant).toMatchObject({ server_url: 'ws://lk', access_token: 'jwt' });
    expect(env.elsewhere[0]!.synced[0]).toMatchObject({ mic: { muted: false } });
    expect(engine.get().media).toBe('live');
  });

  it('finds people by their seat also when they come into the roster later', async () => {
    await enter();
    const { connectionOf: find } = env.elsewhere[0]!.given;
    const ben = { identity: 'seat-5-0-0-x', sid: 'PA_1' };
    expect(find(ben)).toBeUndefined();
    env.socket.deliver({ t: 'peer', person: person('ben', { participant_id: 5 }) });
    expect(find(ben)).toBe('ben');
    expect(env.elsewhere[0]!.synced).toHaveLength(2);
  });

  it('keeps its media over a lost WebSocket', async () => {
    await enter();
    env.socket.close();
    await later(200);
    env.socket.open();
    expect(env.socket.all('join')).toMatchObject([{ media: true, connection: 'me' }]);
    env.socket.deliver(joined(true, {}, 'livekit'));
    expect(env.elsewhere).toHaveLength(1);
    expect(env.elsewhere[0]!.resumed).toBe(1);
  });

  it('asks again when LiveKit cannot be reached, and when no grant comes at all', async () => {
    await enter(false);
    env.socket.deliver({ t: 'media_lost' });
    await later(2500);
    expect(env.socket.all('media_restart')).toHaveLength(1);
    await later(15000);
    expect(env.socket.all('media_restart')).toHaveLength(2);
    expect(env.peers).toHaveLength(0);
  });

  it('asks for another grant when the media broke for good', async () => {
    await enter();
    env.elsewhere[0]!.given.hooks.broken('gone');
    await later(0);
    expect(env.elsewhere[0]!.alive).toBe(false);
    expect(env.socket.all('media_restart')).toHaveLength(1);
    env.socket.deliver(grant);
    await later(0);
    expect(env.elsewhere).toHaveLength(2);
    env.elsewhere[0]!.show(new Map([['ben', {}]])); // too late: it is the old one
    expect(engine.get().streams.size).toBe(0);
  });

  it('asks again when the code could not be loaded', async () => {
    env.unloadable = true;
    await enter();
    await later(0);
    expect(env.socket.all('media_restart')).toHaveLength(1);
  });

  it('switches off what the host muted, and leaves at once when removed', async () => {
    await enter();
    env.socket.deliver({ t: 'muted', kind: 'mic' });
    await later(0);
    expect(env.elsewhere[0]!.muted).toEqual(['mic']);
    expect(env.elsewhere[0]!.synced.at(-1)).toMatchObject({ mic: { muted: true } });
    env.socket.deliver({ t: 'over', reason: 'removed', message: 'You were removed' });
    expect(env.elsewhere[0]!.alive).toBe(false);
    expect(engine.get().over?.reason).toBe('removed');
  });

  it('does not come to life when the grant arrives after the end', async () => {
    await enter(false);
    env.socket.deliver(grant);
    env.socket.deliver({ t: 'over', reason: 'ended', message: 'It has ended' });
    await later(0);
    expect(env.elsewhere.every((one) => !one.alive)).toBe(true);
    expect(engine.get().media).toBe('off');
  });
});
