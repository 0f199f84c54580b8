// The npm SDK's tokens by JSON: lines in `{"sign": {options, video, sip, …}}` or `{"verify": token}`, lines out `{"token"}`, `{"claims"}` or `{"error"}`.
// usage: tokens.mjs KEY SECRET
import { AccessToken, TokenVerifier, WebhookReceiver, TrackSource, RoomConfiguration } from 'livekit-server-sdk';
import { createInterface } from 'node:readline';

const [key, secret] = process.argv.slice(2);
const sources = { camera: TrackSource.CAMERA, microphone: TrackSource.MICROPHONE, screen_share: TrackSource.SCREEN_SHARE, screen_share_audio: TrackSource.SCREEN_SHARE_AUDIO };

async function sign(what) {
  const token = new AccessToken(key, secret, what.options);
  if (what.video) token.addGrant({ ...what.video, ...(what.video.canPublishSources && { canPublishSources: what.video.canPublishSources.map((name) => sources[name]) }) });
  if (what.sip) token.addSIPGrant(what.sip);
  if (what.kind) token.kind = what.kind;
  if (what.sha256) token.sha256 = what.sha256;
  if (what.roomPreset) token.roomPreset = what.roomPreset;
  if (what.roomConfig) token.roomConfig = RoomConfiguration.fromJson(what.roomConfig);
  return { token: await token.toJwt() };
}

async function answer(ask) {
  if (ask.sign) return sign(ask.sign);
  if (ask.verify) return { claims: await new TokenVerifier(key, secret).verify(ask.verify) };
  const event = await new WebhookReceiver(key, secret).receive(ask.body, ask.authorization);
  return { claims: { event: event.event, id: event.id } };
}

for await (const line of createInterface({ input: process.stdin })) {
  const reply = await answer(JSON.parse(line)).catch((error) => ({ error: String(error.message ?? error) }));
  process.stdout.write(JSON.stringify(reply, (_, value) => (typeof value === 'bigint' ? Number(value) : value)) + '\n');
}
