"""One scenario of the media module on the real Janus, run inside a network namespace: janus_scenarios.py NAME BRIDGE DIR

The peers are real WebRTC endpoints (aiortc); the bridge is the media module on stdin and stdout (janus_bridge.c)."""
import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import time

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from aiortc.sdp import candidate_from_sdp

BRIDGE, DIR = sys.argv[2], sys.argv[3]
RUN, CONF = f"{DIR}/run", f"{DIR}/conf"


async def until(condition, what, timeout=10):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"not in time: {what}"
        await asyncio.sleep(0.005)


def now_us():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


class Bridge:
    """The media module in a process of its own; `log` is what it said."""

    def __init__(self):
        self.log, self.listeners = [], []

    @classmethod
    async def open(cls, program="janus", run=RUN):
        self = cls()
        os.makedirs(run, exist_ok=True)
        os.makedirs(CONF, exist_ok=True)
        self.errors = open(f"{DIR}/bridge.log", "ab")
        self.process = await asyncio.create_subprocess_exec(
            BRIDGE, run, CONF, program, stdin=-1, stdout=-1, stderr=self.errors, limit=1 << 22, start_new_session=True)
        self.reader = asyncio.create_task(self.read())
        return self

    async def read(self):
        async for line in self.process.stdout:
            message = json.loads(line)
            self.log.append(message)
            for listener in self.listeners:
                listener(message)

    def do(self, verb, **fields):
        self.process.stdin.write((json.dumps({"do": verb, **fields}) + "\n").encode())

    def mark(self):
        return len(self.log)

    def seen(self, on, since=0, **fields):
        return [m for m in self.log[since:] if m["on"] == on and all(m.get(k) == v for k, v in fields.items())]

    async def wait(self, on, since=0, timeout=10, **fields):
        await until(lambda: self.seen(on, since, **fields), f"{on} {fields}", timeout)
        return self.seen(on, since, **fields)[0]

    async def kill(self):
        self.process.kill()
        await self.process.wait()

    async def stop(self, leave=False):
        self.do("stop", leave=leave)
        assert await asyncio.wait_for(self.process.wait(), 10) == 0, "bridge ended badly (leak?)"


class Peer:
    """A page: one PeerConnection up, one down."""

    def __init__(self, bridge, connection, room="room1"):
        self.room, self.connection = room, connection
        self.up = self.down = None
        self.kinds, self.transceivers, self.frames, self.streams = [], [], {}, []
        self.order, self.deaf = asyncio.Lock(), False
        self.attach(bridge)

    def attach(self, bridge):
        self.bridge = bridge
        bridge.listeners.append(lambda m: m.get("connection") == self.connection and asyncio.create_task(self.hear(m)))

    def join(self):
        self.bridge.do("create", room=self.room, connection=self.connection)
        return self

    def new_up(self):
        self.up, self.kinds, self.transceivers = RTCPeerConnection(), [], []
        self.add("mic", AudioStreamTrack())
        self.add("camera", VideoStreamTrack())

    def add(self, kind, track):
        self.kinds.append(kind)
        self.transceivers.append(self.up.addTransceiver(track, "sendonly"))

    async def publish(self):
        if not self.up:
            self.new_up()
        await self.up.setLocalDescription(await self.up.createOffer())
        tracks = [{"mid": t.mid, "kind": k} for t, k in zip(self.transceivers, self.kinds) if t.direction == "sendonly"]
        self.bridge.do("publish", connection=self.connection, sdp=self.up.localDescription.sdp, tracks=tracks)

    async def hear(self, m):
        async with self.order:
            if m["on"] == "answer":
                await self.up.setRemoteDescription(RTCSessionDescription(m["sdp"], "answer"))
            elif m["on"] == "ice" and m["candidate"] != "null":
                await self.candidate(m)
            elif m["on"] == "sub_offer" and not self.deaf:
                await self.answer(m)
            elif m["on"] == "hangup" and m["pc"] == "down" and self.down:
                await self.down.close()
                self.down, self.frames = None, {}

    async def candidate(self, m):
        pc = self.up if m["pc"] == "up" else self.down
        candidate = candidate_from_sdp(json.loads(m["candidate"])["candidate"].split(":", 1)[1])
        candidate.sdpMid, candidate.sdpMLineIndex = "0", 0
        if pc:
            await pc.addIceCandidate(candidate)

    async def answer(self, m):
        self.streams = m["streams"]
        if not self.down:
            self.down = RTCPeerConnection()
            self.down.on("track", lambda track: asyncio.create_task(self.play(track)))
        await self.down.setRemoteDescription(RTCSessionDescription(m["sdp"], "offer"))
        await self.down.setLocalDescription(await self.down.createAnswer())
        self.bridge.do("answer", connection=self.connection, sdp=self.down.localDescription.sdp)

    async def play(self, track):
        while True:
            try:
                await track.recv()
            except Exception:  # the track ended
                return
            self.frames[track.kind] = self.frames.get(track.kind, 0) + 1

    async def packets(self):
        report = await self.down.getStats()
        return sum(s.packetsReceived for s in report.values() if s.type == "inbound-rtp")

    def count(self, kind):
        return self.frames.get(kind, 0)

    async def sees(self, video=5, audio=5):
        v, a = self.count("video") + video, self.count("audio") + audio
        await until(lambda: self.count("video") >= v and self.count("audio") >= a, f"media at {self.connection}", 20)

    async def leave(self):
        for pc in (self.up, self.down):
            if pc:
                await pc.close()


def have(peer):
    return sorted((s["connection"], s["kind"]) for s in peer.streams if s["connection"])


async def call(*names):
    """A bridge, and peers that see and hear each other."""
    bridge = await Bridge.open()
    await bridge.wait("ready")
    peers = [Peer(bridge, n).join() for n in names]
    for p in peers:
        await p.publish()
    for p in peers:
        await p.sees()
    return bridge, *peers


def janus_pid():
    return int(open(f"{RUN}/janus.pid").read().split()[0])


# --- scenarios

async def start_is_private_and_quick():
    t = now_us()
    bridge = await Bridge.open()
    ready = await bridge.wait("ready")
    print("ready_ms", (ready["us"] - t) // 1000)
    assert not ready["adopted"]
    sockets = subprocess.run(["ss", "-Hlntu"], capture_output=True, text=True).stdout
    assert sockets == "", sockets
    for name in os.listdir(CONF):
        assert stat.S_IMODE(os.stat(f"{CONF}/{name}").st_mode) == 0o600, name
    assert stat.S_IMODE(os.stat(RUN).st_mode) == 0o700
    await bridge.stop()
    assert not os.path.exists(f"{RUN}/janus.pid")


async def long_run_dir_works():
    run = f"{DIR}/" + "/".join(["a-folder-with-a-rather-long-name"] * 6)
    bridge = await Bridge.open(run=run)
    await bridge.wait("ready")
    await bridge.stop()


async def missing_program_is_said_and_retried():
    bridge = await Bridge.open(program="janus-that-is-not-there")
    await until(lambda: open(f"{DIR}/bridge.log").read().count("apt install janus") >= 2, "two tries")
    await bridge.stop()


async def two_see_each_other_and_a_screen():
    bridge, alice, carol = await call("alice", "carol")
    assert have(carol) == [("alice", "camera"), ("alice", "mic")]
    alice.add("screen", VideoStreamTrack())
    await alice.publish()
    await until(lambda: ("alice", "screen") in have(carol), "screen at carol")
    alice.transceivers[2].direction = "inactive"
    await alice.publish()
    await until(lambda: ("alice", "screen") not in have(carol), "screen gone at carol")
    await carol.sees(20, 20)
    alice.transceivers[2].direction = "sendonly"
    await alice.publish()
    await until(lambda: ("alice", "screen") in have(carol), "screen at carol again")
    await carol.sees(20, 20)
    await bridge.stop()


async def mute_stops_forwarding():
    bridge, alice, carol = await call("alice", "carol")
    for kind, silent, loud in (("camera", "video", "audio"), ("mic", "audio", "video")):
        bridge.do("mute", connection="alice", kind=kind, muted=True)
        before = -1
        while before != carol.count(silent):  # what is in jitter buffers still comes
            before = carol.count(silent)
            await asyncio.sleep(0.3)
        still = carol.count(loud)
        await until(lambda: carol.count(loud) > still + 20, loud)
        assert carol.count(silent) == before, f"{silent} came through while muted"
        bridge.do("mute", connection="alice", kind=kind, muted=False)
        await until(lambda: carol.count(silent) > before + 5, f"{silent} back")
    await bridge.stop()


async def destroying_cuts_both_directions():
    bridge, alice, carol, mallory = await call("alice", "carol", "mallory")
    mark = bridge.mark()
    bridge.do("destroy", connection="mallory")
    for p in (alice, carol):
        await bridge.wait("sub_offer", mark, connection=p.connection)
        await until(lambda: not [c for c, _ in have(p) if c == "mallory"], "mallory gone")
    t, rest = now_us(), -1
    while rest != (rest := await mallory.packets()):  # what was on its way
        await asyncio.sleep(0.05)
    assert now_us() - t < 1_000_000
    await alice.sees(30, 30)
    late = await mallory.packets() - rest
    assert late == 0, f"{late} packets after removal"
    assert not [m for m in bridge.log[mark:] if m.get("connection") == "mallory"]
    await bridge.stop()


async def new_peer_connection_takes_over():
    bridge, alice, carol = await call("alice", "carol")
    await alice.up.close()
    alice.up = None
    await alice.publish()
    await carol.sees(20, 20)
    mark = bridge.mark()
    await carol.down.close()
    await bridge.wait("hangup", mark, connection="carol", pc="down")
    await bridge.wait("sub_offer", mark, connection="carol")
    await carol.sees(20, 20)
    await bridge.stop()


async def recording_changes_folder():
    bridge, alice, carol = await call("alice", "carol")
    first, second = f"{DIR}/rec1", f"{DIR}/rec2"
    for folder in (first, second):
        os.mkdir(folder)
        mark = bridge.mark()
        bridge.do("record", room="room1", dir=folder)
        assert (await bridge.wait("recorded", mark))["error"] == ""
        await until(lambda: len(os.listdir(folder)) == 4, folder)
        await carol.sees(10, 10)
    mark = bridge.mark()
    bridge.do("record", room="room1", dir=None)
    await bridge.wait("recorded", mark)
    sizes = {f: os.stat(f"{second}/{f}").st_size for f in os.listdir(second)}
    await carol.sees(20, 20)
    assert sizes == {f: os.stat(f"{second}/{f}").st_size for f in os.listdir(second)}
    assert len(os.listdir(first)) == 4
    assert all(f.startswith(("videoroom-room1-user-alice-", "videoroom-room1-user-carol-")) for f in sizes)
    await bridge.stop()


async def wishes_are_answered_while_a_room_closes():
    bridge, folder = await Bridge.open(), f"{DIR}/rec"
    os.mkdir(folder)
    await bridge.wait("ready")
    bridge.do("create", room="room1", connection="alice")
    bridge.do("record", room="room1", dir=None)
    await bridge.wait("recorded")  # the room is there
    mark = bridge.mark()
    bridge.do("destroy", connection="alice")
    bridge.do("close", room="room1")
    for where in (folder, None):
        bridge.do("record", room="room1", dir=where)
    await until(lambda: len(bridge.seen("recorded", mark, error="")) == 2, "both answers")
    await bridge.stop()


async def killed_janus_is_back_at_once():
    bridge, alice, carol = await call("alice", "carol")
    folder = f"{DIR}/rec"
    os.mkdir(folder)
    bridge.do("record", room="room1", dir=folder)
    await until(lambda: len(os.listdir(folder)) == 4, "recording")
    mark, t = bridge.mark(), now_us()
    os.kill(janus_pid(), signal.SIGKILL)
    lost, ready = await bridge.wait("lost", mark), await bridge.wait("ready", mark)
    print("lost_ms", (lost["us"] - t) / 1000, "ready_ms", (ready["us"] - t) / 1000)
    assert lost["us"] - t < 50_000 and ready["us"] - t < 1_000_000
    bridge.listeners.clear()
    again = [Peer(bridge, p.connection).join() for p in (alice, carol)]
    for p in again:
        await p.publish()
    for p in again:
        await p.sees()
    await until(lambda: len(os.listdir(folder)) == 8, "second segment")
    await bridge.stop()


async def stopped_janus_is_replaced():
    bridge = await Bridge.open()
    await bridge.wait("ready")
    mark, t = bridge.mark(), now_us()
    os.kill(janus_pid(), signal.SIGSTOP)
    lost, ready = await bridge.wait("lost", mark), await bridge.wait("ready", mark)
    print("lost_ms", (lost["us"] - t) // 1000, "ready_ms", (ready["us"] - t) // 1000)
    assert ready["us"] - t < 5_000_000
    await bridge.stop()


async def adoption_keeps_the_media():
    bridge, alice, carol, unwanted = await call("alice", "carol", "unwanted")
    folder = f"{DIR}/rec"
    os.mkdir(folder)
    for _ in range(2):  # a screen that stopped leaves an m-line behind
        alice.add("screen", VideoStreamTrack())
        await alice.publish()
        await until(lambda: ("alice", "screen") in have(carol), "screen")
        alice.transceivers[-1].direction = "inactive"
        await alice.publish()
        await until(lambda: ("alice", "screen") not in have(carol), "no screen")
    bridge.do("record", room="room1", dir=folder)
    await until(lambda: len(os.listdir(folder)) >= 6, "recording")
    await carol.sees()
    pid, files = janus_pid(), os.listdir(folder)
    await bridge.kill()
    await carol.sees(30, 30)
    t = now_us()
    bridge = await Bridge.open()
    alice.attach(bridge)
    carol.attach(bridge)
    ready = await bridge.wait("ready")
    print("ready_ms", (ready["us"] - t) // 1000)
    assert ready["adopted"] and janus_pid() == pid
    assert {m["connection"] for m in bridge.seen("adopt", wanted=True)} == {"alice", "carol"}
    await until(lambda: have(carol) == [("alice", "camera"), ("alice", "mic")], "the unwanted one gone")
    bridge.do("record", room="room1", dir=folder)
    assert (await bridge.wait("recorded"))["error"] == ""
    erin = Peer(bridge, "erin").join()
    await erin.publish()
    await until(lambda: ("erin", "mic") in have(carol) and ("erin", "mic") in have(alice), "erin at the old ones")
    await until(lambda: len(have(erin)) == 4, "the old ones at erin")
    for p in (alice, carol, erin):
        await p.sees(20, 20)
    assert not [f for f in os.listdir(folder) if f not in files and "erin" not in f], "same folder: the recording goes on in the same files"
    alice.add("screen", VideoStreamTrack())
    await alice.publish()
    await until(lambda: ("alice", "screen") in have(erin) and ("alice", "screen") in have(carol), "screen of an adopted one")
    await bridge.stop()


async def an_offer_that_was_out_is_made_again():
    bridge, alice, carol = await call("alice", "carol")
    carol.deaf = True
    mark = bridge.mark()
    erin = Peer(bridge, "erin").join()
    await erin.publish()
    await bridge.wait("sub_offer", mark, connection="carol")
    await bridge.kill()
    bridge = await Bridge.open()
    await bridge.wait("ready")
    for p in (alice, carol, erin):
        p.attach(bridge)
    carol.deaf = False
    bridge.do("again", connection="carol")
    await until(lambda: ("erin", "mic") in have(carol), "erin at carol")
    await carol.sees(20, 20)
    mark = bridge.mark()
    bridge.do("destroy", connection="erin")
    await bridge.wait("sub_offer", mark, connection="carol")
    await bridge.stop()


async def another_peer_connection_without_a_goodbye():
    bridge, alice, carol = await call("alice", "carol")
    old, alice.up = alice.up, None
    await alice.publish()
    await bridge.wait("up", bridge.mark(), connection="alice", pc="up")
    await carol.sees(20, 20)
    await old.close()
    await bridge.stop()


async def a_reloaded_page_subscribes_anew():
    bridge, alice, carol = await call("alice", "carol")
    old, carol.down = carol.down, None
    bridge.do("renew", connection="carol")
    await until(lambda: carol.down, "a new subscription")
    await old.close()
    await carol.sees(20, 20)
    await bridge.stop()


async def one_hears_a_great_many():
    bridge = await Bridge.open()
    await bridge.wait("ready")
    listener = Peer(bridge, "listener").join()
    others = [Peer(bridge, f"p{i}").join() for i in range(36)]
    for p in others:
        p.deaf, p.up = True, RTCPeerConnection()
        p.add("mic", AudioStreamTrack())
        await p.publish()
    await until(lambda: len(have(listener)) == len(others), "all of them", 60)
    first = listener.count("audio")
    await until(lambda: listener.count("audio") > first + 100, "sound", 30)
    await bridge.stop()


async def many_come_and_go():
    bridge = await Bridge.open()
    await bridge.wait("ready")
    for turn in range(10):
        names = [f"p{turn}-{i}" for i in range(20)]
        for name in names:
            bridge.do("create", room=f"room{turn % 3}", connection=name)
        for name in names:
            await asyncio.sleep(0.002 if hash(name) % 2 else 0)  # some while they are being attached
            bridge.do("destroy", connection=name)
        bridge.do("close", room=f"room{turn % 3}")
    alice, carol = Peer(bridge, "alice").join(), Peer(bridge, "carol").join()
    await alice.publish()
    await carol.publish()
    await carol.sees()
    await bridge.kill()
    bridge = await Bridge.open()
    assert (await bridge.wait("ready"))["adopted"]
    assert {m["connection"] for m in bridge.seen("adopt")} == {"alice", "carol"}, "handles were left behind"
    await bridge.stop()


async def what_cannot_be_adopted_is_replaced():
    bridge = await Bridge.open()
    await bridge.wait("ready")
    for spoil in ("stopped", "other secret"):
        pid = janus_pid()
        await bridge.kill()
        if spoil == "stopped":
            os.kill(pid, signal.SIGSTOP)
        else:
            os.environ["BRIDGE_SECRET"] = "another"
        bridge = await Bridge.open()
        ready = await bridge.wait("ready")
        assert not ready["adopted"] and janus_pid() != pid, spoil
    bridge.do("record", room="room1", dir=f"{DIR}/not-there")
    assert "cannot be used" in (await bridge.wait("recorded"))["error"]
    await bridge.stop()


async def left_running_and_taken_over():
    bridge, alice, carol = await call("alice", "carol")
    pid = janus_pid()
    await bridge.stop(leave=True)
    await carol.sees(20, 20)
    bridge = await Bridge.open()
    assert (await bridge.wait("ready"))["adopted"] and janus_pid() == pid
    mark = bridge.mark()
    bridge.do("close", room="room1")
    await bridge.stop()


def main():
    try:
        asyncio.run(asyncio.wait_for(globals()[sys.argv[1]](), 90))
    finally:
        try:
            os.kill(janus_pid(), signal.SIGKILL)
        except (OSError, ValueError):
            pass


if __name__ == "__main__":
    main()
