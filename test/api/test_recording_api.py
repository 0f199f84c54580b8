"""/api/recording (seed S5): recordings for the people of a Matrix room. The homeserver is played by test/homeserver.py."""
import hashlib
import itertools
import json
import re
import threading
import time

import pytest

from fake_daily import FakeDaily
from harness import until
from homeserver import Homeserver
from recorded import withhold

BYTES = b"ID3" + bytes(range(256)) * 20
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def home():
    home = Homeserver()
    yield home
    home.close()


@pytest.fixture(scope="module")
def recorder(tmp_path_factory, home):
    """A roomd that believes this homeserver. What a test changes at the homeserver holds at once: nothing is cached."""
    from harness import Server
    server = Server(tmp_path_factory.mktemp("recorder"), {"MATRIX_HOMESERVER_URL": home.url + "/", "MATRIX_SERVER_NAME": "hs.test", "MATRIX_CACHE_SECONDS": "0"}).start()
    yield server
    assert server.stop() == 0


class Member:
    """Somebody with a Matrix token. Each test has its own people, since the limits are theirs."""

    def __init__(self, server, token):
        self.server, self.token, self.http = server, token, server.client(token)

    def start(self, room):
        return self.http.post("/api/recording/start", json={"roomName": room})

    def stop(self, egress):
        return self.http.post("/api/recording/stop", json={"egressId": egress})

    def status(self, egress):
        return self.http.get("/api/recording/status", params={"egressId": egress})

    def list(self, room, **more):
        return self.http.get("/api/recording/list", params={"roomName": room, **more})

    def delete(self, egress):
        return self.http.post("/api/recording/delete", json={"egressId": egress})


class Room:
    """A Matrix room that a session of a teacher is bound to, with a moderator, a plain member, and somebody outside."""

    def __init__(self, server, home, active=True, **how):
        n = next(numbers)
        until(lambda: server.client().get("/readyz").status_code == 200, "the media engine is there", 30)
        self.server, self.home, self.teacher = server, home, server.person(f"Teacher {n}")
        self.names = {who: f"{who}{n}" for who in ("mod", "plain", "outside")}
        levels = {"users": {f"@mod{n}:hs.test": 50}, "users_default": 0}
        self.id = home.room(f"!room{n}:example.com", (self.names["mod"], self.names["plain"]), **{"levels": levels, **how})
        self.mod, self.plain, self.outside = (Member(server, home.user(self.names[who])) for who in ("mod", "plain", "outside"))
        self.session = self.teacher.session()
        if active:
            assert self.teacher.patch(f"/sessions/{self.session['id']}", {"status": "active"}).status_code == 200
        reply = self.bind(self.id)
        assert (reply.status_code, reply.json()) == (200, {"session_id": self.session["id"], "room_id": self.id})

    def bind(self, room_id, by=None):
        return (by or self.teacher).request("PUT", f"/sessions/{self.session['id']}/matrix-room", json={"room_id": room_id})

    def recorded(self):
        reply = self.mod.start(self.id)
        assert reply.status_code == 200, reply.text
        return reply.json()["egressId"]

    def make_ready(self, egress, files=(("audio", "recording.mp3", "audio/mpeg"),)):
        """Files as the job would leave them; 125 seconds from ten o'clock on."""
        uuid = re.sub(r"egress_(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", egress)
        folder = self.server.data / "recordings" / uuid
        folder.mkdir(parents=True, exist_ok=True)
        with self.server.db() as db:
            (number,) = db.execute("SELECT id FROM recordings WHERE uuid = ?", (uuid,)).fetchone()
        withhold(self.server, number)
        with self.server.db() as db:
            for kind, name, content in files:
                (folder / name).write_bytes(BYTES)
                db.execute("INSERT INTO recording_files (recording_id, kind, name, sink, key, content_type, size_bytes, sha256, duration_ms) VALUES (?, ?, ?, 'local', ?, ?, ?, ?, 125000)",
                           (number, kind, name, f"recordings/{uuid}/{name}", content, len(BYTES), hashlib.sha256(BYTES).hexdigest()))
            db.execute("UPDATE recordings SET status = 'ready', error = NULL, progress = 100, duration_ms = 125000, started_at = 1769767200123, ended_at = 1769767325456 WHERE id = ?", (number,))
        return folder


@pytest.fixture
def room(recorder, home):
    return Room(recorder, home)


def refused(reply, status, code, text):
    assert (reply.status_code, reply.json()) == (status, {"error": text, "code": code}), reply.text


# ---- the document's examples

def test_start(room):
    reply = room.mod.start(room.id)
    assert reply.status_code == 200
    assert reply.json() == {"egressId": reply.json()["egressId"], "status": "started"} and re.fullmatch("egress_[0-9a-f]{32}", reply.json()["egressId"])
    assert room.mod.start(room.id).json() == reply.json()  # it runs: the same one


def test_start_goes_on_with_a_paused_one(room):
    egress = room.recorded()
    (recording,) = room.teacher.get(f"/sessions/{room.session['id']}/recordings").json()["recordings"]
    room.teacher.patch(f"/recordings/{recording['id']}", {"action": "pause"})
    assert room.recorded() == egress
    assert room.teacher.get(f"/recordings/{recording['id']}").json()["status"] == "recording"


@pytest.mark.parametrize("body", [{}, {"roomName": None}, {"roomName": ""}, {"roomName": 5}, {"roomName": "room:example.com"}, {"roomName": "#alias:example.com"}, {"roomName": "!"},
                                  {"roomName": "!a\u0001b:example.com"}, {"roomName": "!" + "x" * 255}, {"roomName": "!" + "ü" * 200}, {"room": "!room:example.com"}])
def test_start_invalid_room_name(room, body):
    refused(room.mod.http.post("/api/recording/start", json=body), 400, "INVALID_REQUEST", "Invalid room name")


def test_stop(room):
    egress = room.recorded()
    for _ in range(2):  # twice is no fault
        reply = room.mod.stop(egress)
        assert (reply.status_code, reply.json()) == (200, {"status": "stopping", "message": "Recording will be processed"})
    (recording,) = room.teacher.get(f"/sessions/{room.session['id']}/recordings").json()["recordings"]
    assert recording["ended_at"]


NOT_THERE = ["egress_abc123", "egress_" + "0" * 32, "x", "egress_" + "A" * 32, "0b5d5f2e-6c0a-4b52-9a0e-5a4f4d6c7b8a"]


@pytest.mark.parametrize("egress", NOT_THERE)
def test_recording_not_found(room, egress):
    for reply in (room.mod.stop(egress), room.mod.status(egress), room.mod.delete(egress)):
        refused(reply, 404, "NOT_FOUND", "Recording not found")


def test_status(room):
    egress = room.recorded()
    running = room.plain.status(egress).json()
    assert running == {"egressId": egress, "status": 0, "rawStatus": "recording", "startedAt": running["startedAt"]} and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", running["startedAt"])
    room.mod.stop(egress)
    assert set(room.plain.status(egress).json()) <= {"egressId", "status", "rawStatus", "startedAt", "endedAt", "error"}
    room.make_ready(egress)
    ready = room.plain.status(egress).json()
    link = ready.pop("downloadUrl")
    assert ready == {"egressId": egress, "status": 1, "rawStatus": "ready", "duration": 125, "startedAt": "2026-01-30T10:00:00Z", "endedAt": "2026-01-30T10:02:05Z"}
    path = re.sub("^http://[^/]*", "", link)
    anybody = room.server.client()
    assert anybody.get(path).content == BYTES and anybody.get(path).headers["content-type"] == "audio/mpeg"
    part = anybody.get(path, headers={"Range": "bytes=0-2"})
    assert (part.status_code, part.content) == (206, b"ID3")
    assert anybody.get(path.replace("signature=", "signature=x")).status_code == 403


def test_status_failed(room):
    """Nobody was in: the job fails, and says why."""
    egress = room.recorded()
    room.mod.stop(egress)
    with room.server.db() as db:
        db.execute("UPDATE jobs SET due_at = 0 WHERE kind = 'compose'")
    failed = until(lambda: (s := room.mod.status(egress).json())["status"] == 2 and s, "it fails", 20)
    assert set(failed) == {"egressId", "status", "rawStatus", "startedAt", "endedAt", "error"} and failed["error"]


def test_status_without_id(room):
    for query in ({}, {"egressId": ""}):
        refused(room.mod.http.get("/api/recording/status", params=query), 400, "INVALID_REQUEST", "Missing egressId parameter")


def test_list(room):
    first = room.recorded()
    room.mod.stop(first)
    room.make_ready(first)
    second = room.recorded()
    reply = room.plain.list(room.id)
    done, running = reply.json()["recordings"]
    assert list(reply.json()) == ["recordings"] and done.pop("downloadUrl").startswith("http")
    assert done == {"egressId": first, "roomName": room.id, "status": 1, "rawStatus": "ready", "duration": 125, "startedAt": "2026-01-30T10:00:00Z", "endedAt": "2026-01-30T10:02:05Z"}
    assert running == {"egressId": second, "roomName": room.id, "status": 0, "rawStatus": "recording", "startedAt": running["startedAt"]}
    assert [r["egressId"] for r in room.plain.list(room.id, skip=1, limit=1).json()["recordings"]] == [second]
    assert room.server.client(room.mod.token).get("/api/recording/list/?roomName=" + room.id.replace("!", "%21").replace(":", "%3A")).json()["recordings"][0]["egressId"] == first


def test_list_of_a_room_with_many_sessions(room):
    """A weekly lesson: each has a session of its own, all of one Matrix room; what the host recorded from the page is there too."""
    first = room.recorded()
    room.teacher.patch(f"/sessions/{room.session['id']}", {"status": "ended"})
    refused(room.mod.start(room.id), 404, "NOT_FOUND", "No call is going on in this room")
    room.session = room.teacher.session()
    room.teacher.patch(f"/sessions/{room.session['id']}", {"status": "active"})
    assert room.bind(room.id).status_code == 200
    assert room.teacher.post(f"/sessions/{room.session['id']}/recordings").status_code == 201
    listed = [r["egressId"] for r in room.mod.list(room.id).json()["recordings"]]
    assert listed[0] == first and len(listed) == 2 and room.recorded() == listed[1]


def test_list_without_room_name(room):
    for query in ({}, {"roomName": ""}):
        refused(room.mod.http.get("/api/recording/list", params=query), 400, "INVALID_REQUEST", "Missing roomName parameter")
    refused(room.mod.list("general"), 400, "INVALID_REQUEST", "Invalid room name")
    refused(room.mod.list(room.id, limit=0), 400, "INVALID_REQUEST", "limit must be at least 1")
    refused(room.mod.list(room.id, skip="x"), 400, "INVALID_REQUEST", "skip cannot be read")


def test_delete(room):
    egress = room.recorded()
    refused(room.mod.delete(egress), 409, "CONFLICT", "The recording is still running or being processed")
    room.mod.stop(egress)
    folder = room.make_ready(egress)
    reply = room.mod.delete(egress)
    assert (reply.status_code, reply.json()) == (200, {"message": "Recording deleted successfully"})
    refused(room.mod.status(egress), 404, "NOT_FOUND", "Recording not found")
    refused(room.mod.delete(egress), 404, "NOT_FOUND", "Recording not found")
    assert room.mod.list(room.id).json() == {"recordings": []}
    until(lambda: not folder.exists(), "the files are erased")
    with room.server.db() as db:  # what is left: a tombstone
        assert db.execute("SELECT count(*) FROM recordings WHERE uuid LIKE ? AND deleted_at IS NOT NULL", (egress[7:15] + "%",)).fetchone() == (1,)


@pytest.mark.parametrize("wanted, name", [("mp3", "recording.mp3"), ("ogg", "recording.ogg"), ("mp4", "recording.mp4")])
def test_format(start_roomd, home, wanted, name):
    """S5's YAML says which of the files is linked to."""
    server = start_roomd(env={"MATRIX_HOMESERVER_URL": home.url, "RECORDING_FORMAT": wanted})
    room = Room(server, home)
    egress = room.recorded()
    room.mod.stop(egress)
    room.make_ready(egress, (("video", "recording.mp4", "video/mp4"), ("audio", "recording.mp3", "audio/mpeg"), ("opus", "recording.ogg", "audio/ogg")))
    with server.db() as db:
        numbered = dict(db.execute("SELECT name, id FROM recording_files").fetchall())
    assert f"/files/{numbered[name]}?" in room.mod.status(egress).json()["downloadUrl"]


def test_the_documents_yaml(start_roomd, tmp_path, home):
    (tmp_path / "doc.yaml").write_text("""livekit:
  url: wss://livekit.implica.ru
  api_key: ${LIVEKIT_API_KEY}
  api_secret: ${LIVEKIT_API_SECRET}

egress:
  output_path: /recordings/{room_name}/{egress_id}
  file_format: mp3
  audio_codec: opus
  bitrate: 128000
""")
    server = start_roomd(args=["--config", str(tmp_path / "doc.yaml")], env={"LIVEKIT_API_KEY": "devkey"})
    assert server.client().get("/healthz").status_code == 200
    (tmp_path / "bad.yaml").write_text("egress:\n  file_format: wav\n")
    done = server.tool("serve", "--config", str(tmp_path / "bad.yaml"), "--listen", "127.0.0.1:0")
    assert done.returncode == 1 and 'RECORDING_FORMAT must be mp3, ogg or mp4, not "wav"' in done.stderr
    done = server.tool("serve", "--listen", "127.0.0.1:0", env={"MATRIX_HOMESERVER_URL": "matrix.example.org"})
    assert done.returncode == 1 and "MATRIX_HOMESERVER_URL must be https://HOST" in done.stderr


# ---- who may

def test_without_a_token(recorder):
    for headers in ({}, {"Authorization": "Basic YTpi"}):
        reply = recorder.client().post("/api/recording/start", json={"roomName": "!room:example.com"}, headers=headers)
        refused(reply, 401, "UNAUTHORIZED", "Not authenticated")
        assert reply.headers["www-authenticate"] == "Bearer"


def test_unknown_token_comes_before_the_body(recorder):
    for token in ("syt_nobody", "x" * 3000, "rk_nokey", "eyJhbGciOiJIUzI1NiJ9.e30.x"):
        refused(Member(recorder, token).http.post("/api/recording/start", content="{"), 401, "UNAUTHORIZED", "Could not validate credentials")


def test_only_members(room, home):
    egress = room.recorded()
    refused(room.outside.start(room.id), 403, "FORBIDDEN", "You are not in this room")
    refused(room.outside.list(room.id), 403, "FORBIDDEN", "You are not in this room")
    refused(room.mod.list("!nosuch:example.com"), 403, "FORBIDDEN", "You are not in this room")
    for reply in (room.outside.status(egress), room.outside.stop(egress), room.outside.delete(egress)):
        refused(reply, 404, "NOT_FOUND", "Recording not found")  # that it exists is none of their business
    for membership in ("leave", "ban", "invite", "knock"):  # power levels are still told to former members
        home.set_member(room.id, room.names["mod"], membership)
        refused(room.mod.start(room.id), 403, "FORBIDDEN", "You are not in this room")
        refused(room.mod.status(egress), 404, "NOT_FOUND", "Recording not found")


def test_power(room):
    egress = room.recorded()
    for reply in (room.plain.start(room.id), room.plain.stop(egress), room.plain.delete(egress)):
        refused(reply, 403, "FORBIDDEN", "Your power level in this room is too low")
    assert room.plain.status(egress).status_code == 200 and room.plain.list(room.id).status_code == 200


def made(by, version, **content):
    return {"sender": by, "content": {"room_version": version, **content}}


ME, OTHER = "@ME:hs.test", "@other:hs.test"
POWERS = [
    ({"users_default": 50}, None, 200), ({"users_default": 49}, None, 403), ({}, None, 403), ({"users": {ME: "75"}}, None, 200), ({"users": {ME: 49}, "users_default": 100}, None, 403),
    ({"users": {}}, made(ME, "12"), 200), ({"users": {}}, made(OTHER, "12", additional_creators=[ME]), 200), ({"users": {}}, made(OTHER, "12"), 403), ({"users": {}}, made(ME, "11"), 403),
    (None, made(ME, "10"), 200), (None, made(OTHER, "10"), 403), ({"users": {}}, {"room_version": "12", "creator": ME}, 200)]


@pytest.mark.parametrize("levels, create, status", POWERS)
def test_where_power_comes_from(recorder, home, levels, create, status):
    """power_levels, their default, and the makers of rooms of version 12, whose ids have no server."""
    room, name = Room(recorder, home), f"me{next(numbers)}"
    levels, create = json.loads(json.dumps([levels, create]).replace("ME", name))
    room.id = home.room(f"!hri1kCzmqLnSLDcqRWi09mVUSpIP4jqMLBfde1J_-{name}", (name,), levels=levels, create=create)
    assert room.bind(room.id).status_code == 200
    assert Member(recorder, home.user(name)).start(room.id).status_code == status


def test_guests(recorder, home):
    token = home.user("visitor", is_guest=True)
    refused(Member(recorder, token).list("!room:example.com"), 403, "FORBIDDEN", "Guests of the homeserver cannot use recordings")


def test_foreign_ids(recorder, home):
    """MATRIX_SERVER_NAME: the homeserver speaks for its own people only."""
    for user_id in ("@eve:elsewhere.test", "@eve:hs.test.evil", "eve:hs.test", "@eve", "", 5, "@" + "x" * 300 + ":hs.test"):
        token = home.user("eve", f"syt_{next(numbers)}", user_id=user_id)
        refused(Member(recorder, token).list("!room:example.com"), 401, "UNAUTHORIZED", "Could not validate credentials")


def test_encrypted_rooms(start_roomd, home):
    server = start_roomd(env={"MATRIX_HOMESERVER_URL": home.url, "RECORDING_ENCRYPTED_ROOMS": "off"})
    room = Room(server, home, encrypted=True)
    refused(room.mod.start(room.id), 403, "FORBIDDEN", "This room is encrypted, and recording such rooms is switched off")
    assert Room(server, home).recorded()


# ---- roomd's own bearers

def test_accounts_of_ours(room, recorder):
    teacher, student, stranger = Member(recorder, room.teacher.token), recorder.person("Student"), recorder.person("Stranger")
    student.join(room.session)
    student, stranger = Member(recorder, student.token), Member(recorder, stranger.token)
    name = room.teacher.get(f"/sessions/{room.session['id']}").json()["room_name"]
    egress = teacher.start(name).json()["egressId"]
    assert teacher.start(room.id).json()["egressId"] == egress
    assert [r["roomName"] for r in teacher.list(name).json()["recordings"]] == [name] and student.list(room.id).json()["recordings"][0]["egressId"] == egress
    assert student.status(egress).json()["status"] == 0
    for reply in (student.stop(egress), student.start(room.id), student.delete(egress), stranger.status(egress), stranger.list(name)):
        refused(reply, 403, "FORBIDDEN", "Not enough permissions")
    assert stranger.list(room.id).json() == {"recordings": []}
    refused(teacher.start("session-nosuch"), 400, "INVALID_REQUEST", "Invalid room name")
    refused(teacher.start("!nosuch:example.com"), 404, "NOT_FOUND", "No call is going on in this room")
    refused(teacher.list("session-nosuch"), 400, "INVALID_REQUEST", "Invalid room name")
    assert teacher.stop(egress).status_code == 200
    assert all(token != room.teacher.token for _, token in room.home.asked)  # never shown to the homeserver


def test_api_key_without_matrix(start_roomd):
    server = start_roomd()
    admin = server.admin()
    until(lambda: server.client().get("/readyz").status_code == 200, "the media engine is there", 30)
    session = admin.session()
    admin.patch(f"/sessions/{session['id']}", {"status": "active"})
    key = Member(server, server.tool("key", "add", "--name", "shop").stdout.strip())
    egress = key.start(session["room_name"]).json()["egressId"]
    assert key.list(session["room_name"]).json()["recordings"][0]["egressId"] == egress
    reply = Member(server, "syt_token").start("!room:example.com")
    refused(reply, 503, "SERVICE_UNAVAILABLE", "No Matrix homeserver is set up here: set MATRIX_HOMESERVER_URL, or call with a bearer of roomd")


def test_unbound_recordings_are_not_for_matrix(room, recorder):
    session = room.teacher.session()
    room.teacher.patch(f"/sessions/{session['id']}", {"status": "active"})
    egress = Member(recorder, room.teacher.token).start(session["room_name"]).json()["egressId"]
    refused(room.mod.status(egress), 404, "NOT_FOUND", "Recording not found")


def test_session_at_another_provider(start_roomd):
    """Its provider records; what that refuses is told in this dialect."""
    daily = FakeDaily()
    server = start_roomd({"PROVIDER": "daily", "DAILY_API_KEY": daily.key, "DAILY_API_BASE_URL": daily.url})
    ada = server.person("Ada")
    session = ada.session()
    ada.patch(f"/sessions/{session['id']}", {"status": "active"})
    member = Member(server, ada.token)
    daily.fault("POST", ".*/recordings/start", 404, body={"error": "not-found", "info": "nobody is in"})
    refused(member.start(session["room_name"]), 502, "RECORDING_FAILED", "Failed to start recording")
    daily.faults.clear()
    egress = member.start(session["room_name"]).json()["egressId"]
    assert daily.recordings and member.status(egress).json()["status"] == 0
    assert member.stop(egress).status_code == 200 and "finished" in daily.recordings.values()
    daily.close()


# ---- binding

def test_binding(room, recorder, admin):
    other = Room(recorder, room.home)
    reply = other.bind(room.id)
    assert (reply.status_code, reply.json()) == (409, {"detail": "This Matrix room is bound to a session of another teacher"})
    assert room.bind(other.id, by=other.teacher).status_code == 403
    assert room.bind("general").json() == {"detail": "Invalid room name"}
    assert recorder.admin().request("PUT", f"/sessions/{other.session['id']}/matrix-room", json={"room_id": room.id}).status_code == 200
    for _ in range(2):
        assert room.bind(None).json() == {"session_id": room.session["id"], "room_id": None}
    told = [e["event_data"] for e in room.teacher.get(f"/sessions/{room.session['id']}/events").json()["events"] if e["event_type"] == "session.bound"]
    assert told == [{"text": room.id}, None] or told == [{"text": room.id}, {}]
    room.bind(None)
    refused(Room(recorder, room.home, active=False).mod.start(room.id), 403, "FORBIDDEN", "You are not in this room")


def test_no_call(recorder, home):
    room = Room(recorder, home, active=False)
    refused(room.mod.start(room.id), 404, "NOT_FOUND", "No call is going on in this room")
    assert room.mod.list(room.id).json() == {"recordings": []}


# ---- the homeserver's faults

FAULTS = [(500, {"errcode": "M_UNKNOWN", "error": "Internal server error"}), (429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 2000}), (502, "<html>Bad Gateway</html>"), (200, "not json"), (200, "[]"),
          (403, "<html>Forbidden by a proxy</html>"), (404, {"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"}), (301, ""), (200, "{" + " " * (5 << 20) + "}")]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: str(f[0]))
def test_faults(start_roomd, home, fault):
    server = start_roomd(env={"MATRIX_HOMESERVER_URL": home.url, "MATRIX_CACHE_SECONDS": "0"})
    member = Member(server, home.user(f"who{next(numbers)}"))
    home.fault = fault
    try:
        reply = member.list("!room:example.com")
    finally:
        home.fault = None
    refused(reply, 503, "SERVICE_UNAVAILABLE", "The Matrix homeserver does not answer; try again in a moment")
    assert reply.headers["retry-after"]


def test_silent_homeserver(start_roomd):
    """Its silence costs its own people some seconds, and nobody else anything; then it is left alone for a second."""
    home = Homeserver()
    server = start_roomd(env={"MATRIX_HOMESERVER_URL": home.url, "MATRIX_TIMEOUT_SECONDS": "3", "MATRIX_CACHE_SECONDS": "0"})
    member, ada = Member(server, home.user("ada")), server.person("Ada")
    home.fault = "silent"
    began, replies = time.monotonic(), []
    many = [threading.Thread(target=lambda: replies.append(Member(server, member.token).list("!room:example.com"))) for _ in range(12)]
    for thread in many:
        thread.start()
    until(lambda: home.asked, "it is asked")
    assert ada.get("/users/me").status_code == 200 and server.client().post("/api/v1/auth/login", data={"username": ada.email, "password": "wrong guess"}).status_code == 401
    assert not replies, "they were answered while the homeserver was silent"
    for thread in many:
        thread.join()
    assert 2.9 < time.monotonic() - began < 12 * 3  # not one after the other
    for reply in replies:
        refused(reply, 503, "SERVICE_UNAVAILABLE", "The Matrix homeserver does not answer; try again in a moment")
    home.fault = None
    home.released.set()
    probe = lambda: Member(server, home.user(f"probe{next(numbers)}")).list("!room:example.com")
    until(lambda: probe().status_code == 403, "it is asked again", every=0.1)  # these questions are counted, too
    home.close()
    refused(probe(), 503, "SERVICE_UNAVAILABLE", "The Matrix homeserver does not answer; try again in a moment")


def test_cache(start_roomd):
    """One whoami and one membership for many polls; the token reaches the homeserver only in its header, and no log."""
    home = Homeserver()
    server = start_roomd(env={"MATRIX_HOMESERVER_URL": home.url, "LOG_LEVEL": "debug", "RATE_LIMITS": "on"})
    room = Room(server, home)
    egress = room.recorded()
    home.asked.clear()
    assert [room.mod.status(egress).status_code for _ in range(20)] == [200] * 20
    assert len(home.asked) == 0
    stranger = Member(server, "syt_stranger")
    assert [stranger.status(egress).status_code for _ in range(5)] == [401] * 5
    assert len(home.asked) == 1
    assert all("syt_" not in path for path, _ in home.asked)
    home.close()
    assert room.mod.status(egress).status_code == 200
    assert "syt_" not in server.log_text() and "did=start" in server.log_text()


def test_token_that_dies(start_roomd, home):
    server = start_roomd(env={"MATRIX_HOMESERVER_URL": home.url})
    room = Room(server, home)
    assert room.plain.http.get("/api/recording/list", params={"roomName": "!other:example.com"}).status_code == 403
    del home.users[room.plain.token]  # signed out; whoami is still believed, the next question is not answered
    for _ in range(2):
        refused(room.plain.list(room.id), 401, "UNAUTHORIZED", "Could not validate credentials")
    egress = room.recorded()
    assert room.mod.status(egress).status_code == 200
    del home.users[room.mod.token]
    refused(room.mod.stop(egress), 401, "UNAUTHORIZED", "Could not validate credentials")  # a change is asked about each time


def test_power_that_is_taken(start_roomd, home):
    server = start_roomd(env={"MATRIX_HOMESERVER_URL": home.url})
    room = Room(server, home)
    egress = room.recorded()
    home.rooms[room.id]["m.room.power_levels", ""] = {"users": {}}
    refused(room.mod.stop(egress), 403, "FORBIDDEN", "Your power level in this room is too low")
    assert room.mod.status(egress).json()["status"] == 0


# ---- the dialect's voice for everything else

def test_other_errors(room, recorder):
    http = room.mod.http
    refused(http.get("/api/recording/start"), 405, "METHOD_NOT_ALLOWED", "Method Not Allowed")
    refused(http.get("/api/recording/nothing"), 404, "NOT_FOUND", "Not Found")
    refused(http.post("/api/recording/start", content="x", headers={"Content-Type": "text/plain"}), 415, "UNSUPPORTED_MEDIA_TYPE", "Unsupported media type")
    bad = http.post("/api/recording/start", content="{")
    assert bad.status_code == 400 and bad.json()["code"] == "INVALID_REQUEST" and bad.json()["error"].startswith("Invalid JSON")
    refused(http.post("/api/recording/start", json=[]), 400, "INVALID_REQUEST", "Request body must be an object")
    refused(http.post("/api/recording/stop", json={}), 400, "INVALID_REQUEST", "egressId is required")
    refused(http.post("/api/recording/stop"), 400, "INVALID_REQUEST", "egressId is required")
    refused(http.post("/api/recording/stop", content=b" " * (1 << 20) + b"{}", headers={"Content-Type": "application/json"}), 413, "REQUEST_TOO_LARGE", "Request body is too large")


# ---- limits: the document's, per Matrix user, also with RATE_LIMITS=off

def test_limits(room, recorder):
    began = time.time()
    reply = room.mod.start(room.id)
    egress = reply.json()["egressId"]
    assert reply.headers["x-ratelimit-limit"] == "10" and reply.headers["x-ratelimit-remaining"] == "9"
    assert began + 50 < int(reply.headers["x-ratelimit-reset"]) <= time.time() + 61  # a unix time, as in the document
    assert [room.mod.start("bad name").headers["x-ratelimit-remaining"] for _ in range(9)] == [str(n) for n in range(8, -1, -1)]
    over = room.mod.start(room.id)
    refused(over, 429, "RATE_LIMITED", "Too many requests; try again later")
    assert 0 < int(over.headers["retry-after"]) <= 60 and over.headers["x-ratelimit-remaining"] == "0" and int(over.headers["x-ratelimit-reset"]) > began
    reads = [room.mod.status(egress).status_code if n % 2 else room.mod.list(room.id).status_code for n in range(62)]
    assert reads == [200] * 60 + [429] * 2
    assert room.plain.status(egress).headers["x-ratelimit-remaining"] == "59"  # another user
    again = Member(recorder, room.home.user(room.names["mod"]))                # another token of the same
    assert again.status(egress).status_code == 429
    assert [room.mod.delete("egress_x").status_code for _ in range(6)] == [404] * 5 + [429]
    assert [room.mod.stop("egress_x").status_code for _ in range(70)] == [404] * 70  # the document has no limit for it


def test_tokens_are_not_tried_by_the_dozen(start_roomd):
    home = Homeserver()
    server = start_roomd(env={"MATRIX_HOMESERVER_URL": home.url, "RATE_LIMITS": "on"})
    client = server.client()
    tried = [client.post("/api/recording/stop", json={}, headers={"Authorization": f"Bearer guess{n}"}).status_code for n in range(130)]
    assert tried == [401] * 120 + [429] * 10 and len(home.asked) == 120
    home.close()


def test_idempotency_key(room):
    key = {"Idempotency-Key": "once"}
    first, again = (room.mod.http.post("/api/recording/start", json={"roomName": room.id}, headers=key) for _ in range(2))
    assert first.json() == again.json() and again.headers["idempotent-replayed"] == "true"
    other = room.plain.http.post("/api/recording/start", json={"roomName": room.id}, headers=key)
    refused(other, 403, "FORBIDDEN", "Your power level in this room is too low")
