/* A client of the call WebSocket written by hand: keeps every message, obeys none but what it needs to receive media. */
(() => {
  const peers = { up: null, down: null };
  const early = [];
  const hand = (window.hand = { log: [], closed: null, peers });

  hand.enter = (fields) => {
    const ws = (hand.ws = new WebSocket(`ws://${location.host}/api/v1/call`));
    ws.onopen = () => hand.send({ t: 'join', ...fields });
    ws.onclose = (event) => (hand.closed = { code: event.code, reason: event.reason });
    ws.onmessage = (event) => receive(JSON.parse(event.data));
  };

  hand.send = (message) => hand.ws.readyState === 1 && hand.ws.send(JSON.stringify(message));

  function open(name) {
    const pc = (peers[name] = new RTCPeerConnection());
    pc.onicecandidate = ({ candidate }) => hand.send({ t: 'ice', pc: name, candidate: candidate ? candidate.toJSON() : null });
    return pc;
  }

  async function receive(message) {
    hand.log.push(message);
    if (message.t === 'answer') await peers.up.setRemoteDescription({ type: 'answer', sdp: message.sdp });
    if (message.t === 'sub_offer') await subscribe(message);
    if (message.t === 'ice') await candidate(message);
  }

  async function subscribe({ sdp }) {
    const pc = peers.down ?? open('down');
    await pc.setRemoteDescription({ type: 'offer', sdp });
    await pc.setLocalDescription();
    hand.send({ t: 'sub_answer', sdp: pc.localDescription.sdp });
    for (const message of early.splice(0)) await candidate(message);
  }

  async function candidate(message) {
    const pc = peers[message.pc];
    if (!pc?.remoteDescription) return void early.push(message);
    if (message.candidate) await pc.addIceCandidate(message.candidate).catch(() => undefined);
  }

  /** A real offer with real tracks: mic, camera, screen (a second picture of the camera). */
  hand.publish = async (kinds) => {
    const pc = peers.up ?? open('up');
    hand.stream ??= await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    const sent = [];
    for (const kind of kinds) {
      const [track] = kind === 'mic' ? hand.stream.getAudioTracks() : hand.stream.getVideoTracks();
      const known = (hand.senders ??= {})[kind];
      hand.senders[kind] = known ?? pc.addTransceiver(kind === 'mic' ? track : track.clone(), { direction: 'sendonly' });
    }
    await pc.setLocalDescription();
    for (const kind of kinds) sent.push({ mid: hand.senders[kind].mid, kind, muted: false });
    hand.offer = { t: 'publish', sdp: pc.localDescription.sdp, tracks: sent };
    hand.send(hand.offer);
  };

  const sum = async (type, field, kind) => {
    let n = 0;
    for (const pc of Object.values(peers))
      if (pc) for (const report of (await pc.getStats()).values()) if (report.type === type && (!kind || report.kind === kind)) n += report[field];
    return n;
  };
  hand.sent = (kind) => sum('outbound-rtp', 'packetsSent', kind);
  hand.received = () => sum('inbound-rtp', 'bytesReceived');
})();
