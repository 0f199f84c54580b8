/* The downward PeerConnection: what this page receives. Offers are answered one after the other; who is on which m-line
 * comes with each offer. Another ICE ufrag in an offer means another subscription at the server: a new PC.
 * (The session id of the `o=` line will not do: the media engine changes it with every offer.) */
import { CandidateQueue } from './candidates';
import type { CallEnv } from './env';
import type { InMessage, Kind, OutOf, Stream } from './messages';

export type RemoteMedia = Partial<Record<Kind, MediaStream>>;
export type RemoteStreams = ReadonlyMap<string, RemoteMedia>;
type Offer = OutOf<'sub_offer'>;

export interface DownwardHooks {
  send(message: InMessage): boolean;
  state(state: RTCPeerConnectionState): void;
  streams(streams: RemoteStreams): void;
  failed(why: unknown): void;
}

export class Downward {
  pc: RTCPeerConnection | null = null;
  private streams: Stream[] = [];
  private remote = new Map<string, RemoteMedia>();
  private work: Promise<void> = Promise.resolve();
  private closed = false;
  private ufrag = '';
  private applied = ''; // the offer in force
  private answered = ''; // the offer whose answer went out on this WebSocket
  private readonly candidates = new CandidateQueue();

  constructor(
    private readonly config: RTCConfiguration,
    private readonly env: CallEnv,
    private readonly hooks: DownwardHooks,
  ) {}

  offer(offer: Offer): void {
    this.queue(() => this.take(offer));
  }

  /* Queued like the offers: a candidate never overtakes the offer that it came after. */
  ice(candidate: unknown): void {
    this.queue(() => this.candidates.add(this.pc, candidate));
  }

  /** The WebSocket is back: what went out on the old one may not have arrived. */
  resume(): void {
    this.answered = '';
  }

  close(): void {
    this.closed = true;
    this.drop();
  }

  /** Loudness of each person's voice, 0 to 1. */
  levels(): Map<string, number> {
    const levels = new Map<string, number>();
    for (const { connection, transceiver } of this.live('mic')) {
      const [source] = transceiver.receiver.getSynchronizationSources();
      levels.set(connection, source?.audioLevel ?? 0);
    }
    return levels;
  }

  /** Who and what stands behind an m-line. */
  owner(mid: string): Stream | undefined {
    return this.streams.find((stream) => stream.mid === mid && stream.connection != null);
  }

  private queue(step: () => Promise<void>): void {
    this.work = this.work.then(async () => {
      if (this.closed) return;
      try {
        await step();
      } catch (error) {
        if (!this.closed) this.hooks.failed(error);
      }
    });
  }

  private async take(offer: Offer): Promise<void> {
    const pc = this.peerFor(offer.sdp);
    if (this.answered === offer.sdp) return;
    // An offer that comes again after the WebSocket was lost: only its answer was lost.
    const known = pc.signalingState === 'stable' && this.applied === offer.sdp;
    if (!known) {
      await pc.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
      await pc.setLocalDescription(await pc.createAnswer());
      this.applied = offer.sdp;
    }
    if (this.closed || pc !== this.pc) return;
    if (this.hooks.send({ t: 'sub_answer', sdp: pc.localDescription!.sdp })) this.answered = offer.sdp;
    await this.candidates.flush(pc);
    this.streams = offer.streams;
    this.publishStreams();
  }

  private peerFor(sdp: string): RTCPeerConnection {
    const ufrag = ufragOf(sdp);
    if (this.pc && (this.pc.signalingState === 'closed' || ufrag !== this.ufrag)) this.drop();
    this.ufrag = ufrag;
    this.pc ??= this.open();
    return this.pc;
  }

  private open(): RTCPeerConnection {
    const pc = this.env.openPeer(this.config);
    pc.onicecandidate = (event) =>
      this.hooks.send({ t: 'ice', pc: 'down', candidate: event.candidate?.toJSON() ?? null });
    pc.onconnectionstatechange = () => this.hooks.state(pc.connectionState);
    return pc;
  }

  private drop(): void {
    const pc = this.pc;
    if (!pc) return;
    this.pc = null;
    pc.onicecandidate = null;
    pc.onconnectionstatechange = null;
    pc.close();
    if (this.closed) this.candidates.clear();
    this.streams = [];
    this.publishStreams();
  }

  private *live(only?: Kind) {
    for (const transceiver of this.pc?.getTransceivers() ?? []) {
      const owner = transceiver.mid === null ? undefined : this.owner(transceiver.mid);
      if (!owner?.connection || !owner.kind || (only && owner.kind !== only)) continue;
      yield { connection: owner.connection, kind: owner.kind, transceiver };
    }
  }

  private publishStreams(): void {
    const before = this.remote;
    this.remote = new Map();
    for (const { connection, kind, transceiver } of this.live()) {
      const media = this.remote.get(connection) ?? {};
      media[kind] = streamOf(transceiver.receiver.track, before.get(connection)?.[kind]);
      this.remote.set(connection, media);
    }
    this.hooks.streams(this.remote);
  }
}

/** The same track keeps its MediaStream, so that no player starts anew without need. */
export function streamOf(track: MediaStreamTrack, before: MediaStream | undefined): MediaStream {
  return before?.getTracks()[0] === track ? before : new MediaStream([track]);
}

function ufragOf(sdp: string): string {
  return /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1] ?? '';
}
