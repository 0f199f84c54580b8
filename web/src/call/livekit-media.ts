/* Media over LiveKit. roomd's WebSocket says who is here and what may be done; LiveKit carries sound and pictures, and comes back
 * by itself from most faults. Loaded only by who is in such a call. */
import {
  LocalTrackPublication,
  RemoteTrack,
  Room,
  RoomEvent,
  Track,
  type RemoteParticipant,
  type TrackPublishOptions,
} from 'livekit-client';
import type { RemoteMedia } from './downward';
import { streamOf } from './downward';
import type { Elsewhere } from './elsewhere';
import type { CallMedia } from './media';
import type { InMessage, Kind } from './messages';
import { ownLevel, receiverStats, sampleLine, type InboundStats, type LineSample } from './quality';
import { KINDS, type Source, type Sources } from './upward';

const SOURCES: Record<Kind, Track.Source> = {
  mic: Track.Source.Microphone,
  camera: Track.Source.Camera,
  screen: Track.Source.ScreenShare,
};
const KIND_OF = new Map(KINDS.map((kind) => [SOURCES[kind], kind]));

type Told = Extract<InMessage, { t: 'tracks' }>['tracks'];

export class LiveKitMedia implements CallMedia {
  wasConnected = false;
  private readonly room = new Room({ dynacast: true, stopLocalTrackOnUnpublish: false, disconnectOnPageLeave: false });
  private sources: Sources | null = null;
  private work: Promise<void> = Promise.resolve();
  private waiting = false;
  private closed = false;
  private failed = false;
  private told = '';
  private remote = new Map<string, RemoteMedia>();

  constructor(private readonly elsewhere: Elsewhere) {
    const shown = () => this.showStreams();
    this.room
      .on(RoomEvent.TrackSubscribed, shown)
      .on(RoomEvent.TrackUnsubscribed, shown)
      .on(RoomEvent.TrackMuted, shown)
      .on(RoomEvent.TrackUnmuted, shown)
      .on(RoomEvent.ParticipantConnected, shown)
      .on(RoomEvent.ParticipantDisconnected, shown)
      .on(RoomEvent.Connected, () => this.onConnected())
      .on(RoomEvent.Reconnected, () => this.onConnected())
      .on(RoomEvent.Disconnected, (reason) => this.broke(reason));
    const { server_url, access_token } = elsewhere.grant;
    this.room.connect(server_url, access_token).catch((error: unknown) => this.broke(error));
  }

  get alive(): boolean {
    return !this.closed && !this.failed;
  }

  get connected(): boolean {
    return this.room.state === 'connected';
  }

  sync(sources: Sources): void {
    this.sources = sources;
    this.showStreams(); // somebody may have come into the roster after their media
    if (this.waiting) return;
    this.waiting = true;
    this.work = this.work.then(() => this.follow());
  }

  resume(): void {
    this.told = '';
    this.tell();
  }

  mutedByHost(): void {
    // LiveKit tells its own client; what is told to roomd afterwards says the same.
  }

  close(): void {
    this.closed = true;
    this.room.removeAllListeners();
    void this.room.disconnect(false);
  }

  levels(): Map<string, number> {
    const levels = new Map<string, number>();
    for (const { connection, kind, track } of this.live()) {
      const [source] = kind === 'mic' ? (track.receiver?.getSynchronizationSources() ?? []) : [];
      if (kind === 'mic') levels.set(connection, source?.audioLevel ?? 0);
    }
    return levels;
  }

  ownLevel(): Promise<number> {
    return ownLevel(this.sent('mic')?.track?.sender ?? null);
  }

  line(): Promise<LineSample> {
    const up = KINDS.map((kind) => this.sent(kind)?.track?.sender);
    return sampleLine([...up, ...[...this.live()].map(({ track }) => track.receiver)]);
  }

  async stats(): Promise<InboundStats[]> {
    const found = [...this.live()].map(({ connection, kind, track }) =>
      track.receiver ? receiverStats(connection, kind, track.receiver) : [],
    );
    return (await Promise.all(found)).flat();
  }

  // ---- what this page sends

  private onConnected(): void {
    this.wasConnected = true;
    if (this.sources) this.sync(this.sources);
  }

  /** One thing after the other; what changed meanwhile is followed by the next round. */
  private async follow(): Promise<void> {
    this.waiting = false;
    if (!this.connected || this.closed || !this.sources) return;
    for (const kind of KINDS) {
      // What LiveKit does not allow, or cannot now, leaves the rest as it is.
      await this.followKind(kind, this.sources[kind]).catch((error: unknown) => console.warn('livekit', kind, error));
    }
    this.tell();
  }

  private async followKind(kind: Kind, source: Source): Promise<void> {
    const me = this.room.localParticipant;
    const sent = this.sent(kind);
    const before = sent?.track?.mediaStreamTrack;
    if (!source.track) {
      if (before) await me.unpublishTrack(before, false);
      return;
    }
    if (!before) await me.publishTrack(source.track, options(kind));
    else if (before !== source.track) await sent.track?.replaceTrack(source.track, { userProvidedTrack: true });
    await this.followMute(this.sent(kind), source.muted);
  }

  private async followMute(sent: LocalTrackPublication | undefined, muted: boolean): Promise<void> {
    if (!sent || sent.isMuted === muted) return;
    await (muted ? sent.mute() : sent.unmute());
  }

  private sent(kind: Kind): LocalTrackPublication | undefined {
    return this.room.localParticipant.getTrackPublication(SOURCES[kind]);
  }

  /** The roster is roomd's: it is told what is sent. */
  private tell(): void {
    const tracks: Told = KINDS.flatMap((kind) => {
      const sent = this.sent(kind);
      return sent ? [{ kind, muted: sent.isMuted }] : [];
    });
    const text = JSON.stringify(tracks);
    if (text !== this.told && this.elsewhere.hooks.send({ t: 'tracks', tracks })) this.told = text;
  }

  // ---- what comes in

  private *live() {
    for (const participant of this.room.remoteParticipants.values()) {
      const connection = this.elsewhere.connectionOf(participant);
      if (connection) for (const sent of tracksOf(participant)) yield { connection, ...sent };
    }
  }

  private showStreams(): void {
    if (this.closed) return;
    const before = this.remote;
    this.remote = new Map();
    for (const { connection, kind, track, muted } of this.live()) {
      if (muted) continue;
      const media = this.remote.get(connection) ?? {};
      media[kind] = streamOf(track.mediaStreamTrack, before.get(connection)?.[kind]);
      this.remote.set(connection, media);
    }
    this.elsewhere.hooks.streams(this.remote);
  }

  private broke(why: unknown): void {
    if (this.closed || this.failed) return;
    this.failed = true;
    this.elsewhere.hooks.broken(why);
  }
}

function* tracksOf(participant: RemoteParticipant) {
  for (const { source, track, isMuted: muted } of participant.trackPublications.values()) {
    const kind = KIND_OF.get(source);
    if (kind && track instanceof RemoteTrack) yield { kind, track, muted };
  }
}

function options(kind: Kind): TrackPublishOptions {
  return { source: SOURCES[kind], stopMicTrackOnMute: false, simulcast: kind === 'camera', videoCodec: 'vp8' };
}
