"""Sessions whose media is with Daily.co: what Daily is asked, when, and what becomes of its refusals. The stand-in is test/fake_daily.py."""
import signal
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from fake_daily import FakeDaily
from harness import DEADLINE, until
from homeserver import Homeserver
from test_recording_api import Room

HOUR = 3600


def settings(daily, **more):
    return {"PROVIDER": "daily", "DAILY_API_KEY": daily.key, "DAILY_API_BASE_URL": daily.url, "PROVIDER_TIMEOUT_SECONDS": "10", **more}


@pytest.fixture
def daily():
    fake = FakeDaily()
    yield fake
    fake.close()
    assert fake.complaints == []


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One roomd with one Daily for all tests that break neither."""
    from harness import Server
    fake = FakeDaily()
    server = Server(tmp_path_factory.mktemp("daily"), settings(fake)).start()
    server.daily = fake
    yield server
    assert server.stop() == 0
    fake.close()
    assert fake.complaints == []


@pytest.fixture
def ada(shared):
    shared.daily.faults.clear()
    with shared.db() as db:
        busy = "SELECT 1 FROM jobs WHERE kind IN ('room_close', 'provider_remove') AND status IN ('waiting', 'running')"
        until(lambda: not db.execute(busy).fetchone(), "what the test before left to be done is done", 40)
    shared.daily.forget()
    return shared.person("Ada Lovelace")


@pytest.fixture
def grace(shared):
    return shared.person("Grace Hopper")


@pytest.fixture
def roomd(start_roomd, daily):
    server = start_roomd(settings(daily, PROVIDER_TIMEOUT_SECONDS="4"))
    server.daily = daily
    return server


def refused(reply, status, detail):
    assert (reply.status_code, reply.json()) == (status, {"detail": detail})
    assert "SECRET-OF-DAILY" not in reply.text


def near(seconds, expected):
    return abs(seconds - expected) < 60


def gone(daily, name):
    return until(lambda: name not in daily.rooms, f"room {name} is closed at Daily")


# ---- create

def test_create_opens_a_room_and_gives_the_teacher_a_token(shared, ada):
    s = ada.session(max_participants=7, enable_chat=False)
    room, token = shared.daily.calls
    assert room.method == "POST" and room.path == "/rooms" and room.body["name"] == s["room_name"] and room.body["privacy"] == "private"
    exp = room.body["properties"].pop("exp")
    assert room.body["properties"] == {"max_participants": 7, "enable_screenshare": True, "enable_chat": False, "start_video_off": True, "start_audio_off": False}
    assert near(exp, time.time() + 4 * HOUR)
    assert token.path == "/meeting-tokens"
    assert near(token.body["properties"].pop("exp"), time.time() + 4 * HOUR)
    assert token.body == {"properties": {"room_name": s["room_name"], "user_name": "Ada Lovelace", "user_id": str(ada.id), "is_owner": True, "enable_screenshare": True}}
    assert s["provider"] == "daily" and s["daily_room_url"] == f"https://example.daily.co/{s['room_name']}"
    assert s["teacher_join_url"].startswith(s["daily_room_url"] + "?t=daily." + s["room_name"])


def test_the_room_outlives_what_is_planned(shared, ada):
    start = int(time.time()) + 48 * HOUR
    ada.session(scheduled_start=start, duration_minutes=90, enable_recording=True)
    properties = shared.daily.calls[0].body["properties"]
    assert properties["exp"] == start + 90 * 60 + 30 * 60 and properties["enable_recording"] == "cloud"


def test_what_is_refused_anyway_is_not_asked_of_daily(shared, ada):
    assert ada.post("/sessions", {"title": "x" * 201}).status_code == 422
    assert shared.client().post("/api/v1/sessions", json={"title": "x"}).status_code == 401
    assert shared.daily.calls == []


@pytest.mark.parametrize("status, body", [(400, {"error": "invalid-request-error", "info": "SECRET-OF-DAILY"}), (401, {"error": "authentication-error"}), (403, {}), (500, "no JSON"), (302, {}),
                                          (503, {"error": "server-error"}), (429, {"error": "rate-limit-error"}), (200, {"no": "url"}), (200, "[]"), (200, "")])
def test_no_room_no_session(shared, ada, status, body):
    shared.daily.fault("POST", "/rooms", status, times=9, body=body)
    refused(ada.post("/sessions", {"title": "t"}), 502, "Failed to create room")
    assert ada.get("/sessions").json()["total"] == 0
    name = shared.daily.calls[0].body["name"]
    until(lambda: shared.daily.of("DELETE", f"/rooms/{name}"), "what may have been made is taken back")


def test_daily_is_asked_again_where_that_is_safe(shared, ada):
    shared.daily.fault("POST", "/rooms", 503)
    shared.daily.fault("POST", "/meeting-tokens", 429, headers={"Retry-After": "1"})
    began = time.monotonic()
    s = ada.session()
    assert time.monotonic() - began > 1  # Retry-After is obeyed
    assert len(shared.daily.of("POST", "/rooms")) == 2 == len(shared.daily.of("POST", "/meeting-tokens")) and s["room_name"] in shared.daily.rooms


def test_a_room_that_was_made_though_the_answer_was_lost_is_taken(shared, ada):
    shared.daily.fault("POST", "/rooms", drop="after")
    s = ada.session()
    calls = [c.method + c.path.replace(s["room_name"], "NAME") for c in shared.daily.calls]
    assert calls[:2] == ["POST/rooms"] * 2 and calls[2] in ("GET/rooms/NAME", "POST/rooms/NAME")  # whether the client or its connection noticed the loss
    assert calls[3:] == ["POST/meeting-tokens"]
    assert s["daily_room_url"] == shared.daily.rooms[s["room_name"]]["url"]


def test_a_long_wish_to_wait_is_a_refusal(shared, ada):
    shared.daily.fault("POST", "/rooms", 429, headers={"Retry-After": "3000"})
    refused(ada.post("/sessions", {"title": "t"}), 502, "Failed to create room")
    assert len(shared.daily.of("POST", "/rooms")) == 1


def test_no_token_no_session_and_no_room(shared, ada):
    shared.daily.fault("POST", "/meeting-tokens", 400)
    refused(ada.post("/sessions", {"title": "t"}), 502, "Failed to create token")
    name = shared.daily.of("POST", "/rooms")[0].body["name"]
    gone(shared.daily, name)
    assert ada.get("/sessions").json()["total"] == 0
    with shared.db() as db:
        until(lambda: not db.execute("SELECT 1 FROM provider_rooms WHERE room_name = ?", [name]).fetchone(), "the note of it is gone")


def test_with_an_idempotency_key(shared, ada):
    key = {"Idempotency-Key": "once"}
    first, again = (ada.post("/sessions", {"title": "t"}, headers=key) for _ in range(2))
    assert first.status_code == again.status_code == 201 and first.json() == again.json() and again.headers["Idempotent-Replayed"] == "true"
    assert len(shared.daily.of("POST", "/rooms")) == 1
    shared.daily.fault("POST", "/rooms", 400)
    other = {"Idempotency-Key": "twice"}
    refused(ada.post("/sessions", {"title": "t"}, headers=other), 502, "Failed to create room")
    assert ada.post("/sessions", {"title": "t"}, headers=other).status_code == 201  # a 5xx is not kept


def test_many_at_once(shared, ada):
    with ThreadPoolExecutor(24) as many:
        sessions = list(many.map(lambda n: ada.session(title=str(n)), range(72)))
    assert len({s["room_name"] for s in sessions}) == 72 and {s["room_name"] for s in sessions} <= set(shared.daily.rooms)
    with shared.db() as db:
        assert db.execute("SELECT count(*) FROM provider_rooms WHERE session_id IS NULL AND room_name IN (SELECT room_name FROM sessions)").fetchone() == (0,)


def test_rooms_are_made_there_too(shared, ada):
    room = ada.post("/rooms", {"name": "Webinar", "room_type": "webinar"})
    assert room.status_code == 201
    assert room.json()["room_url"] == f"https://example.daily.co/{room.json()['livekit_room_name']}" and [c.path for c in shared.daily.calls] == ["/rooms"]
    assert ada.delete(f"/rooms/{room.json()['id']}").status_code == 204 and room.json()["livekit_room_name"] not in shared.daily.rooms


# ---- get and list

def test_a_kept_token_is_given_again_until_shortly_before_it_expires(shared, ada, grace):
    s = ada.session()
    shared.daily.forget()
    path = f"/sessions/{s['id']}"
    assert ada.get(path).json()["teacher_join_url"] == s["teacher_join_url"] and shared.daily.calls == []
    with shared.db() as db:
        (token,) = db.execute("SELECT token FROM provider_grants g JOIN participants p ON p.id = g.participant_id WHERE p.session_id = ?", [s["id"]]).fetchone()
        assert "daily." not in token  # sealed
        db.execute("UPDATE provider_grants SET expires_at = ?", [int(time.time() * 1000) + 300_000])
    fresh = ada.get(path).json()["teacher_join_url"]
    assert fresh != s["teacher_join_url"] and [c.path for c in shared.daily.calls] == ["/meeting-tokens"] and ada.get(path).json()["teacher_join_url"] == fresh
    grace.post(path + "/join")
    shared.daily.forget()
    seen = grace.get(path).json()
    assert seen["teacher_join_url"] == "" and seen["daily_room_url"] == s["daily_room_url"] and shared.daily.calls == []
    assert ada.get("/sessions").json()["sessions"][0]["daily_room_url"] == s["daily_room_url"]


def test_get_says_that_daily_gave_no_token(shared, ada):
    s = ada.session()
    with shared.db() as db:
        db.execute("DELETE FROM provider_grants")
    shared.daily.fault("POST", "/meeting-tokens", 500, times=9)
    refused(ada.get(f"/sessions/{s['id']}"), 502, "Failed to create token")
    shared.daily.faults.clear()
    assert ada.get(f"/sessions/{s['id']}").status_code == 200


# ---- join

def test_join_and_join_by_code(shared, ada, grace):
    s = ada.session(enable_screenshare=False)
    shared.daily.forget()
    joined = grace.post(f"/sessions/{s['id']}/join").json()
    assert joined["join_url"] == f"{s['daily_room_url']}?t={joined['token']}" and joined["room_name"] == s["room_name"]
    (call,) = shared.daily.calls
    assert call.body["properties"]["user_id"] == str(grace.id) and call.body["properties"]["is_owner"] is False and call.body["properties"]["enable_screenshare"] is False
    again = grace.post("/sessions/join-by-code", {"room_code": s["room_code"]}).json()
    assert again == {**joined, "session_id": s["id"]} and len(shared.daily.calls) == 1
    teacher = ada.post(f"/sessions/{s['id']}/join").json()
    assert teacher["join_url"] == s["teacher_join_url"] and len(shared.daily.calls) == 1
    assert ada.get(f"/sessions/{s['id']}").json()["status"] == "active"


def test_a_guest_has_one_seat_and_one_name(shared, ada):
    s = ada.session()
    shared.daily.forget()
    reply = shared.client().post("/api/v1/sessions/guest-join", json={"room_code": s["room_code"], "name": "Guest"})
    assert reply.status_code == 200
    people = ada.get(f"/sessions/{s['id']}/participants").json()
    (call,) = shared.daily.calls
    with shared.db() as db:
        identities = [row[0] for row in db.execute("SELECT identity FROM participants WHERE session_id = ? AND user_id IS NULL", [s["id"]])]
    assert len(people) == 2 and identities == [call.body["properties"]["user_id"]] and call.body["properties"]["user_name"] == "Guest"


def test_no_token_no_seat(shared, ada, grace):
    s = ada.session()
    shared.daily.fault("POST", "/meeting-tokens", 400)
    refused(grace.post(f"/sessions/{s['id']}/join"), 502, "Failed to create token")
    assert ada.get(f"/sessions/{s['id']}").json()["participant_count"] == 1
    assert grace.post(f"/sessions/{s['id']}/join").status_code == 200


def test_who_may_not_join_is_told_without_asking_daily(shared, ada, grace):
    s = ada.session(max_participants=1)
    shared.daily.forget()
    refused(grace.post(f"/sessions/{s['id']}/join"), 400, "Session is full")
    refused(grace.post("/sessions/join-by-code", {"room_code": "AAAAA!"}), 404, "Session not found")
    assert shared.daily.calls == []


def test_a_room_that_daily_has_forgotten_is_opened_again(shared, ada, grace):
    s = ada.session()
    shared.daily.rooms.clear()
    with shared.db() as db:
        db.execute("UPDATE provider_rooms SET expires_at = 1000 WHERE session_id = ?", [s["id"]])
    shared.daily.forget()
    assert grace.post(f"/sessions/{s['id']}/join").json()["join_url"].startswith(s["daily_room_url"])
    assert [c.path for c in shared.daily.calls] == ["/rooms", "/meeting-tokens"] and s["room_name"] in shared.daily.rooms
    with shared.db() as db:
        assert db.execute("SELECT count(*) FROM provider_rooms WHERE room_name = ? AND expires_at > 1000", [s["room_name"]]).fetchone() == (1,)


# ---- kick, end, delete

def test_kick_puts_out_at_daily(shared, ada, grace):
    s = ada.session()
    grace.join(s)
    seat = next(p for p in ada.get(f"/sessions/{s['id']}/participants").json() if p["user_id"] == grace.id)
    shared.daily.fault("POST", r"/rooms/.*/eject", 503, times=1)
    assert ada.post(f"/sessions/{s['id']}/participants/{seat['id']}/kick").json()["connection_status"] == "kicked"
    until(lambda: (s["room_name"], (str(grace.id),), True) in shared.daily.ejected, "put out")
    refused(grace.post(f"/sessions/{s['id']}/join"), 403, "You were removed from this session")


def test_delete_closes_the_room_first(shared, ada, grace):
    s = ada.session()
    grace.join(s)
    shared.daily.forget()
    refused(grace.delete(f"/sessions/{s['id']}"), 403, "Not enough permissions")
    assert shared.daily.calls == []
    shared.daily.fault("DELETE", "/rooms/.*", 400)
    refused(ada.delete(f"/sessions/{s['id']}"), 502, "Failed to delete room")
    assert ada.get(f"/sessions/{s['id']}").status_code == 200
    assert ada.delete(f"/sessions/{s['id']}").status_code == 204 and s["room_name"] not in shared.daily.rooms
    assert ada.get(f"/sessions/{s['id']}").status_code == 404 and len(shared.daily.of("DELETE", "/rooms/.*")) == 2


def test_a_room_that_daily_does_not_know_counts_as_deleted(shared, ada):
    s = ada.session()
    shared.daily.rooms.clear()
    assert ada.delete(f"/sessions/{s['id']}").status_code == 204


@pytest.mark.parametrize("status", ["ended", "cancelled"])
def test_a_session_that_is_over_has_no_room(shared, ada, grace, status):
    s = ada.session()
    shared.daily.fault("DELETE", "/rooms/.*", 500, times=3)  # one call with its tries: the job comes again
    assert ada.patch(f"/sessions/{s['id']}", {"status": status}).status_code == 200
    seen = ada.get(f"/sessions/{s['id']}").json()
    assert seen["teacher_join_url"] == "" and seen["daily_room_url"] == s["daily_room_url"]
    gone(shared.daily, s["room_name"])
    assert ada.patch(f"/sessions/{s['id']}", {"status": "active"}).status_code == 200
    assert grace.post(f"/sessions/{s['id']}/join").status_code == 200 and s["room_name"] in shared.daily.rooms


def test_expiry_closes_the_room(shared, ada):
    s = ada.session(scheduled_start=int(time.time()) + HOUR)
    with shared.db() as db:
        db.execute("UPDATE sessions SET expires_at = 1000 WHERE id = ?", [s["id"]])
    gone(shared.daily, s["room_name"])
    assert ada.get(f"/sessions/{s['id']}").json()["status"] == "ended"


def test_nobody_is_said_to_be_gone_while_daily_does_not_say_so(start_roomd, daily):
    daily.fault("GET", "/presence", 500, times=1000)
    server = start_roomd(settings(daily, EMPTY_TIMEOUT_SECONDS="5", DEPARTURE_TIMEOUT_SECONDS="5", RECONCILE_SECONDS="1"))
    ada = server.person()
    first = ada.session()
    ada.join(first)
    with server.db() as db:
        db.execute("DELETE FROM facts WHERE name = 'looked daily'")  # of before there was a room to ask about
        db.execute("UPDATE sessions SET empty_since = 1000 WHERE id = ?", [first["id"]])
    second = ada.session(scheduled_start=int(time.time()) + HOUR)
    with server.db() as db:
        db.execute("UPDATE sessions SET expires_at = 1000 WHERE id = ?", [second["id"]])
    until(lambda: ada.get(f"/sessions/{second['id']}").json()["status"] == "ended", "the clock has gone round")
    assert ada.get(f"/sessions/{first['id']}").json()["status"] == "active"
    daily.faults.clear()
    until(lambda: ada.get(f"/sessions/{first['id']}").json()["status"] == "ended", "asked, and nobody is in", 20)


# ---- recordings

def test_record_at_daily(shared, ada, grace):
    s = ada.session()
    grace.join(s)
    path = f"/sessions/{s['id']}/recordings"
    shared.daily.forget()
    refused(grace.post(path), 403, "Not enough permissions")
    assert shared.daily.calls == []
    rec = ada.post(path)
    assert rec.status_code == 201 and rec.json()["status"] == "recording"
    start = shared.daily.calls[-1]
    assert start.path == f"/rooms/{s['room_name']}/recordings/start" and start.body == {"type": "cloud", "instanceId": rec.json()["uuid"]}
    refused(ada.post(path), 409, "A recording is already running")
    refused(ada.patch(f"/recordings/{rec.json()['id']}", {"action": "pause"}), 409, "The provider of this session cannot do that")
    assert ada.patch(f"/recordings/{rec.json()['id']}", {"action": "resume"}).json()["status"] == "recording"  # it runs
    shared.daily.fault("POST", ".*/recordings/stop", 503, times=9)
    refused(ada.patch(f"/recordings/{rec.json()['id']}", {"action": "stop"}), 502, "Failed to stop recording")
    assert len(shared.daily.of("POST", ".*/recordings/stop")) > 1  # stopped twice is stopped once
    shared.daily.faults.clear()
    assert ada.get(f"/recordings/{rec.json()['id']}").json()["status"] == "recording"
    stopped = ada.patch(f"/recordings/{rec.json()['id']}", {"action": "stop"}).json()
    assert stopped["status"] == "processing" and shared.daily.recordings[rec.json()["uuid"]] == "finished"
    with shared.db() as db:
        assert db.execute("SELECT count(*) FROM jobs WHERE kind = 'compose'").fetchone() == (0,)


def test_no_recording_at_daily_none_here(shared, ada):
    s = ada.session()
    shared.daily.fault("POST", ".*/recordings/start", 404, body={"error": "not-found", "info": f"room {s['room_name']} does not seem to be hosting a call currently"})
    refused(ada.post(f"/sessions/{s['id']}/recordings"), 502, "Failed to start recording")
    assert ada.get(f"/sessions/{s['id']}/recordings").json()["total"] == 0


def test_a_recording_that_began_though_the_answer_was_lost(shared, ada):
    s = ada.session(enable_recording=True)
    shared.daily.fault("POST", ".*/recordings/start", drop="after")
    assert ada.post(f"/sessions/{s['id']}/recordings").status_code == 201
    assert ada.patch(f"/sessions/{s['id']}", {"status": "ended"}).status_code == 200  # ends with the room, Daily is not asked to stop it
    assert ada.get(f"/sessions/{s['id']}/recordings").json()["recordings"][0]["status"] == "processing"
    gone(shared.daily, s["room_name"])


def test_the_recording_api_records_there_too(start_roomd, daily):
    home = Homeserver()
    server = start_roomd(settings(daily, MATRIX_HOMESERVER_URL=home.url, MATRIX_SERVER_NAME="hs.test", MATRIX_CACHE_SECONDS="0"))
    room = Room(server, home)
    fault = daily.fault("POST", ".*/recordings/start", 503, times=3)
    failed = room.mod.start(room.id)
    assert (failed.status_code, failed.json()) == (502, {"error": "Failed to start recording", "code": "RECORDING_FAILED"}) and fault.left == 0
    egress = room.recorded()
    assert room.recorded() == egress and list(daily.recordings.values()) == ["in-progress"]  # asked for again: the one that runs
    assert room.mod.stop(egress).status_code == 200 and list(daily.recordings.values()) == ["finished"]
    home.close()


def test_tokens_of_rooms_are_roomds_own(shared, ada):
    s = ada.session()
    refused(ada.post(f"/rooms/{s['id']}/token", {"role": "participant"}), 409, "The provider of this session cannot do that")


# ---- /sessions (seed S2): the same, in its words

WHEN = "2035-01-01T10:00:00.000Z"


def live(ada, **more):
    return ada.http.post("/sessions", json={"title": "Algebra I", "courseId": str(uuid.uuid4()), "scheduledAt": WHEN, "duration": 60, **more})


def said(reply, text):
    assert (reply.status_code, reply.json()) == (500, {"message": text})


def test_live_sessions(shared, ada):
    made = live(ada)
    s = made.json()
    assert made.status_code == 201 and s["roomName"].startswith("algebra-i-") and s["roomUrl"] == f"https://example.daily.co/{s['roomName']}"
    assert [(c.path, c.body["name"]) for c in shared.daily.calls] == [("/rooms", s["roomName"])]  # nobody has asked for a token
    assert ada.http.get(f"/sessions/{s['_id']}").json()["roomUrl"] == s["roomUrl"]
    started = ada.http.post("/sessions/recording/start", json={"roomName": s["roomName"]}).json()
    assert shared.daily.recordings[started["recording"]["id"]] == "in-progress"
    assert ada.http.post("/sessions/recording/stop", json={"recordingId": started["recording"]["id"]}).json()["recording"]["status"] == "finished"
    assert shared.daily.recordings[started["recording"]["id"]] == "finished"
    gone = ada.http.delete(f"/sessions/{s['_id']}")
    assert gone.status_code == 200 and gone.json()["message"] == "Live session deleted successfully" and s["roomName"] not in shared.daily.rooms
    assert ada.http.get(f"/sessions/{s['_id']}").status_code == 404


def test_live_sessions_when_daily_refuses(shared, ada):
    s = live(ada).json()
    for path in ("/rooms", "/rooms/.*/recordings/.*"):
        shared.daily.fault("POST", path, 500, times=9)
    shared.daily.fault("DELETE", "/rooms/" + s["roomName"], 500, times=3)
    said(live(ada), "Failed to create Daily.co room")
    said(ada.http.post("/sessions/recording/start", json={"roomName": s["roomName"]}), "Failed to start recording on Daily.co")
    said(ada.http.delete(f"/sessions/{s['_id']}"), "Failed to delete Daily.co room")
    assert ada.http.get(f"/sessions/{s['_id']}").json()["status"] == "scheduled"
    shared.daily.faults.clear()
    started = ada.http.post("/sessions/recording/start", json={"roomName": s["roomName"]}).json()
    shared.daily.fault("POST", "/rooms/.*/recordings/stop", 500, times=9)
    said(ada.http.post("/sessions/recording/stop", json={"recordingId": started["recording"]["id"]}), "Failed to stop recording on Daily.co")
    shared.daily.faults.clear()
    assert ada.http.delete(f"/sessions/{s['_id']}").status_code == 200


# ---- Daily is slow, away, or roomd is

def test_slow(roomd):
    ada = roomd.person()
    hold = threading.Event()
    fault = roomd.daily.fault("POST", "/rooms", hold=hold)
    with ThreadPoolExecutor(1) as one:
        slow = one.submit(ada.post, "/sessions", {"title": "slow"})
        assert fault.met.wait(DEADLINE)
        assert ada.post("/sessions", {"title": "beside"}).status_code == 201  # neither the writer nor the readers wait for Daily
        assert ada.get("/sessions").json()["total"] == 1
        refused(slow.result(15), 502, "Failed to create room")
    hold.set()
    name = roomd.daily.of("POST", "/rooms")[0].body["name"]
    gone(roomd.daily, name) if name in roomd.daily.rooms else until(lambda: roomd.daily.of("DELETE", f"/rooms/{name}"), "taken back")


def test_who_waited_too_long_is_not_kept_waiting(start_roomd, daily):
    server = start_roomd(settings(daily, PROVIDER_THREADS="1", PROVIDER_TIMEOUT_SECONDS="1"))
    ada = server.person()
    hold = threading.Event()
    fault = daily.fault("POST", "/rooms", hold=hold, times=2)
    with ThreadPoolExecutor(3) as three:
        first = three.submit(ada.post, "/sessions", {"title": "1"})
        assert fault.met.wait(DEADLINE)
        others = [three.submit(ada.post, "/sessions", {"title": str(n)}) for n in (2, 3)]
        refused(first.result(15), 502, "Failed to create room")
        replies = [o.result(15) for o in others]
    busy = [r for r in replies if r.status_code == 503]
    assert busy and all(r.status_code in (502, 503) for r in replies) and busy[0].headers["Retry-After"] == "1"
    refused(busy[0], 503, "Too much is waiting for the provider of the media; try again in a moment")
    hold.set()


def test_down_and_back(roomd):
    ada = roomd.person()
    s = ada.session()
    roomd.daily.stop_listening()
    refused(ada.post("/sessions", {"title": "t"}), 502, "Failed to create room")
    refused(ada.delete(f"/sessions/{s['id']}"), 502, "Failed to delete room")
    assert ada.patch(f"/sessions/{s['id']}", {"status": "ended"}).status_code == 200  # ends here at once
    roomd.daily.listen()
    until(lambda: s["room_name"] not in roomd.daily.rooms, "the job has closed the room", 40)


def test_killed_between_the_room_and_the_session(roomd):
    ada = roomd.person()
    hold = threading.Event()
    fault = roomd.daily.fault("POST", "/meeting-tokens", hold=hold)
    with ThreadPoolExecutor(1) as one:
        cut = one.submit(lambda: ada.post("/sessions", {"title": "cut off"}))
        assert fault.met.wait(DEADLINE)
        roomd.process.send_signal(signal.SIGKILL)
        roomd.process.wait(DEADLINE)
        with pytest.raises(httpx.HTTPError):
            cut.result(15)
    hold.set()
    name = roomd.daily.of("POST", "/rooms")[0].body["name"]
    assert name in roomd.daily.rooms
    with roomd.db() as db:  # two minutes later
        db.execute("UPDATE provider_rooms SET created_at = created_at - 120000")
    roomd.start()
    gone(roomd.daily, name)
    with roomd.db() as db:
        until(lambda: not db.execute("SELECT 1 FROM provider_rooms").fetchone(), "and forgotten")


def test_a_write_that_failed_gives_the_room_back(roomd):
    ada = roomd.person()
    forbid, allow = ("ALTER TABLE sessions ADD CONSTRAINT no_sessions CHECK (id < 0) NOT VALID", "ALTER TABLE sessions DROP CONSTRAINT no_sessions") if roomd.on_postgresql else (
        "CREATE TRIGGER no_sessions BEFORE INSERT ON sessions BEGIN SELECT RAISE(ABORT, 'no'); END", "DROP TRIGGER no_sessions")
    with roomd.db() as db:
        db.execute(forbid)
    assert ada.post("/sessions", {"title": "t"}).status_code in (500, 503)
    name = roomd.daily.of("POST", "/rooms")[0].body["name"]
    gone(roomd.daily, name)
    with roomd.db() as db:
        db.execute(allow)
    assert ada.post("/sessions", {"title": "t"}).status_code == 201


# ---- settings

@pytest.mark.parametrize("env, said", [({"PROVIDER": "daily"}, "PROVIDER=daily needs DAILY_API_KEY"), ({"PROVIDER": "daily", "DAILY_API_KEY": "k", "DAILY_API_BASE_URL": "ftp://x"}, "DAILY_API_BASE_URL must be"),
                                       ({"PROVIDER": "zoom"}, "PROVIDER must be janus, livekit or daily")])
def test_settings_that_cannot_work_stop_the_start(server, tmp_path, env, said):
    done = server.tool("serve", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "data"), data=False, env=env)
    assert done.returncode != 0 and said in done.stderr


def test_no_media_engine_for_nobody(roomd):
    assert not (roomd.data / "run" / "janus.pid").exists()
    assert roomd.client().get("/readyz").status_code == 200
    assert "daily-key" not in roomd.log_text()


def test_sessions_of_before_keep_their_provider(start_roomd, daily):
    server = start_roomd()
    ada = server.person()
    here = ada.session()
    server.stop()
    server.env.update(settings(daily))
    server.start()
    ada = type(ada)(server, {"id": ada.id, "email": ada.email, "full_name": ada.name}, server.access_token(ada.id))
    there = ada.session()
    assert until(lambda: (server.data / "run" / "janus.pid").exists(), "Janus runs for the session that is here")
    assert ada.get(f"/sessions/{here['id']}").json()["provider"] == "janus" and ada.join(here).startswith("ey") and ada.join(there).startswith("daily.")
    server.stop()
    for name in ("PROVIDER", "DAILY_API_KEY"):
        del server.env[name]
    server.start()  # and the other way: what is at Daily can be read, and not be joined
    ada = type(ada)(server, {"id": ada.id, "email": ada.email, "full_name": ada.name}, server.access_token(ada.id))
    assert ada.get("/sessions").json()["total"] == 2
    with server.db() as db:
        db.execute("DELETE FROM provider_grants")
    refused(ada.post(f"/sessions/{there['id']}/join"), 502, "Failed to create token")


def test_no_secret_in_the_log(shared, ada):
    ada.session()
    text = shared.log_text()
    assert "daily-key" not in text and "daily.session-" not in text


def test_connections_are_kept(roomd):
    ada = roomd.person()
    for _ in range(10):
        ada.session()
    assert roomd.daily.connections <= 2
