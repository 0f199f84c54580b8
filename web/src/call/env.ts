/* What the engine needs of the browser, in one place, so that the tests can hand in fakes. */
import type { Elsewhere } from './elsewhere';
import type { CallMedia } from './media';

export interface CallEnv {
  openSocket(url: string): WebSocket;
  openPeer(config: RTCConfiguration): RTCPeerConnection;
  videoCodecs(): RTCRtpCodec[];
  /** Media that somebody else carries; its code is loaded by who needs it. */
  openElsewhere(elsewhere: Elsewhere): Promise<CallMedia>;
}

export const browserEnv: CallEnv = {
  openSocket: (url) => new WebSocket(url),
  openPeer: (config) => new RTCPeerConnection(config),
  videoCodecs: () => RTCRtpReceiver.getCapabilities('video')?.codecs ?? [],
  openElsewhere: async (elsewhere) => new (await import('./livekit-media')).LiveKitMedia(elsewhere),
};

export function callUrl(place: { protocol: string; host: string }): string {
  return `${place.protocol === 'https:' ? 'wss' : 'ws'}://${place.host}/api/v1/call`;
}
