// participant.mjs URL publish|listen: a participant in a LiveKit room, by LiveKit's own client library. Reads the token and then commands, one
// a line; writes one JSON object a line: what happened, and when by its own clock (ms).
import readline from 'node:readline';
import { AudioFrame, AudioSource, AudioStream, LocalAudioTrack, Room, RoomEvent, TrackKind, TrackPublishOptions, TrackSource, dispose } from '@livekit/rtc-node';

const [url, mode] = process.argv.slice(2);
const tell = (event, more = {}) => process.stdout.write(`${JSON.stringify({ event, at: Date.now(), ...more })}\n`);
const room = new Room();
let going = true;

async function end() {
  if (!going) return;
  going = false;
  await room.disconnect();
  tell('disconnected', { reason: 'asked' });
  await dispose();
  process.exit(0);
}

/** Counts what is heard of somebody: a tone of 440 Hz is loud. */
async function listen(track, who) {
  let samples = 0, loud = 0, told = 0;
  for await (const frame of new AudioStream(track)) {
    samples += frame.samplesPerChannel;
    if (frame.data.some((value) => Math.abs(value) > 1000)) loud += frame.samplesPerChannel;
    if (samples - told >= 4800) tell('heard', { who, samples: (told = samples), loud });
  }
}

async function tone(source) {
  for (let n = 0; going;) {
    const data = new Int16Array(480);
    for (let i = 0; i < 480; i++, n++) data[i] = 12000 * Math.sin((2 * Math.PI * 440 * n) / 48000);
    await source.captureFrame(new AudioFrame(data, 48000, 1, 480)).catch(() => undefined);
  }
}

room
  .on(RoomEvent.ParticipantConnected, (p) => tell('came', { who: p.identity }))
  .on(RoomEvent.ParticipantDisconnected, (p) => tell('went', { who: p.identity }))
  .on(RoomEvent.TrackMuted, (pub, p) => tell('muted', { who: p.identity }))
  .on(RoomEvent.TrackUnmuted, (pub, p) => tell('unmuted', { who: p.identity }))
  .on(RoomEvent.Reconnecting, () => tell('reconnecting'))
  .on(RoomEvent.Reconnected, () => tell('reconnected'))
  .on(RoomEvent.TrackSubscribed, (track, pub, p) => {
    tell('subscribed', { who: p.identity, kind: track.kind === TrackKind.KIND_AUDIO ? 'audio' : 'video' });
    if (track.kind === TrackKind.KIND_AUDIO) void listen(track, p.identity);
  })
  .on(RoomEvent.Disconnected, async (reason) => {
    if (!going) return;
    going = false;
    tell('disconnected', { reason: String(reason) });
    await dispose();
    process.exit(0);
  });

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const token = (await lines.next()).value;
try {
  await room.connect(url, token, { autoSubscribe: true, dynacast: false });
} catch (error) {
  tell('refused', { why: String(error) });
  process.exit(1);
}
tell('connected', { identity: room.localParticipant.identity, sid: room.localParticipant.sid, room: room.name });
if (mode === 'publish') {
  const source = new AudioSource(48000, 1);
  const options = new TrackPublishOptions();
  options.source = TrackSource.SOURCE_MICROPHONE;
  try {
    const pub = await room.localParticipant.publishTrack(LocalAudioTrack.createAudioTrack('mic', source), options);
    tell('published', { track: pub.sid });
    void tone(source);
  } catch (error) {
    tell('unpublished', { why: String(error) }); // put out in the middle of it: `disconnected` follows
  }
}
for (let line = await lines.next(); !line.done; line = await lines.next()) if (line.value === 'leave') await end();
await end();
