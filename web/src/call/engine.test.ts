import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallEngine } from './engine';
import { FakeEnv, FakeLocal, joined, person, room } from './fakes';

let env: FakeEnv;
let local: FakeLocal;
let engine: CallEngine;

/** Lets every promise that can settle, settle. */
const settle = () => vi.advanceTimersByTimeAsync(0);
const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const answerTo = (n: number) => env.peers[0]!.localDescription!.sdp.replace('offer', `answer ${n} to`);

async function enter(media = false): Promise<void> {
  engine.join({ token: 'tok', consent: false });
  env.socket.open();
  env.socket.deliver(joined(media));
  await settle();
}

async function enterAndAgree(): Promise<void> {
  await enter();
  env.socket.deliver({ t: 'answer', sdp: answerTo(1) });
  await settle();
  env.peers[0]!.become('connected');
}

async function reconnect(media: boolean): Promise<void> {
  env.socket.close();
  await later(200);
  env.socket.open();
  env.socket.deliver(joined(media));
  await settle();
}

const offer = (ufrag: string, n = 1) => ({
  t: 'sub_offer' as const,
  sdp: `v=0 ${n}\na=ice-ufrag:${ufrag}\n`,
  streams: [],
});

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

describe('joining', () => {
  it('sends the token first and publishes once it is in', async () => {
    await enter();
    expect(env.socket.sent[0]).toEqual({ t: 'join', token: 'tok', consent: false, media: false });
    expect(env.socket.all('publish')).toMatchObject([{ tracks: [{ mid: '0', kind: 'mic', muted: false }] }]);
    expect(engine.get().phase).toBe('in');
  });

  it('asks for consent and joins again with it', () => {
    engine.join({ token: 'tok', consent: false });
    env.socket.open();
    env.socket.deliver({ t: 'consent_needed', title: 'Algebra', wording: 'I agree' });
    expect(engine.get()).toMatchObject({ consentAsked: true, consentWording: 'I agree' });
    engine.giveConsent(true);
    expect(env.socket.all('join').at(-1)).toMatchObject({ consent: true });
  });

  it('waits to be admitted and keeps its place over a loss', async () => {
    engine.join({ token: 'tok', consent: false });
    env.socket.open();
    env.socket.deliver({ t: 'waiting', connection: 'k1', title: 'Algebra' });
    expect(engine.get().phase).toBe('waiting');
    env.socket.close();
    await later(200);
    env.socket.open();
    expect(env.socket.all('join')).toMatchObject([{ connection: 'k1' }]);
  });

  it('follows the call to another node, and asks at home when that is lost', async () => {
    await enterAndAgree();
    env.socket.deliver({ t: 'moved', url: 'wss://b.example/api/v1/call' });
    expect(env.urls).toEqual(['ws://test', 'wss://b.example/api/v1/call']);
    env.socket.open();
    expect(env.socket.sent[0]).toMatchObject({ t: 'join', token: 'tok' });
    env.socket.deliver(joined(false));
    expect(engine.get().phase).toBe('in');
    env.socket.close();
    await later(200);
    expect(env.urls.at(-1)).toBe('ws://test');
  });

  it('ends when the join is refused, and tries again when the engine is only starting', async () => {
    engine.join({ token: 'tok', consent: false });
    env.socket.open();
    env.socket.deliver({ t: 'error', code: 'media_unavailable', message: 'not ready', about: 'join' });
    await later(1000);
    expect(env.socket.all('join')).toHaveLength(2);
    env.socket.deliver({ t: 'error', code: 'session_full', message: 'Session is full', about: 'join' });
    expect(engine.get().over).toEqual({ reason: 'refused', message: 'Session is full' });
  });

  it('does not publish as a viewer', async () => {
    engine.join({ token: 'tok', consent: false });
    env.socket.open();
    env.socket.deliver(joined(false, { role: 'viewer' }));
    await settle();
    expect(env.peers).toHaveLength(0);
  });
});

describe('doubled and late messages', () => {
  it('starts media once for a doubled joined', async () => {
    await enter();
    env.socket.deliver(joined(false));
    await settle();
    expect(env.peers).toHaveLength(1);
    expect(env.socket.all('publish')).toHaveLength(1);
  });

  it('takes an answer once, and none that fits no offer', async () => {
    await enter();
    const peer = env.peers[0]!;
    env.socket.deliver({ t: 'answer', sdp: 'm=\nm=\nm=\n' });
    await settle();
    expect(peer.signalingState).toBe('have-local-offer');
    const sdp = answerTo(1);
    env.socket.deliver({ t: 'answer', sdp });
    env.socket.deliver({ t: 'answer', sdp });
    await settle();
    expect(peer.signalingState).toBe('stable');
    expect(env.peers).toHaveLength(1);
  });

  it('keeps candidates until the description is there, and forgives doubled ones', async () => {
    await enter();
    env.socket.deliver({ t: 'ice', pc: 'up', candidate: { candidate: 'a' } });
    env.socket.deliver({ t: 'ice', pc: 'down', candidate: { candidate: 'b' } });
    env.socket.deliver({ t: 'answer', sdp: answerTo(1) });
    env.socket.deliver(offer('one'));
    env.socket.deliver({ t: 'ice', pc: 'down', candidate: { candidate: 'b' } });
    env.socket.deliver({ t: 'ice', pc: 'down', candidate: null });
    await settle();
    expect(env.peers[0]!.candidates).toEqual([{ candidate: 'a' }]);
    expect(env.peers[1]!.candidates).toEqual([{ candidate: 'b' }, { candidate: 'b' }, undefined]);
  });

  it('answers a doubled offer once, and again after the WebSocket was lost', async () => {
    await enterAndAgree();
    env.socket.deliver(offer('one'));
    env.socket.deliver(offer('one'));
    await settle();
    expect(env.socket.all('sub_answer')).toHaveLength(1);
    await reconnect(true);
    env.socket.deliver(offer('one'));
    await settle();
    expect(env.socket.all('sub_answer')).toHaveLength(1);
    expect(env.peers).toHaveLength(2);
  });

  it('does not bring back a person by a late peer', async () => {
    await enter();
    env.socket.deliver({ t: 'peer', person: person('bob') });
    env.socket.deliver({ t: 'peer_left', connection: 'bob', reason: 'left' });
    env.socket.deliver({ t: 'peer_left', connection: 'bob', reason: 'left' });
    env.socket.deliver({ t: 'peer', person: person('bob', { hand: true }) });
    expect(engine.get().people.map((one) => one.connection)).toEqual(['me']);
    env.socket.deliver({ t: 'peer', person: person('bob', { joined_at: '2030-01-01T10:05:00Z' }) });
    expect(engine.get().people).toHaveLength(2);
  });

  it('shows a doubled chat line once and keeps the order', async () => {
    await enter();
    const line = (id: number) => ({ id, participant_id: 2, name: 'Bob', text: `${id}`, at: '2030-01-01T10:00:02Z' });
    for (const id of [2, 1, 2]) env.socket.deliver({ t: 'chat', line: line(id) });
    expect(engine.get().chat.map(({ id }) => id)).toEqual([1, 2]);
  });

  it('hands what the app sends to the page', async () => {
    const seen: unknown[] = [];
    vi.stubGlobal('window', { dispatchEvent: (event: CustomEvent) => seen.push([event.type, event.detail]) });
    vi.stubGlobal('CustomEvent', function (this: object, type: string, init: object) {
      Object.assign(this, { type, ...init });
    });
    await enter();
    env.socket.deliver({ t: 'app_message', data: { hello: 'world' } });
    vi.unstubAllGlobals();
    expect(seen).toEqual([['app-message', { hello: 'world' }]]);
  });

  it('survives what is no message', async () => {
    await enter();
    for (const text of ['', 'null', '[]', '{"t":7}', '{"t":"unheard-of"}']) env.socket.deliver(text);
    expect(engine.get().phase).toBe('in');
  });
});

describe('losing the WebSocket', () => {
  it('comes back with its connection and leaves the media alone', async () => {
    await enterAndAgree();
    await reconnect(true);
    expect(env.socket.all('join')).toMatchObject([{ connection: 'me', media: true }]);
    expect(env.peers).toHaveLength(1);
    expect(env.peers[0]!.connectionState).toBe('connected');
    expect(engine.get().link).toBe('up');
  });

  it('tells what was switched while it was away', async () => {
    await enterAndAgree();
    env.socket.close();
    await local.setMic(false);
    await later(200);
    env.socket.open();
    env.socket.deliver(joined(true));
    await settle();
    expect(env.socket.all('mute')).toContainEqual({ t: 'mute', kind: 'mic', muted: true });
  });

  it('starts media anew when the server has lost it', async () => {
    await enterAndAgree();
    await reconnect(false);
    expect(env.peers).toHaveLength(2);
    expect(env.peers[0]!.connectionState).toBe('closed');
    expect(env.socket.all('publish')).toHaveLength(1);
  });

  it('repeats an offer whose answer was lost', async () => {
    await enter();
    env.peers[0]!.become('connected');
    await reconnect(true);
    expect(env.socket.all('publish')).toHaveLength(1);
    expect(env.peers).toHaveLength(1);
  });

  it('keeps trying, soon at first and never slower than a second in a short outage', async () => {
    await enter();
    env.socket.close();
    for (let i = 0; i < 8; i++) {
      await later(1000);
      expect(env.sockets.length).toBeGreaterThan(i + 1);
      env.socket.close();
    }
  });
});

describe('losing the media', () => {
  it('closes both PeerConnections and publishes anew once the engine is back', async () => {
    await enterAndAgree();
    env.socket.deliver(offer('one'));
    await settle();
    env.socket.deliver({ t: 'media_lost' });
    env.socket.deliver({ t: 'media_lost' });
    expect(env.peers.map((peer) => peer.connectionState)).toEqual(['closed', 'closed']);
    env.socket.deliver(offer('one', 2)); // late: belongs to the engine that died
    await settle();
    expect(env.peers).toHaveLength(2);
    env.socket.deliver({ t: 'media_ready' });
    env.socket.deliver({ t: 'media_ready' });
    await settle();
    expect(env.peers).toHaveLength(3);
    expect(env.socket.all('publish')).toHaveLength(2);
  });

  it('asks when the engine is not said to be back, and publishes unasked in the end', async () => {
    await enterAndAgree();
    env.socket.deliver({ t: 'media_lost' });
    await later(2500);
    expect(env.socket.all('media_restart')).toHaveLength(1);
    await later(3000);
    expect(env.socket.all('publish')).toHaveLength(2);
    env.socket.deliver({ t: 'error', code: 'media_unavailable', message: 'not yet', about: 'publish' });
    env.socket.deliver({ t: 'media_ready' });
    await settle();
    expect(env.socket.all('publish')).toHaveLength(3);
  });

  it('asks for a restart when a connection fails', async () => {
    await enterAndAgree();
    env.peers[0]!.become('failed');
    await settle();
    expect(env.socket.all('media_restart')).toHaveLength(1);
    env.socket.deliver({ t: 'media_ready' });
    await settle();
    expect(env.socket.all('publish')).toHaveLength(2);
  });

  it('gives a disconnected connection five seconds', async () => {
    await enterAndAgree();
    env.peers[0]!.become('disconnected');
    await later(4900);
    env.peers[0]!.become('connected');
    await later(4900);
    expect(env.socket.all('media_restart')).toHaveLength(0);
    env.peers[0]!.become('disconnected');
    await later(5001);
    expect(env.socket.all('media_restart')).toHaveLength(1);
  });

  it('does not restart while the WebSocket is away', async () => {
    await enterAndAgree();
    const before = env.socket;
    before.close();
    env.peers[0]!.become('failed');
    await later(200);
    env.socket.open();
    expect(env.socket.sent).toMatchObject([{ t: 'join', media: false }]);
  });

  it('opens another connection for an offer of another subscription', async () => {
    await enterAndAgree();
    env.socket.deliver(offer('one'));
    await settle();
    env.socket.deliver(offer('two'));
    await settle();
    expect(env.peers).toHaveLength(3);
    expect(env.peers[1]!.connectionState).toBe('closed');
  });
});

describe('own tracks', () => {
  it('adds the camera later by renegotiation, one offer at a time', async () => {
    await enter();
    await local.setCamera(true);
    await settle();
    expect(env.socket.all('publish')).toHaveLength(1); // the first is not answered yet
    env.socket.deliver({ t: 'answer', sdp: answerTo(1) });
    await settle();
    const tracks = env.socket.all('publish')[1]!.tracks;
    expect(tracks.map(({ kind }) => kind)).toEqual(['mic', 'camera']);
    expect(env.peers[0]!.transceivers[1]!.codecs).toHaveLength(2);
  });

  it('takes the share back with an inactive m-line and uses it again', async () => {
    await enterAndAgree();
    for (const [n, start] of [true, false, true].entries()) {
      if (start) local.startShare();
      else local.stopShare();
      await settle();
      expect(env.socket.all('publish').at(-1)!.tracks.map(({ kind }) => kind)).toEqual(start ? ['mic', 'screen'] : ['mic']);
      env.socket.deliver({ t: 'answer', sdp: answerTo(n + 2) });
      await settle();
    }
    expect(env.peers[0]!.transceivers).toHaveLength(2);
  });

  it('switches off what the host muted, without telling it back', async () => {
    await enterAndAgree();
    env.socket.deliver({ t: 'muted', kind: 'mic' });
    await settle();
    expect(local.sources().mic.muted).toBe(true);
    expect(env.socket.all('mute')).toHaveLength(0);
    await local.setMic(true);
    expect(env.socket.all('mute')).toEqual([{ t: 'mute', kind: 'mic', muted: false }]);
  });

  it('goes on after a refused share', async () => {
    await enterAndAgree();
    local.startShare();
    await settle();
    env.socket.deliver({ t: 'error', code: 'not_allowed', message: 'no', about: 'publish' });
    await settle();
    expect(local.sources().screen.track).toBeNull();
    expect(env.socket.all('publish').at(-1)!.tracks.map(({ kind }) => kind)).toEqual(['mic']);
    expect(engine.get().phase).toBe('in');
  });
});

describe('the end', () => {
  it.each(['removed', 'ended', 'denied', 'replaced'])('stays away when it is %s', async (reason) => {
    await enterAndAgree();
    const { socket } = env;
    socket.deliver({ t: 'over', reason, message: 'so it is' });
    await later(10_000);
    expect(engine.get().over).toEqual({ reason, message: 'so it is' });
    expect(env.sockets).toHaveLength(1);
    expect(env.peers[0]!.connectionState).toBe('closed');
    expect(local.stopped).toBe(true);
  });

  it('tells the server when one leaves', async () => {
    await enter();
    const { socket } = env;
    engine.leave();
    expect(socket.sent.at(-1)).toEqual({ t: 'leave' });
  });

  it('says what changed in the room', async () => {
    const said: string[] = [];
    engine.onNotice(({ text }) => said.push(text));
    await enter();
    env.socket.deliver({ t: 'room', room: { ...room, recording: 'recording' } });
    env.socket.deliver({ t: 'room', room: { ...room, recording: 'paused', locked: true } });
    expect(said).toEqual(['This call is being recorded', 'The recording is paused']);
  });
});
