"""/api/recording/ws: who is told how a recording stands, and when not any more."""
import json
import re
import struct
import time
import urllib.parse

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from harness import DEADLINE, until
from homeserver import Homeserver
from test_recording_api import Room, home, recorder, room  # noqa: F401: fixtures


class Watcher:
    def __init__(self, server, bearer=None, query="", first=None):
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        self.server = server
        self.ws = connect(server.url.replace("http", "ws") + "/api/recording/ws" + query, additional_headers=headers, open_timeout=DEADLINE, close_timeout=2, proxy=None, legacy=True)
        if first is not None:
            self.ws.send(first)

    def next(self):
        message = json.loads(self.ws.recv(timeout=DEADLINE))
        if message.get("type") == "status_update":
            self.server.contract.check({"$ref": "#/components/schemas/recording_update"}, message)
        return message

    def closed(self):
        try:
            while True:
                self.ws.recv(timeout=DEADLINE)
        except ConnectionClosed:
            return self.ws.close_code


def finish(room, egress):
    """The job is due at once. Where nobody was in it cannot make a file."""
    room.mod.stop(egress)
    with room.server.db() as db:
        db.execute("UPDATE jobs SET due_at = 0 WHERE kind = 'compose'")


def test_life_of_a_recording(room):
    watchers = [Watcher(room.server, room.mod.token), Watcher(room.server, query=f"?access_token={room.plain.token}"), Watcher(room.server, room.teacher.token)]
    egress = room.recorded()
    update = {"type": "status_update", "egressId": egress}
    for w in watchers:
        assert w.next() == {**update, "status": 0}
    finish(room, egress)
    for w in watchers:
        assert w.next() == {**update, "status": 0}
        failed = w.next()
        assert failed.pop("error") and failed == {**update, "status": 2}


def lay_down_voice(room, seconds=3):
    """A track as Janus writes it: silence of somebody who was in since the beginning, which is moved back that far."""
    with room.server.db() as db:
        number, uuid, started = db.execute("SELECT id, uuid, started_at FROM recordings WHERE status = 'recording' AND session_id = ?", (room.session["id"],)).fetchone()
        started -= seconds * 1000
        db.execute("UPDATE recordings SET started_at = ? WHERE id = ?", (started, number))
        db.execute("UPDATE recording_spans SET started_at = ? WHERE recording_id = ?", (started, number))
    header = json.dumps({"t": "a", "c": "opus", "d": "mic", "s": started * 1000, "u": started * 1000}).encode()
    packets = [b"MEET" + struct.pack(">IH", n * 20, 15) + struct.pack(">BBHII", 0x80, 111, n, n * 960, 1) + b"\xf8\xff\xfe" for n in range(seconds * 50)]
    raw = room.server.data / "recordings" / uuid / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    (raw / f"videoroom-1-user-nobody-{started}-audio-0.mjr").write_bytes(b"MJR00002" + struct.pack(">H", len(header)) + header + b"".join(packets))


def test_ready_has_the_link(room):
    """The whole way: recorded, stopped, made into an mp3, told, fetched by the link alone."""
    egress = room.recorded()
    lay_down_voice(room)
    watcher = Watcher(room.server, room.plain.token)
    finish(room, egress)
    assert watcher.next() == {"type": "status_update", "egressId": egress, "status": 0}
    ready = watcher.next()
    link = ready.pop("downloadUrl", None)
    assert ready == {"type": "status_update", "egressId": egress, "status": 1}, ready
    file = room.server.client().get(re.sub("^http://[^/]*", "", link))
    assert file.headers["content-type"] == "audio/mpeg" and len(file.content) > 1000
    status = room.plain.status(egress).json()
    assert status["status"] == 1 and 2 <= status["duration"] <= 5 and status["endedAt"] > status["startedAt"]


def test_first_message(room):
    watcher = Watcher(room.server, first=json.dumps({"access_token": room.plain.token}))
    assert watcher.next() == {"type": "authenticated"}
    egress = room.recorded()
    assert watcher.next() == {"type": "status_update", "egressId": egress, "status": 0}
    watcher.ws.send("whatever")  # passed over
    finish(room, egress)
    assert [watcher.next()["status"] for _ in range(2)] == [0, 2]


def test_nothing_is_missed_while_the_homeserver_is_asked(start_roomd):
    home = Homeserver()
    server = start_roomd(env={"MATRIX_HOMESERVER_URL": home.url})
    room = Room(server, home)
    other = Room(server, home)
    home.fault = lambda handler: (home.released.wait(DEADLINE), home.answer(urllib.parse.urlsplit(handler.path), handler.headers["Authorization"][7:]))[1]
    watcher = Watcher(server, room.plain.token)
    until(lambda: (path := [p for p, _ in home.asked][-1:]) and path[0].endswith("whoami"), "it is asked who this is")
    for r in (other, room):
        assert r.teacher.post(f"/sessions/{r.session['id']}/recordings").status_code == 201
    home.fault = None
    home.released.set()
    update = watcher.next()
    listed = room.mod.list(room.id).json()["recordings"]
    assert update == {"type": "status_update", "egressId": listed[0]["egressId"], "status": 0}
    home.close()


@pytest.mark.parametrize("how", [{"bearer": "syt_nobody"}, {"query": "?access_token=rk_nokey"}, {"first": '{"access_token": "syt_nobody"}'}, {"bearer": "eyJ.x.y"}])
def test_unknown_tokens(recorder, how):
    watcher = Watcher(recorder, **how)
    assert watcher.next() == {"error": "Could not validate credentials", "code": "UNAUTHORIZED"}
    assert watcher.closed() == 4401


@pytest.mark.parametrize("first", ["{}", "nonsense", '{"access_token": 5}', "[]"])
def test_first_message_that_says_nothing(recorder, first):
    assert Watcher(recorder, first=first).closed() == 4401


def test_who_says_nothing(recorder):
    began = time.monotonic()
    assert Watcher(recorder).closed() == 4401 and 4 < time.monotonic() - began


def test_only_for_rooms_one_is_in(room, recorder, home):
    """Who is outside hears nothing of it, nor who left; what comes next for them shows that it was not just late."""
    other = Room(recorder, home)
    home.rooms[other.id]["m.room.member", f"@{room.names['outside']}:hs.test"] = {"membership": "join"}
    outside, leaver, stranger = Watcher(recorder, room.outside.token), Watcher(recorder, room.plain.token), Watcher(recorder, recorder.person("Eve").token)
    egress = room.recorded()
    assert leaver.next()["egressId"] == egress
    home.set_member(room.id, room.names["plain"], "leave")
    home.rooms[other.id]["m.room.member", f"@{room.names['plain']}:hs.test"] = {"membership": "join"}
    room.mod.stop(egress)
    second = other.recorded()
    assert outside.next()["egressId"] == second and leaver.next()["egressId"] == second
    with pytest.raises(TimeoutError):
        stranger.ws.recv(timeout=0.2)


def test_token_that_dies(room, home):
    watcher = Watcher(room.server, room.plain.token)
    egress = room.recorded()
    assert watcher.next()["status"] == 0
    del home.users[room.plain.token]
    room.mod.stop(egress)
    assert watcher.next()["code"] == "UNAUTHORIZED" and watcher.closed() == 4401


def test_homeserver_that_is_away(start_roomd):
    home = Homeserver()
    server = start_roomd(env={"MATRIX_HOMESERVER_URL": home.url, "MATRIX_CACHE_SECONDS": "0"})
    room = Room(server, home)
    watcher = Watcher(server, first=json.dumps({"access_token": room.mod.token}))
    assert watcher.next() == {"type": "authenticated"}
    home.fault = (500, {"errcode": "M_UNKNOWN"})
    late = Watcher(server, room.mod.token)
    assert late.next()["code"] == "SERVICE_UNAVAILABLE" and late.closed() == 1013
    assert room.teacher.post(f"/sessions/{room.session['id']}/recordings").status_code == 201  # this update is lost
    until(lambda: sum(1 for p, _ in home.asked if p.endswith("whoami")) >= 3, "it was asked about it")
    home.fault = None
    (egress,) = [r["egressId"] for r in room.mod.list(room.id).json()["recordings"]]
    finish(room, egress)
    assert [watcher.next()["status"] for _ in range(2)] == [0, 2]
    home.close()


def test_without_a_homeserver(start_roomd):
    server = start_roomd()
    watcher = Watcher(server, "syt_token")
    assert "MATRIX_HOMESERVER_URL" in watcher.next()["error"] and watcher.closed() == 1013


def test_restart_says_goodbye(start_roomd):
    home = Homeserver()
    server = start_roomd(env={"MATRIX_HOMESERVER_URL": home.url})
    watcher = Watcher(server, first=json.dumps({"access_token": home.user("ada")}))
    assert watcher.next() == {"type": "authenticated"}
    assert server.stop() == 0
    assert watcher.closed() == 1012
    home.close()


def test_no_websocket(recorder):
    reply = recorder.client().get("/api/recording/ws")
    assert reply.status_code in (400, 426) and reply.json()["code"] == "INVALID_REQUEST"
