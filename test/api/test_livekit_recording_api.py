"""Seed S5 from end to end on LiveKit: Matrix token, start, egress, status 0 and then 1, download; for calls of ours, and for those of Matrix clients.
LiveKit and its egress are test/fake_livekit.py, the homeserver is test/homeserver.py."""
import base64
import hashlib
import json
import re
import subprocess
from itertools import count

import pytest
from fake_livekit import FakeLiveKit
from harness import until
from homeserver import Homeserver
from test_recording_api import Member, refused
from test_recording_examples import run, script

numbers = count(1)


@pytest.fixture(scope="module")
def home():
    home = Homeserver()
    yield home
    home.close()


@pytest.fixture(scope="module")
def livekit():
    fake = FakeLiveKit(pace=0.01)
    yield fake
    fake.close()


def settings(livekit, home, folder, **more):
    return {"PROVIDER": "livekit", "LIVEKIT_SERVER_URL": livekit.url, "LIVEKIT_API_KEY": livekit.key, "LIVEKIT_API_SECRET": livekit.secret, "PROVIDER_TIMEOUT_SECONDS": "4", "RECONCILE_SECONDS": "1",
            "MATRIX_HOMESERVER_URL": home.url, "MATRIX_CACHE_SECONDS": "0", "EGRESS_OUTPUT_PATH": f"{folder}/out/{{room_name}}/{{egress_id}}", **more}


@pytest.fixture(scope="module")
def recorder(tmp_path_factory, livekit, home):
    from harness import Server
    folder = tmp_path_factory.mktemp("outside")
    server = Server(folder, settings(livekit, home, folder)).start()
    livekit.hook_url = server.url + "/webhooks/livekit/"
    yield server
    assert server.stop() == 0


class MatrixCall:
    """A Matrix room whose client has its call on the LiveKit server, which roomd has never heard of."""

    def __init__(self, server, home, livekit, name=None, goes_on=True, encryption="NONE", matrix_id=None, **how):
        n = next(numbers)
        self.server, self.livekit, self.names = server, livekit, {who: f"{who}{n}x" for who in ("mod", "plain", "outside")}
        self.id = home.room(matrix_id or f"!call{n}:hs.test", (self.names["mod"], self.names["plain"]), levels={"users": {f"@mod{n}x:hs.test": 50}}, **how)
        self.mod, self.plain, self.outside = (Member(server, home.user(self.names[who])) for who in ("mod", "plain", "outside"))
        self.room = (name or sha256_json)(self.id)
        if goes_on:
            livekit.create_room({"name": self.room})
            self.ann = livekit.come(self.room, {"sub": "@ann:hs.test:PHONE", "name": "Ann"})
            self.ann.publish(encryption=encryption)

    def start(self):
        reply = self.mod.start(self.id)
        assert reply.status_code == 200, reply.text
        return reply.json()["egressId"]

    def ready(self, egress):
        """Asks once: the document allows sixty questions a minute."""
        with self.server.db() as db:
            until(lambda: [1 for uuid, status in db.execute("SELECT uuid, status FROM recordings").fetchall() if uuid.replace("-", "") == egress[7:] and status in ("ready", "failed")], "it is ready")
        return self.mod.status(egress).json()

    def egress(self):
        return [i for i in self.livekit.egress.items.values() if i["room_name"] == self.room]


def sha256_json(room, slot="m.call#ROOM"):
    return base64.b64encode(hashlib.sha256(json.dumps([room, slot], separators=(",", ":")).encode()).digest()).decode().rstrip("=")


def in_a_path(room):
    """A name with more than letters, digits and a few signs is a hash there."""
    return room if re.fullmatch(r"[A-Za-z0-9_-]+", room) else hashlib.sha256(room.encode()).hexdigest()[:32]


def sha256_pipe(room):
    return base64.b64encode(hashlib.sha256(f"{room}|m.call#ROOM".encode()).digest()).decode().rstrip("=")


@pytest.fixture
def call(recorder, home, livekit):
    return MatrixCall(recorder, home, livekit)


# ---- from end to end

def test_from_start_to_download(call, recorder):
    egress = call.start()
    running = call.plain.status(egress).json()
    assert (running["status"], running["rawStatus"]) == (0, "recording") and "downloadUrl" not in running
    [item] = call.egress()
    assert item["room_composite"]["audio_only"] is True and item["room_composite"]["file_outputs"][0]["file_type"] == "MP3"
    until(lambda: call.egress()[0]["status"] == "EGRESS_ACTIVE", "it runs")
    assert call.mod.stop(egress).json() == {"status": "stopping", "message": "Recording will be processed"}
    ready = call.ready(egress)
    assert ready["status"] == 1 and ready["rawStatus"] == "ready" and ready["endedAt"] >= ready["startedAt"]
    file = recorder.client().get(ready["downloadUrl"].removeprefix(recorder.url))
    assert file.status_code == 200 and file.content == call.livekit.egress.content
    [listed] = call.plain.list(call.id).json()["recordings"]
    assert listed["egressId"] == egress and listed["roomName"] == call.id and listed["status"] == 1
    assert call.mod.stop(egress).status_code == 200  # once more is no fault
    assert call.mod.delete(egress).json() == {"message": "Recording deleted successfully"}
    assert call.plain.list(call.id).json() == {"recordings": []}


def test_the_examples_of_the_document(recorder, home, livekit):
    call = MatrixCall(recorder, home, livekit, matrix_id="!abc:matrix.org")
    started = run(recorder, "start", accessToken=call.mod.token)
    assert started.returncode == 0 and started.stdout.startswith("Egress ID: egress_"), started.stderr
    egress = started.stdout.split()[-1]
    listed = run(recorder, "list", accessToken=call.mod.token)
    assert listed.stdout == f"Found recordings: 1\n- {egress}: Processing\n", listed.stderr
    polling = subprocess.Popen(["node", "--input-type=module", "-e", script(recorder, "poll", accessToken=call.mod.token, after=f"\nawait pollStatus({egress!r});\n")], stdout=subprocess.PIPE, text=True)
    until(lambda: call.egress()[0]["status"] == "EGRESS_ACTIVE", "it runs")
    call.mod.stop(egress)
    out, _ = polling.communicate(timeout=30)
    assert polling.returncode == 0 and out.startswith("Recording ready: http"), out
    assert run(recorder, "list", accessToken=call.mod.token).stdout == f"Found recordings: 1\n- {egress}: Ready\n"


def test_the_document_settings(start_roomd, home, tmp_path):
    """Its YAML, word for word but for the addresses: mp3 with the codec opus and 128000 is MP3 with 128 kbit/s, and the log says so."""
    fake = FakeLiveKit(pace=0.01)
    config = tmp_path / "roomd.yaml"
    config.write_text(f"""provider: livekit
livekit:
  url: {fake.url}
  api_key: ${{LIVEKIT_KEY}}
  api_secret: ${{LIVEKIT_SECRET}}

egress:
  output_path: {tmp_path}/recordings/{{room_name}}/{{egress_id}}
  file_format: mp3
  audio_codec: opus
  bitrate: 128000
""")
    server = start_roomd(env={"LIVEKIT_KEY": fake.key, "LIVEKIT_SECRET": fake.secret, "MATRIX_HOMESERVER_URL": home.url, "RECONCILE_SECONDS": "1"}, args=["--config", str(config)])
    fake.hook_url = server.url + "/webhooks/livekit/"
    call = MatrixCall(server, home, fake)
    egress = call.start()
    [item] = call.egress()
    out = item["room_composite"]["file_outputs"][0]
    assert (out["file_type"], item["room_composite"]["advanced"]["audio_codec"], item["room_composite"]["advanced"]["audio_bitrate"]) == ("MP3", "AC_MP3", 128)
    folder, file = out["filepath"].removeprefix(f"{tmp_path}/recordings/").split("/")
    assert folder == in_a_path(call.room) and file.endswith(".mp3")
    assert "event=egress.codec format=mp3 written=opus taken=AC_MP3" in server.log_text()
    until(lambda: call.egress()[0]["status"] == "EGRESS_ACTIVE", "it runs")
    call.mod.stop(egress)
    assert call.ready(egress)["status"] == 1
    fake.close()


# ---- how its room is named

@pytest.mark.parametrize("strategy, template, name", [("verbatim", "", lambda room: room), ("sha256-pipe", "", sha256_pipe), ("template", "mx-{localpart}", lambda room: "mx-" + room[1:].split(":")[0])])
def test_names_of_rooms(start_roomd, home, tmp_path, strategy, template, name):
    fake = FakeLiveKit(pace=0.01)
    server = start_roomd(env=settings(fake, home, tmp_path, MATRIX_ROOM_NAME_STRATEGY=strategy, MATRIX_ROOM_NAME_TEMPLATE=template))
    call = MatrixCall(server, home, fake, name)
    call.start()
    assert len(call.egress()) == 1
    fake.close()


def test_a_strategy_that_is_none(start_roomd, livekit, home, tmp_path):
    with pytest.raises(AssertionError, match="MATRIX_ROOM_NAME_STRATEGY must be verbatim, sha256-pipe, sha256-json or template"):
        start_roomd(env=settings(livekit, home, tmp_path, MATRIX_ROOM_NAME_STRATEGY="sha512"))


def test_no_call_there(recorder, home, livekit):
    """The answer has the name that was looked for: it follows from a setting."""
    call = MatrixCall(recorder, home, livekit, goes_on=False)
    refused(call.mod.start(call.id), 404, "NOT_FOUND", f'No call is going on in this room (looked for the LiveKit room "{call.room}")')
    livekit.create_room({"name": call.room})
    refused(call.mod.start(call.id), 404, "NOT_FOUND", f'No call is going on in this room (looked for the LiveKit room "{call.room}")')
    assert call.mod.list(call.id).json() == {"recordings": []}
    livekit.come(call.room, {"sub": "ann"}).publish()
    call.start()


# ---- who may, and what may not be recorded

def test_who_may(call):
    refused(call.plain.start(call.id), 403, "FORBIDDEN", "Your power level in this room is too low")
    refused(call.outside.start(call.id), 403, "FORBIDDEN", "You are not in this room")
    egress = call.start()
    refused(call.outside.status(egress), 404, "NOT_FOUND", "Recording not found")
    refused(call.plain.stop(egress), 403, "FORBIDDEN", "Your power level in this room is too low")


def test_encrypted_rooms(recorder, home, livekit):
    words = "This call is end-to-end encrypted, and cannot be recorded"
    by_room = MatrixCall(recorder, home, livekit, encrypted=True)
    refused(by_room.mod.start(by_room.id), 409, "CONFLICT", words)
    by_media = MatrixCall(recorder, home, livekit, encryption="GCM")
    refused(by_media.mod.start(by_media.id), 409, "CONFLICT", words)
    assert not by_room.egress() and not by_media.egress()


def test_no_recorder(call, livekit):
    livekit.egress.workers = False
    try:
        refused(call.mod.start(call.id), 503, "SERVICE_UNAVAILABLE", "No recorder is free; try again in a moment")
    finally:
        livekit.egress.workers = True
    call.start()


# ---- the session that it becomes

def test_it_is_a_session_as_long_as_it_is_recorded(call, recorder, livekit):
    status = lambda: status_of_session(recorder, call.room)
    first = call.start()
    assert call.start() == first  # twice is once
    assert status() == "active"
    until(lambda: call.egress()[0]["status"] == "EGRESS_ACTIVE", "it runs")
    call.mod.stop(first)
    until(lambda: status() == "ended", "its session is over")
    assert call.room in livekit.rooms and call.ann in livekit.people[call.room], "the people were thrown out"
    second = call.start()
    assert second != first and status() == "active"
    assert [r["egressId"] for r in call.plain.list(call.id).json()["recordings"]] == [first, second]


def status_of_session(server, room):
    with server.db() as db:
        [(status,)] = db.execute("SELECT status FROM sessions WHERE room_name = ?", (room,)).fetchall()
    return status


def test_an_administrator_ends_the_session(call, recorder):
    """The egress ends with it, though the room goes on."""
    egress = call.start()
    until(lambda: call.egress()[0]["status"] == "EGRESS_ACTIVE", "it runs")
    with recorder.db() as db:
        [(number,)] = db.execute("SELECT id FROM sessions WHERE room_name = ?", (call.room,)).fetchall()
    assert recorder.admin().patch(f"/sessions/{number}", {"status": "ended"}).status_code == 200
    assert call.ready(egress)["status"] == 1 and call.egress()[0]["status"] == "EGRESS_COMPLETE"
    assert call.ann in call.livekit.people[call.room]


def test_a_teacher_may_still_bind_the_room(call, recorder):
    call.start()
    teacher = recorder.person("Teacher")
    session = teacher.session()
    reply = teacher.request("PUT", f"/sessions/{session['id']}/matrix-room", json={"room_id": call.id})
    assert reply.json() == {"session_id": session["id"], "room_id": call.id}


def test_the_call_ends_by_itself(call, livekit):
    egress = call.start()
    until(lambda: call.egress()[0]["status"] == "EGRESS_ACTIVE", "it runs")
    livekit.finish(call.room)
    assert call.ready(egress)["status"] == 1


def test_a_recording_that_fails(call, livekit):
    livekit.egress.fails_with = ("Start signal not received", 412, "EGRESS_ABORTED")
    try:
        egress = call.start()
        until(lambda: call.egress()[0]["status"] == "EGRESS_ACTIVE", "it runs")
        call.mod.stop(egress)
        failed = call.ready(egress)
    finally:
        livekit.egress.fails_with = None
    assert failed["status"] == 2 and failed["rawStatus"] == "failed" and "Start signal not received" in failed["error"]


def test_nobody_signs_in_as_its_owner(call, recorder):
    call.start()
    for password in ("!", "", "x" * 12):
        reply = recorder.client().post("/api/v1/auth/login", data={"username": "outside-calls@localhost", "password": password})
        assert reply.status_code in (401, 422)
