/* The call as this page takes part in it: one WebSocket that comes and goes, media that outlives it, and the state that
 * React shows. No framework here. Every message may come doubled or late; none may do harm. */
import { announce, type Announcement, type Notice } from './announce';
import { browserEnv, type CallEnv } from './env';
import { connectionOf, withTracks, type AtLiveKit } from './elsewhere';
import type { LocalMedia } from './local-media';
import type { CallMedia, MediaHooks } from './media';
import type { InMessage, OutMessage, OutOf, Person, RecordAction } from './messages';
import type { InboundStats } from './quality';
import { Monitor } from './monitor';
import { SessionMedia } from './session-media';
import { CallSocket } from './socket';
import { initialState, reduce, you, type CallState } from './state';
import { Store } from './store';

/** How long roomd may take to say `media_ready` after `media_restart` before the page publishes unasked. */
const READY_TIMEOUT_MS = 3000;
/** How long `grant` may stay out, where LiveKit is asked for it first, before the page asks again. */
const GRANT_TIMEOUT_MS = 15000;
/** How long `media_ready` may stay out after `media_lost` before the page asks. */
const LOST_TIMEOUT_MS = 2500;
const MAX_RESTART_DELAY_MS = 8000;
const RETRY_JOIN_MS = 1000;
const PENDING_ICE = 200;

/** Errors that pass by themselves; any other answer to `join` is final. */
const PASSING = new Set(['media_unavailable', 'storage_unavailable', 'internal', 'too_many_requests', 'too_many_messages']);

export interface JoinOptions {
  token: string;
  consent: boolean;
}

type Local = Pick<LocalMedia, 'sources' | 'subscribe' | 'setMic' | 'setCamera' | 'stopShare' | 'stop' | 'get'>;

export class CallEngine extends Store<CallState> {
  private readonly socket: CallSocket;
  private readonly monitor: Monitor;
  private options: JoinOptions = { token: '', consent: false };
  private media: CallMedia | null = null;
  private own: SessionMedia | null = null; // the same, where roomd carries it
  private elsewhere = false;
  private turn = 0; // counts media started: what is loaded late is told from what is wanted now
  private iceServers: RTCIceServer[] = [];
  private pendingIce: InMessage[] = [];
  private greeted = false; // `joined` was seen on this WebSocket
  private startedBy: 'joined' | 'ready' = 'joined';
  private restarts = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopLocal: (() => void) | undefined;
  private readonly noticeListeners = new Set<(notice: Notice) => void>();
  private notices = 0;
  private readonly left = new Map<string, string>(); // connection → joined_at of the stay that ended

  constructor(
    url: string,
    readonly local: Local,
    private readonly env: CallEnv = browserEnv,
  ) {
    super(initialState);
    this.socket = new CallSocket(url, env, {
      opened: () => this.onOpened(),
      received: (message) => this.onMessage(message),
      lost: () => this.onLost(),
    });
    this.monitor = new Monitor(() => this.media, {
      voices: (speaking, activeSpeaker) => this.onVoices(speaking, activeSpeaker),
      quality: (quality) => this.onQuality(quality),
    });
  }

  // ---- what the page asks for

  join(options: JoinOptions): void {
    if (this.get().phase !== 'idle') return;
    this.options = options;
    this.set({ phase: 'connecting' });
    this.stopLocal = this.local.subscribe(() => this.syncMedia());
    this.socket.connect();
  }

  leave(): void {
    this.send({ t: 'leave' });
    this.finish('left', 'You left the session.');
  }

  giveConsent(given: boolean): void {
    this.set({ consentAsked: false });
    this.options = { ...this.options, consent: given };
    if (this.get().phase === 'in') this.send({ t: 'consent', given });
    if (!given) this.leave();
    else if (this.get().phase !== 'in') this.sayJoin();
  }

  setHand(raised: boolean): void {
    this.send({ t: 'hand', raised });
  }

  say(text: string): boolean {
    return this.send({ t: 'say', text });
  }

  mutePeer(person: Person, kind: 'mic' | 'camera' | 'screen'): void {
    this.send({ t: 'mute_peer', connection: person.connection, kind });
  }

  lowerHand(person: Person): void {
    this.send({ t: 'hand', raised: false, connection: person.connection });
  }

  remove(person: Person): void {
    this.send({ t: 'remove', participant_id: person.participant_id });
  }

  allowShare(person: Person, screenshare: boolean): void {
    this.send({ t: 'allow', participant_id: person.participant_id, screenshare });
  }

  admit(connection: string, admit: boolean): void {
    this.send({ t: 'admit', connection, admit });
  }

  lock(locked: boolean): void {
    this.send({ t: 'lock', locked });
  }

  record(action: RecordAction): void {
    this.send({ t: 'record', action });
  }

  end(): void {
    this.send({ t: 'end' });
  }

  /** The network changed, or the person does not want to wait for the next try. */
  reconnect(): void {
    if (this.get().phase !== 'idle') this.socket.reconnect();
  }

  async stats(): Promise<InboundStats[]> {
    return (await this.media?.stats()) ?? [];
  }

  onNotice(listener: (notice: Notice) => void): () => void {
    this.noticeListeners.add(listener);
    return () => this.noticeListeners.delete(listener);
  }

  // ---- the WebSocket

  private onOpened(): void {
    this.greeted = false;
    this.sayJoin();
  }

  private sayJoin(): void {
    const { token, consent } = this.options;
    const { connection } = this.get();
    const media = this.media?.alive ?? false;
    this.send({ t: 'join', token, consent, media, ...(connection ? { connection } : {}) });
  }

  private onLost(): void {
    this.greeted = false;
    this.set({ link: 'down' });
  }

  private send(message: InMessage): boolean {
    if (this.socket.send(message)) return true;
    if (message.t === 'ice' && this.pendingIce.length < PENDING_ICE) this.pendingIce.push(message);
    return false;
  }

  private onMessage(message: OutMessage): void {
    if (this.get().phase === 'over' || this.isStale(message)) return;
    const announcement = announce(this.get(), message);
    this.set(reduce(this.get(), message));
    this.handle(message);
    if (announcement) this.notify(announcement);
  }

  /** A `peer` that comes after its `peer_left` must not bring a ghost back. */
  private isStale(message: OutMessage): boolean {
    if (message.t === 'peer') {
      const ended = this.left.get(message.person.connection);
      return ended !== undefined && message.person.joined_at <= ended;
    }
    if (message.t === 'peer_left') {
      const gone = this.get().people.find((person) => person.connection === message.connection);
      if (gone) this.left.set(gone.connection, gone.joined_at);
    }
    return false;
  }

  private handle(message: OutMessage): void {
    switch (message.t) {
      case 'joined':
        return this.onJoined(message);
      case 'waiting':
        return this.set({ link: 'up' });
      case 'consent_needed':
        return this.onConsentNeeded(message);
      case 'grant':
        return void this.onGrant(message);
      case 'answer':
        return void this.own?.up?.answer(message.sdp);
      case 'sub_offer':
        return this.own?.offer(message);
      case 'ice':
        return this.own?.ice(message.pc, message.candidate);
      case 'muted':
        return this.onMuted(message);
      case 'stop_share':
        return this.local.stopShare();
      case 'app_message':
        return void window.dispatchEvent(new CustomEvent('app-message', { detail: message.data }));
      case 'peer':
        return this.syncMedia();
      case 'media_lost':
        return this.onMediaLost();
      case 'media_ready':
        return this.onMediaReady();
      case 'moved':
        return this.socket.move(message.url);
      case 'over':
        return this.finish(message.reason, message.message);
      case 'error':
        return this.onError(message);
    }
  }

  private onJoined(message: OutOf<'joined'>): void {
    this.iceServers = message.ice_servers;
    this.elsewhere = message.provider !== 'janus';
    this.left.clear();
    if (this.greeted) return;
    this.greeted = true;
    this.monitor.start();
    if (message.media && this.media?.alive) this.resumeMedia();
    else if (this.elsewhere) this.awaitGrant();
    else this.startMedia('joined');
  }

  private onConsentNeeded(message: OutOf<'consent_needed'>): void {
    if (this.options.consent && this.get().phase === 'in') this.send({ t: 'consent', given: true });
    else this.set({ consentAsked: true, consentWording: message.wording, title: message.title, link: 'up' });
  }

  private onMuted({ kind }: OutOf<'muted'>): void {
    this.media?.mutedByHost(kind);
    if (kind === 'mic') void this.local.setMic(false, false);
    else if (kind === 'camera') void this.local.setCamera(false, false);
    else this.local.stopShare();
  }

  private onError({ code, message, about }: OutOf<'error'>): void {
    if (about === 'join' && this.get().phase !== 'in') {
      if (!PASSING.has(code)) this.finish('refused', message);
      else this.later(RETRY_JOIN_MS, () => this.sayJoin());
    }
    if (about !== 'publish') return;
    if (code === 'media_unavailable') return this.onMediaLost();
    void this.own?.up?.refused();
    this.local.stopShare(); // the one thing that may be forbidden while the rest goes on
  }

  // ---- media

  /** `media_ready` follows; should it get lost on the way, nobody is left without picture and sound for good. */
  private onMediaLost(): void {
    this.stopMedia();
    this.later(LOST_TIMEOUT_MS, () => this.askForMedia());
  }

  private askForMedia(): void {
    if (!this.send({ t: 'media_restart' })) return; // settled by the next `joined`
    if (this.elsewhere) this.later(GRANT_TIMEOUT_MS, () => this.askForMedia());
    else this.later(READY_TIMEOUT_MS, () => this.startMedia('ready'));
  }

  /** LiveKit carries the media: `grant` follows `joined`, or `media_lost` while LiveKit cannot be reached. */
  private awaitGrant(): void {
    this.stopMedia();
    this.later(GRANT_TIMEOUT_MS, () => this.askForMedia());
  }

  private async onGrant(grant: OutOf<'grant'>): Promise<void> {
    this.stopMedia();
    const turn = this.turn;
    const current = () => turn === this.turn && this.get().phase === 'in';
    const people = { connectionOf: (who: AtLiveKit) => connectionOf(this.get().people, who) };
    try {
      const media = await this.env.openElsewhere({ grant, hooks: this.hooks(current), ...people });
      if (!current()) return media.close();
      this.media = media;
      this.set({ media: 'live' });
      this.syncMedia();
    } catch (error) {
      this.hooks(current).broken(error);
    }
  }

  private hooks(current: () => boolean): MediaHooks {
    return {
      send: (message) => this.send(message),
      streams: (streams) => current() && this.set({ streams, people: withTracks(this.get().people, streams) }),
      broken: () => current() && this.restartMedia(),
    };
  }

  private onMediaReady(): void {
    // Doubled, or late: what runs is what `media_ready` asks for.
    if (this.get().media === 'live' && (this.startedBy === 'ready' || this.media?.connected)) return;
    this.startMedia('ready');
  }

  private startMedia(by: 'joined' | 'ready'): void {
    this.stopMedia();
    this.startedBy = by;
    const turn = this.turn;
    this.own = new SessionMedia({ iceServers: this.iceServers }, this.env, this.hooks(() => turn === this.turn));
    this.media = this.own;
    this.set({ media: 'live' });
    this.syncMedia();
  }

  private stopMedia(): void {
    clearTimeout(this.timer);
    this.media?.close();
    this.media = this.own = null;
    this.turn++;
    this.pendingIce = [];
    this.set({ media: 'lost', streams: new Map() });
  }

  private resumeMedia(): void {
    for (const message of this.pendingIce.splice(0)) this.send(message);
    this.media?.resume();
    this.syncMedia();
  }

  /** Media broke although roomd is there: start anew; slower each time it does not help. */
  private restartMedia(): void {
    if (this.get().link === 'down') return; // settled by the next `joined`
    if (this.media?.wasConnected) this.restarts = 0;
    this.stopMedia();
    const delay = this.restarts++ === 0 ? 0 : Math.min(500 * 2 ** this.restarts, MAX_RESTART_DELAY_MS);
    this.later(delay, () => this.askForMedia());
  }

  private syncMedia(): void {
    const state = this.get();
    const me = you(state);
    if (!this.media || !me || me.role === 'viewer') return;
    const sources = this.local.sources();
    if (!me.screenshare) sources.screen = { track: null, muted: true };
    this.media.sync(sources);
  }

  private onVoices(speaking: Set<string>, loudest: string | null): void {
    const { connection, activeSpeaker } = this.get();
    const me = connection ?? '';
    const named = new Set([...speaking].map((one) => (one === '' ? me : one)));
    this.set({ speaking: named, activeSpeaker: loudest || activeSpeaker });
  }

  private onQuality(quality: CallState['quality']): void {
    this.set({ quality });
    this.send({ t: 'report', quality });
  }

  // ---- the rest

  private later(ms: number, run: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.get().phase !== 'over' && run(), ms);
  }

  private notify(announcement: Announcement): void {
    const notice = { ...announcement, id: ++this.notices };
    for (const listener of this.noticeListeners) listener(notice);
  }

  private finish(reason: string, message: string): void {
    if (this.get().phase === 'over') return;
    this.stopLocal?.();
    this.monitor.stop();
    this.socket.close();
    this.stopMedia();
    this.local.stop();
    this.set({ phase: 'over', media: 'off', over: { reason, message }, consentAsked: false, speaking: new Set() });
  }
}

