/* Stand-ins for the browser, for the tests: a WebSocket whose other end is the test, and PeerConnections that negotiate
 * by the rules (who may set what in which signaling state) without any media. */
import type { RemoteStreams } from './downward';
import type { Elsewhere } from './elsewhere';
import type { CallEnv } from './env';
import type { CallMedia } from './media';
import type { InMessage, Kind, OutMessage, Person, Room } from './messages';
import { Store } from './store';
import type { Sources } from './upward';

export class FakeSocket {
  readyState = 0;
  sent: InMessage[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  deliver(message: OutMessage | string): void {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as InMessage);
  }

  close(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.();
  }

  all<T extends InMessage['t']>(t: T): Extract<InMessage, { t: T }>[] {
    return this.sent.filter((message): message is Extract<InMessage, { t: T }> => message.t === t);
  }
}

class FakeTransceiver {
  mid: string | null = null;
  direction: string;
  currentDirection: string | null = null;
  codecs: unknown[] = [];
  receiver = { track: {}, getSynchronizationSources: () => [] };
  sender;

  constructor(track: unknown, direction: string) {
    this.direction = direction;
    this.sender = {
      track,
      replaceTrack: async (next: unknown) => {
        this.sender.track = next;
      },
    };
  }

  setCodecPreferences(codecs: unknown[]): void {
    this.codecs = codecs;
  }
}

type Description = { type: string; sdp: string };

export class FakePeer {
  signalingState = 'stable';
  connectionState = 'new';
  localDescription: Description | null = null;
  remoteDescription: Description | null = null;
  transceivers: FakeTransceiver[] = [];
  candidates: unknown[] = [];
  onicecandidate: ((event: { candidate: { toJSON(): unknown } | null }) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  private offers = 0;

  addTransceiver(track: unknown, { direction }: { direction: string }): FakeTransceiver {
    const transceiver = new FakeTransceiver(track, direction);
    this.transceivers.push(transceiver);
    return transceiver;
  }

  getTransceivers(): FakeTransceiver[] {
    return this.transceivers;
  }

  async createOffer(): Promise<Description> {
    return { type: 'offer', sdp: `offer ${++this.offers}\n${this.transceivers.map((t) => `m=${t.direction}\n`).join('')}` };
  }

  async createAnswer(): Promise<Description> {
    return { type: 'answer', sdp: `answer to ${this.remoteDescription?.sdp}` };
  }

  async setLocalDescription(description: Description): Promise<void> {
    if (description.type === 'rollback') {
      this.signalingState = 'stable';
      return;
    }
    this.localDescription = description;
    this.signalingState = description.type === 'offer' ? 'have-local-offer' : 'stable';
    if (description.type === 'offer') this.transceivers.forEach((t, i) => (t.mid = String(i)));
  }

  async setRemoteDescription(description: Description): Promise<void> {
    const wanted = description.type === 'answer' ? 'have-local-offer' : 'stable';
    if (this.signalingState !== wanted) throw new Error(`${description.type} in ${this.signalingState}`);
    this.remoteDescription = description;
    this.signalingState = description.type === 'answer' ? 'stable' : 'have-remote-offer';
    if (description.type === 'answer') this.transceivers.forEach((t) => (t.currentDirection = t.direction));
  }

  async addIceCandidate(candidate: unknown): Promise<void> {
    if (!this.remoteDescription) throw new Error('too early');
    this.candidates.push(candidate);
  }

  async getStats(): Promise<Map<string, unknown>> {
    return new Map();
  }

  become(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  close(): void {
    this.signalingState = 'closed';
    this.connectionState = 'closed';
  }
}

/** LiveKit's end, as the engine meets it. */
export class FakeElsewhere implements CallMedia {
  alive = true;
  connected = true;
  wasConnected = true;
  synced: Sources[] = [];
  resumed = 0;
  muted: Kind[] = [];

  constructor(readonly given: Elsewhere) {}

  sync(sources: Sources): void {
    this.synced.push(sources);
  }

  resume(): void {
    this.resumed++;
  }

  mutedByHost(kind: Kind): void {
    this.muted.push(kind);
  }

  close(): void {
    this.alive = false;
  }

  show(streams: RemoteStreams): void {
    this.given.hooks.streams(streams);
  }

  levels = () => new Map<string, number>();
  ownLevel = async () => 0;
  line = async () => ({ received: 0, lost: 0, sentLoss: 0, rttMs: 0 });
  stats = async () => [];
}

export class FakeEnv implements CallEnv {
  elsewhere: FakeElsewhere[] = [];
  /** Set: LiveKit's code cannot be loaded. */
  unloadable = false;
  sockets: FakeSocket[] = [];
  peers: FakePeer[] = [];
  urls: string[] = [];

  openSocket(url: string): WebSocket {
    this.urls.push(url);
    this.sockets.push(new FakeSocket());
    return this.sockets.at(-1) as unknown as WebSocket;
  }

  openPeer(): RTCPeerConnection {
    this.peers.push(new FakePeer());
    return this.peers.at(-1) as unknown as RTCPeerConnection;
  }

  videoCodecs(): RTCRtpCodec[] {
    return ['video/VP8', 'video/rtx', 'video/H264'].map((mimeType) => ({ mimeType, clockRate: 90000 }));
  }

  async openElsewhere(elsewhere: Elsewhere): Promise<CallMedia> {
    if (this.unloadable) throw new Error('offline');
    this.elsewhere.push(new FakeElsewhere(elsewhere));
    return this.elsewhere.at(-1)!;
  }

  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }
}

const track = (name: string) => ({ name }) as unknown as MediaStreamTrack;

export class FakeLocal extends Store<{ sources: Sources }> {
  stopped = false;

  constructor() {
    const off = { track: null, muted: true };
    super({ sources: { mic: { track: track('mic'), muted: false }, camera: off, screen: off } });
  }

  sources = (): Sources => this.get().sources;

  private change(kind: keyof Sources, on: boolean, keeps: boolean): void {
    const now = this.get().sources[kind];
    const next = on ? (now.track ?? track(kind)) : keeps ? now.track : null;
    this.set({ sources: { ...this.get().sources, [kind]: { track: next, muted: !on } } });
  }

  async setMic(on: boolean): Promise<void> {
    this.change('mic', on, true);
  }

  async setCamera(on: boolean): Promise<void> {
    this.change('camera', on, false);
  }

  startShare(): void {
    this.change('screen', true, false);
  }

  stopShare(): void {
    this.change('screen', false, false);
  }

  stop(): void {
    this.stopped = true;
  }
}

export function person(connection: string, more: Partial<Person> = {}): Person {
  return {
    connection,
    participant_id: 1,
    name: connection,
    role: 'student',
    hand: false,
    screenshare: true,
    away: false,
    outside: false,
    quality: 'good',
    tracks: [],
    joined_at: '2030-01-01T10:00:00Z',
    ...more,
  };
}

export const room: Room = { session_id: 1, title: 'Algebra', status: 'active', locked: false, chat: true };

export function joined(media = false, more: Partial<Person> = {}, provider = 'janus'): OutMessage {
  const you = person('me', more);
  return { t: 'joined', connection: 'me', you, room, people: [you], chat: [], knocking: [], ice_servers: [], media, provider };
}
