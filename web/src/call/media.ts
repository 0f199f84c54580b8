/* The media of a stay as the engine sees it, whoever carries it: roomd's own engine (session-media) or LiveKit (livekit-media). */
import type { RemoteStreams } from './downward';
import type { InMessage, Kind } from './messages';
import type { InboundStats, LineSample } from './quality';
import type { Sources } from './upward';

export interface MediaHooks {
  send(message: InMessage): boolean;
  streams(streams: RemoteStreams): void;
  /** The media does not come back by itself. */
  broken(why: unknown): void;
}

export interface CallMedia {
  /** True while what was agreed still carries, or may. */
  readonly alive: boolean;
  readonly connected: boolean;
  /** It worked once: a fault now is another fault. */
  readonly wasConnected: boolean;
  /** What should be sent, and who is in the room now; the rest follows. */
  sync(sources: Sources): void;
  /** The WebSocket is back: what may have been lost on the old one is said again. */
  resume(): void;
  /** The host switched a track off; that need not be told back. */
  mutedByHost(kind: Kind): void;
  close(): void;
  /** Loudness of each person's voice, 0 to 1, by connection. */
  levels(): Map<string, number>;
  ownLevel(): Promise<number>;
  line(): Promise<LineSample>;
  stats(): Promise<InboundStats[]>;
}
