/* This person's microphone, camera and shared screen: asked for when first switched on, given back when off.
 * Used before the call (preview) and in it; the engine reads `sources()` after every change. */
import type { Kind } from './messages';
import { loadPreferences, savePreferences, type Preferences } from './preferences';
import { Store } from './store';
import type { Sources } from './upward';

type DeviceKind = 'mic' | 'camera';

export interface LocalState {
  preferences: Preferences;
  tracks: Record<Kind, MediaStreamTrack | null>;
  /** Waiting for the browser's permission or the device. */
  busy: Record<DeviceKind, boolean>;
  problems: Partial<Record<Kind, string>>;
  devices: MediaDeviceInfo[];
}

export class LocalMedia extends Store<LocalState> {
  private asked: Record<DeviceKind, number> = { mic: 0, camera: 0 };

  constructor(preferences = loadPreferences()) {
    super({
      preferences,
      tracks: { mic: null, camera: null, screen: null },
      busy: { mic: false, camera: false },
      problems: {},
      devices: [],
    });
    navigator.mediaDevices?.addEventListener('devicechange', this.onDeviceChange);
  }

  isOn(kind: Kind): boolean {
    const track = this.get().tracks[kind];
    return track !== null && track.enabled;
  }

  sources(): Sources {
    const { tracks } = this.get();
    const source = (kind: Kind) => ({ track: tracks[kind], muted: !this.isOn(kind) });
    return { mic: source('mic'), camera: source('camera'), screen: source('screen') };
  }

  /** Opens what the person had on last time. */
  async start(): Promise<void> {
    const { micOn, cameraOn } = this.get().preferences;
    await Promise.all([micOn ? this.setMic(true) : null, cameraOn ? this.setCamera(true) : null]);
    await this.listDevices();
  }

  async setMic(on: boolean, remember = true): Promise<void> {
    if (remember) this.prefer({ micOn: on });
    const { mic } = this.get().tracks;
    if (mic) {
      mic.enabled = on; // stays open, so that unmuting is at once
      this.set({});
    } else if (on) await this.acquire('mic');
    else this.asked.mic++;
  }

  async setCamera(on: boolean, remember = true): Promise<void> {
    if (remember) this.prefer({ cameraOn: on });
    if (on && !this.get().tracks.camera) await this.acquire('camera');
    if (!on) this.release('camera'); // the device's light goes out
  }

  async choose(change: Partial<Preferences>): Promise<void> {
    this.prefer(change);
    const { tracks } = this.get();
    const wasMuted = tracks.mic !== null && !tracks.mic.enabled;
    if (('micId' in change || 'originalSound' in change) && tracks.mic) {
      await this.acquire('mic');
      if (wasMuted) await this.setMic(false);
    }
    if ('cameraId' in change && tracks.camera) await this.acquire('camera');
  }

  async startShare(): Promise<void> {
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: true });
      const track = stream.getVideoTracks()[0] ?? null;
      if (track) track.contentHint = 'detail';
      this.setTrack('screen', track);
    } catch (error) {
      // Closing the browser's chooser is a choice, not a fault.
      if ((error as DOMException).name !== 'NotAllowedError') this.setProblem('screen', explain('screen', error));
    }
  }

  stopShare(): void {
    this.setTrack('screen', null);
  }

  stop(): void {
    navigator.mediaDevices?.removeEventListener('devicechange', this.onDeviceChange);
    this.asked.mic++;
    for (const kind of ['mic', 'camera', 'screen'] as const) this.setTrack(kind, null);
  }

  private readonly onDeviceChange = () => void this.listDevices();

  private prefer(change: Partial<Preferences>): void {
    const preferences = { ...this.get().preferences, ...change };
    savePreferences(preferences);
    this.set({ preferences });
  }

  private async acquire(kind: DeviceKind): Promise<void> {
    const ask = ++this.asked[kind];
    this.set({ busy: { ...this.get().busy, [kind]: true } });
    try {
      const track = await openDevice(kind, this.get().preferences);
      if (ask !== this.asked[kind]) track.stop();
      else this.setTrack(kind, track);
    } catch (error) {
      if (ask === this.asked[kind]) this.setProblem(kind, explain(kind, error));
    } finally {
      if (ask === this.asked[kind]) this.set({ busy: { ...this.get().busy, [kind]: false } });
    }
    await this.listDevices(); // names are told only after the permission
  }

  private release(kind: DeviceKind): void {
    this.asked[kind]++;
    this.set({ busy: { ...this.get().busy, [kind]: false } });
    this.setTrack(kind, null);
  }

  private setTrack(kind: Kind, track: MediaStreamTrack | null): void {
    const { tracks, problems } = this.get();
    if (tracks[kind] === track) return;
    tracks[kind]?.stop();
    if (track) track.onended = () => this.onEnded(kind, track);
    this.set({ tracks: { ...tracks, [kind]: track }, problems: { ...problems, [kind]: undefined } });
  }

  /** The device was unplugged, or sharing was stopped in the browser's own bar. */
  private onEnded(kind: Kind, track: MediaStreamTrack): void {
    if (this.get().tracks[kind] !== track) return;
    this.setTrack(kind, null);
    if (kind === 'screen') return;
    void this.choose(kind === 'mic' ? { micId: '' } : { cameraId: '' }).then(() => this.acquire(kind));
  }

  private setProblem(kind: Kind, problem: string): void {
    this.set({ problems: { ...this.get().problems, [kind]: problem } });
  }

  private async listDevices(): Promise<void> {
    const devices = await navigator.mediaDevices?.enumerateDevices().catch(() => []);
    this.set({ devices: devices ?? [] });
  }
}

function constraints(kind: DeviceKind, preferences: Preferences): MediaStreamConstraints {
  if (kind === 'camera') {
    const { cameraId } = preferences;
    return {
      video: {
        ...(cameraId ? { deviceId: { ideal: cameraId } } : {}),
        width: { ideal: 640 },
        height: { ideal: 360 },
        frameRate: { ideal: 24, max: 30 },
      },
    };
  }
  const { micId, originalSound } = preferences;
  return {
    audio: {
      ...(micId ? { deviceId: { ideal: micId } } : {}),
      echoCancellation: !originalSound,
      noiseSuppression: !originalSound,
      autoGainControl: !originalSound,
    },
  };
}

async function openDevice(kind: DeviceKind, preferences: Preferences): Promise<MediaStreamTrack> {
  if (!navigator.mediaDevices) throw new DOMException('insecure', 'SecurityError');
  const stream = await navigator.mediaDevices.getUserMedia(constraints(kind, preferences));
  const [track] = stream.getTracks();
  if (!track) throw new DOMException('no track', 'NotFoundError');
  return track;
}

const NAMES: Record<Kind, string> = { mic: 'microphone', camera: 'camera', screen: 'screen' };

export function explain(kind: Kind, error: unknown): string {
  const name = NAMES[kind];
  switch ((error as DOMException).name) {
    case 'NotAllowedError':
      return `The browser does not let this page use your ${name}. Allow it by the sign beside the address, then try again.`;
    case 'NotFoundError':
    case 'OverconstrainedError':
      return `No ${name} was found. Plug one in, then try again.`;
    case 'NotReadableError':
      return `Your ${name} is in use by another program. Close that program, then try again.`;
    case 'SecurityError':
      return `Your ${name} works on secure pages only (https).`;
    default:
      return `Your ${name} could not be started. Try again, or choose another one.`;
  }
}
