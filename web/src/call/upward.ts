/* The upward PeerConnection: what this page sends. `sync` says what should be sent; the rest follows: transceivers are
 * made when first needed, tracks are exchanged without renegotiation, and one offer at a time is outstanding. */
import { CandidateQueue } from './candidates';
import type { CallEnv } from './env';
import type { InMessage, Kind } from './messages';

export const KINDS: readonly Kind[] = ['mic', 'camera', 'screen'];

export interface Source {
  track: MediaStreamTrack | null;
  muted: boolean;
}
export type Sources = Record<Kind, Source>;

export interface UpwardHooks {
  send(message: InMessage): boolean;
  state(state: RTCPeerConnectionState): void;
  failed(why: unknown): void;
}

export class Upward {
  readonly pc: RTCPeerConnection;
  private readonly transceivers = new Map<Kind, RTCRtpTransceiver>();
  private readonly candidates = new CandidateQueue();
  private readonly told = new Map<Kind, boolean>();
  private sources: Sources;
  private dirty = false;
  private busy = false;
  private lastAnswer = '';

  constructor(
    config: RTCConfiguration,
    private readonly env: CallEnv,
    private readonly hooks: UpwardHooks,
    sources: Sources,
  ) {
    this.sources = sources;
    this.pc = env.openPeer(config);
    this.pc.onicecandidate = (event) =>
      hooks.send({ t: 'ice', pc: 'up', candidate: event.candidate?.toJSON() ?? null });
    this.pc.onconnectionstatechange = () => hooks.state(this.pc.connectionState);
  }

  sync(sources: Sources): void {
    this.sources = sources;
    for (const kind of KINDS) this.syncKind(kind, sources[kind]);
    this.tellMutes();
    void this.negotiate();
  }

  async answer(sdp: string): Promise<void> {
    if (this.pc.signalingState !== 'have-local-offer' || !this.fits(sdp)) return;
    this.lastAnswer = sdp;
    try {
      await this.pc.setRemoteDescription({ type: 'answer', sdp });
      await this.candidates.flush(this.pc);
    } catch (error) {
      this.hooks.failed(error);
      return;
    }
    this.tellMutes();
    await this.negotiate();
  }

  /** The server did not take the offer: back to what was agreed before. */
  async refused(): Promise<void> {
    if (this.pc.signalingState !== 'have-local-offer') return;
    await this.pc.setLocalDescription({ type: 'rollback' });
    await this.negotiate();
  }

  ice(candidate: unknown): Promise<void> {
    return this.candidates.add(this.pc, candidate);
  }

  /** The WebSocket is back: what may have been lost on the old one is said again. */
  resume(): void {
    this.told.clear();
    this.lastAnswer = '';
    if (this.pc.signalingState === 'have-local-offer') this.publish();
    this.tellMutes();
    void this.negotiate();
  }

  /** The server switched a track off; that need not be told back. */
  mutedByHost(kind: Kind): void {
    this.told.set(kind, true);
  }

  close(): void {
    this.pc.onicecandidate = null;
    this.pc.onconnectionstatechange = null;
    this.pc.close();
  }

  /** Answers carry no number: a doubled or outdated one is told by its text or by its m-lines. */
  private fits(sdp: string): boolean {
    return sdp !== this.lastAnswer && countMedia(sdp) === countMedia(this.pc.localDescription?.sdp ?? '');
  }

  private syncKind(kind: Kind, source: Source): void {
    const transceiver = this.transceivers.get(kind);
    if (!transceiver) {
      if (source.track) this.add(kind, source.track);
      return;
    }
    if (transceiver.sender.track !== source.track) void transceiver.sender.replaceTrack(source.track);
    // A camera that is off keeps its m-line; a share that ended gives it up.
    const direction = source.track || kind !== 'screen' ? 'sendonly' : 'inactive';
    if (transceiver.direction === direction) return;
    transceiver.direction = direction;
    this.dirty = true;
  }

  private add(kind: Kind, track: MediaStreamTrack): void {
    const transceiver = this.pc.addTransceiver(track, { direction: 'sendonly' });
    if (kind !== 'mic') preferVp8(transceiver, this.env.videoCodecs());
    this.transceivers.set(kind, transceiver);
    this.dirty = true;
  }

  private async negotiate(): Promise<void> {
    if (!this.dirty || this.busy || this.pc.signalingState !== 'stable') return;
    this.busy = true;
    this.dirty = false;
    try {
      await this.pc.setLocalDescription(await this.pc.createOffer());
      this.publish();
    } catch (error) {
      this.hooks.failed(error);
    } finally {
      this.busy = false;
    }
  }

  private publish(): void {
    const sdp = this.pc.localDescription?.sdp;
    if (!sdp) return;
    const tracks = [...this.transceivers]
      .filter(([, transceiver]) => transceiver.direction === 'sendonly' && transceiver.mid !== null)
      .map(([kind, transceiver]) => ({ mid: transceiver.mid!, kind, muted: this.sources[kind].muted }));
    if (!this.hooks.send({ t: 'publish', sdp, tracks })) return;
    for (const { kind, muted } of tracks) this.told.set(kind, muted);
  }

  private tellMutes(): void {
    for (const [kind, transceiver] of this.transceivers) {
      const { muted } = this.sources[kind];
      if (transceiver.currentDirection !== 'sendonly' || this.told.get(kind) === muted) continue;
      if (kind !== 'screen' && this.hooks.send({ t: 'mute', kind, muted })) this.told.set(kind, muted);
    }
  }
}

/** VP8 is what the room forwards; the shorter list also keeps the offer small. */
function preferVp8(transceiver: RTCRtpTransceiver, codecs: RTCRtpCodec[]): void {
  const wanted = codecs.filter((codec) => /^video\/(vp8|rtx)$/i.test(codec.mimeType));
  if (wanted.some((codec) => /vp8/i.test(codec.mimeType))) transceiver.setCodecPreferences(wanted);
}

const countMedia = (sdp: string): number => sdp.match(/^m=/gm)?.length ?? 0;
