/* What the engine needs of the browser, in one place, so that the tests can hand in fakes. */
export interface CallEnv {
  openSocket(url: string): WebSocket;
  openPeer(config: RTCConfiguration): RTCPeerConnection;
  videoCodecs(): RTCRtpCodec[];
}

export const browserEnv: CallEnv = {
  openSocket: (url) => new WebSocket(url),
  openPeer: (config) => new RTCPeerConnection(config),
  videoCodecs: () => RTCRtpReceiver.getCapabilities('video')?.codecs ?? [],
};

export function callUrl(place: { protocol: string; host: string }): string {
  return `${place.protocol === 'https:' ? 'wss' : 'ws'}://${place.host}/api/v1/call`;
}
