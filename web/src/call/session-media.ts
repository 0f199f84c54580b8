/* Both PeerConnections of a stay, as one thing: start, stop, and when they must be started anew.
 * They live apart from the WebSocket: while roomd is away the media flows on. */
import { Downward } from './downward';
import type { CallEnv } from './env';
import type { CallMedia, MediaHooks } from './media';
import type { Kind, OutOf } from './messages';
import { inboundStats, ownLevel, sampleLine, type InboundStats, type LineSample } from './quality';
import { Upward, type Sources } from './upward';

const DISCONNECTED_MS = 5000;

type Pc = 'up' | 'down';

export class SessionMedia implements CallMedia {
  up: Upward | null = null;
  readonly down: Downward;
  private readonly states: Record<Pc, RTCPeerConnectionState> = { up: 'new', down: 'new' };
  private readonly timers: Partial<Record<Pc, ReturnType<typeof setTimeout>>> = {};
  wasConnected = false;
  private closed = false;

  constructor(
    private readonly config: RTCConfiguration,
    private readonly env: CallEnv,
    private readonly hooks: MediaHooks,
  ) {
    this.down = new Downward(config, env, {
      send: hooks.send,
      streams: hooks.streams,
      state: (state) => this.onState('down', state),
      failed: (why) => this.broke(why),
    });
  }

  get alive(): boolean {
    if (this.closed || (!this.up && !this.down.pc)) return false;
    return this.states.up !== 'failed' && this.states.down !== 'failed';
  }

  get connected(): boolean {
    return this.states.up === 'connected' || this.states.down === 'connected';
  }

  sync(sources: Sources): void {
    const sends = Object.values(sources).some((source) => source.track);
    if (!this.up && sends) this.up = this.openUp(sources);
    this.up?.sync(sources);
  }

  offer(offer: OutOf<'sub_offer'>): void {
    this.down.offer(offer);
  }

  ice(pc: Pc, candidate: unknown): void {
    if (pc === 'down') this.down.ice(candidate);
    else void this.up?.ice(candidate);
  }

  resume(): void {
    this.up?.resume();
    this.down.resume();
  }

  mutedByHost(kind: Kind): void {
    this.up?.mutedByHost(kind);
  }

  levels(): Map<string, number> {
    return this.down.levels();
  }

  ownLevel(): Promise<number> {
    return ownLevel(this.up?.pc ?? null);
  }

  line(): Promise<LineSample> {
    return sampleLine([this.up?.pc, this.down.pc]);
  }

  stats(): Promise<InboundStats[]> {
    return inboundStats(this.down);
  }

  close(): void {
    this.closed = true;
    for (const timer of Object.values(this.timers)) clearTimeout(timer);
    this.up?.close();
    this.down.close();
  }

  private openUp(sources: Sources): Upward {
    return new Upward(
      this.config,
      this.env,
      {
        send: this.hooks.send,
        state: (state) => this.onState('up', state),
        failed: (why) => this.broke(why),
      },
      sources,
    );
  }

  private onState(pc: Pc, state: RTCPeerConnectionState): void {
    this.states[pc] = state;
    clearTimeout(this.timers[pc]);
    if (state === 'connected') this.wasConnected = true;
    if (state === 'failed') this.broke(`the ${pc}ward connection failed`);
    if (state === 'disconnected')
      this.timers[pc] = setTimeout(() => this.broke(`the ${pc}ward connection was lost`), DISCONNECTED_MS);
  }

  private broke(why: unknown): void {
    if (!this.closed) this.hooks.broken(why);
  }
}
