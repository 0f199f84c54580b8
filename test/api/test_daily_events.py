"""What Daily.co tells and is asked: people, recordings, its webhook; late, twice, lost, out of order. The stand-in is test/fake_daily.py."""
import base64
import hashlib
import http.client
import json
import os
import random
import subprocess
import threading
import time
import uuid

import httpx
import pytest

from fake_daily import EVENTS, FakeDaily
from harness import BINARY, until

SECRET = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
LONG_AGO = 600  # seconds: longer than Daily's presence may lag
MP4 = random.Random(4).randbytes(300_000)


def settings(daily, **more):
    return {"PROVIDER": "daily", "DAILY_API_KEY": daily.key, "DAILY_API_BASE_URL": daily.url, "PROVIDER_TIMEOUT_SECONDS": "10", "DAILY_WEBHOOK_SECRET": SECRET, "RECONCILE_SECONDS": "1", **more}


def tell_by(daily, server, path="/api/v1/webhooks/daily"):
    status, hook = daily.webhook("POST", [], {"url": f"http://localhost:{server.port}{path}", "hmac": SECRET, "eventTypes": sorted(EVENTS)})
    assert status == 200
    return hook


@pytest.fixture
def daily():
    fake = FakeDaily(hosting=True)
    yield fake
    fake.close()
    assert fake.complaints == []


@pytest.fixture
def house(start_roomd, daily):
    server = start_roomd(settings(daily))
    server.daily = daily
    tell_by(daily, server)
    return server


@pytest.fixture
def ada(house):
    return house.person("Ada Lovelace")


def seats(person, session):
    return {p["user_id"]: p for p in person.get(f"/sessions/{session['id']}/participants").json()}


def attendance(person, session):
    return {p["name"]: p for p in person.get(f"/sessions/{session['id']}/attendance").json()["people"]}


def events(person, session, *kinds):
    return [e["event_type"] for e in person.get(f"/sessions/{session['id']}/events", params={"limit": 100}).json()["events"] if e["event_type"] in kinds]


def status(person, session):
    return person.get(f"/sessions/{session['id']}").json()["status"]


# ---- people

def test_who_comes_and_goes(daily, house, ada):
    grace, s = house.person("Grace Hopper"), ada.session()
    grace.join(s)
    came = int(time.time()) - 60
    teacher = daily.join(s["room_name"], str(ada.id), "Ada Lovelace", at=came, owner=True)
    until(lambda: status(ada, s) == "active", "the teacher opens the session")
    student = daily.join(s["room_name"], str(grace.id), "Grace Hopper", at=came + 10)
    until(lambda: seats(ada, s)[grace.id]["connection_status"] == "joined", "she is in")
    daily.leave(s["room_name"], student, at=came + 40)
    until(lambda: seats(ada, s)[grace.id]["connection_status"] == "left", "she has left")
    assert attendance(ada, s)["Grace Hopper"]["total_seconds"] == 30
    assert seats(ada, s)[ada.id]["connection_status"] == "joined" and attendance(ada, s)["Ada Lovelace"]["spans"][0]["left_at"] is None
    daily.leave(s["room_name"], teacher, at=came + 50)
    until(lambda: attendance(ada, s)["Ada Lovelace"]["total_seconds"] == 50, "the time is Daily's")
    assert events(ada, s, "participant.joined", "participant.left") == ["participant.joined", "participant.joined", "participant.left", "participant.left"]


def test_a_guest_of_somebody_elses(daily, house, ada):
    s = ada.session()
    daily.join(s["room_name"], None, "Daily's own")
    until(lambda: "Daily's own" in attendance(ada, s), "has a seat")
    assert attendance(ada, s)["Daily's own"]["role"] == "student"


def test_what_is_lost_is_asked_for(daily, house, ada):
    s, long_ago = ada.session(), int(time.time()) - LONG_AGO
    stay = daily.join(s["room_name"], str(ada.id), "Ada Lovelace", at=long_ago, tell=False)
    until(lambda: status(ada, s) == "active", "the lost joining is found", 30)
    daily.leave(s["room_name"], stay, at=long_ago + 100, tell=False)
    until(lambda: seats(ada, s)[ada.id]["connection_status"] == "left", "the lost leaving is found", 30)
    until(lambda: attendance(ada, s)["Ada Lovelace"]["total_seconds"] == 100, "and Daily's books say when", 30)


def test_who_is_missing_is_looked_for_soon(start_roomd, daily):
    """Between a person's last moment and the end of their stay are Daily's lag, one round and five seconds, not two rounds."""
    server = start_roomd(settings(daily, RECONCILE_SECONDS="20"))
    daily.fault("GET", "/meetings.*", 503, times=1_000_000)  # its books would tell the leaving too
    ada = server.person("Ada Lovelace")
    s = ada.session()
    ring = lambda: server.client().post("/sessions/webhook/daily", json={"type": "meeting.started", "id": str(uuid.uuid4()), "payload": {"room": s["room_name"]}})  # noqa: E731
    stay = daily.join(s["room_name"], str(ada.id), "Ada Lovelace", at=int(time.time()) - LONG_AGO, tell=False)
    ring()
    until(lambda: status(ada, s) == "active", "she is in", 30)
    daily.leave(s["room_name"], stay, tell=False)
    ring()
    with server.db() as db:
        since = until(lambda: db.execute("SELECT since FROM absences WHERE told = 0").fetchone(), "missing once", 30)[0]
        due = until(lambda: db.execute("SELECT due_at FROM jobs WHERE kind = 'reconcile' AND status = 'waiting' AND due_at > ?", (since,)).fetchone(), "the next round", 30)[0]
        assert seats(ada, s)[ada.id]["connection_status"] == "joined" and 4000 < due - since < 19000
    until(lambda: seats(ada, s)[ada.id]["connection_status"] == "left", "missing twice", 60)


def test_who_was_removed_is_removed_again(daily, house, ada):
    grace, s = house.person("Grace Hopper"), ada.session()
    grace.join(s)
    seat = seats(ada, s)[grace.id]
    assert ada.post(f"/sessions/{s['id']}/participants/{seat['id']}/kick").status_code == 200
    until(lambda: len(daily.ejected) == 1, "put out")
    daily.join(s["room_name"], str(grace.id), "Grace Hopper")
    until(lambda: len(daily.ejected) >= 2 and not daily.people[s["room_name"]], "put out again")
    assert seats(ada, s)[grace.id]["connection_status"] == "kicked"


def test_a_doorbell_is_no_letter(start_roomd, daily):
    server = start_roomd(settings(daily, RECONCILE_SECONDS="20"))
    ada = server.person("Ada Lovelace")
    s = ada.session()
    until(lambda: daily.looks, "the first round")
    daily.join(s["room_name"], str(ada.id), "Ada Lovelace", tell=False)
    lie = {"type": "participant.joined", "id": "x", "payload": {"room": s["room_name"], "session_id": str(uuid.uuid4()), "user_name": "A liar", "joined_at": time.time()}}
    reply = server.client().post("/sessions/webhook/daily", json=lie)
    assert (reply.status_code, reply.json()) == (200, {"received": True})
    until(lambda: status(ada, s) == "active", "roomd has asked long before its next round", 10)
    assert list(attendance(ada, s)) == ["Ada Lovelace"]
    looks, began = len(daily.looks), time.monotonic()
    for n in range(20):
        server.client().post("/sessions/webhook/daily", json={**lie, "id": str(n)})
    assert len(daily.looks) <= looks + 2 + (time.monotonic() - began) / 3  # rounds are three seconds apart, however often it rings


def test_the_session_ends_when_all_have_left(start_roomd, daily):
    server = start_roomd(settings(daily, DEPARTURE_TIMEOUT_SECONDS="5"))
    tell_by(daily, server, "/sessions/webhook/daily")
    ada = server.person("Ada Lovelace")
    s = ada.session()
    stay = daily.join(s["room_name"], str(ada.id), "Ada Lovelace", at=time.time() - 60)
    until(lambda: status(ada, s) == "active", "open")
    daily.leave(s["room_name"], stay, at=time.time() - 30)
    until(lambda: status(ada, s) == "ended", "departed", 15)
    until(lambda: s["room_name"] not in daily.rooms, "and the room is closed")


# ---- recordings

def recorded(daily, ada, **fields):
    """A session with somebody in and a recording that runs."""
    s = ada.session(**fields)
    stay = daily.join(s["room_name"], str(ada.id), "Ada Lovelace")
    until(lambda: status(ada, s) == "active", "open")
    r = ada.post(f"/sessions/{s['id']}/recordings")
    assert r.status_code == 201, r.text
    until(lambda: any(m.instance == r.json()["uuid"] for m in list(daily.made.values())), "Daily records")
    return s, stay, r.json()


def recording(ada, r):
    return ada.get(f"/recordings/{r['id']}").json()


def stop(ada, r):
    assert ada.patch(f"/recordings/{r['id']}", {"action": "stop"}).status_code == 200


def content(ada, r):
    (file,) = recording(ada, r)["files"]
    reply = httpx.get(file["url"])
    assert reply.status_code == 200 and hashlib.sha256(reply.content).hexdigest() == file["sha256"] and len(reply.content) == file["size_bytes"]
    return reply.content


def test_a_recording_is_fetched(daily, house, ada):
    s, _, r = recorded(daily, ada)
    stop(ada, r)
    assert recording(ada, r)["status"] == "processing"
    daily.finish_recording(r["uuid"], MP4, 9)
    until(lambda: recording(ada, r)["status"] == "ready", "ready")
    assert recording(ada, r)["duration_ms"] == 9000 and content(ada, r) == MP4
    assert events(ada, s, "recording.started", "recording.stopped", "recording.ready") == ["recording.started", "recording.stopped", "recording.ready"]
    assert not (house.data / "recordings" / r["uuid"] / "fetch").exists()


def test_a_download_that_breaks_off_goes_on_where_it_was(daily, house, ada):
    _, _, r = recorded(daily, ada)
    stop(ada, r)
    daily.cut = 200_000
    daily.finish_recording(r["uuid"], MP4)
    until(lambda: recording(ada, r)["status"] == "ready", "ready", 20)
    first, second = daily.ranges
    assert first is None and 0 < int(second.removeprefix("bytes=").rstrip("-")) <= 200_000
    assert content(ada, r) == MP4


def test_a_recording_that_failed_says_why(daily, house, ada):
    s, _, r = recorded(daily, ada)
    daily.fail_recording(s["room_name"], r["uuid"], "cloud-recording-error: Error fetching STS credentials")
    until(lambda: recording(ada, r)["status"] == "failed", "failed")
    assert recording(ada, r)["error"] == "cloud-recording-error: Error fetching STS credentials"


def test_ready_is_found_when_nobody_told(daily, house, ada):
    _, _, r = recorded(daily, ada)
    stop(ada, r)
    daily.finish_recording(r["uuid"], MP4, tell=False)
    until(lambda: recording(ada, r)["status"] == "ready", "asked for", 20)
    assert content(ada, r) == MP4


def test_ready_twice_and_started_late(daily, house, ada):
    held = []
    daily.post = lambda event: held.append(event) or []
    s = ada.session()
    daily.join(s["room_name"], str(ada.id), "Ada Lovelace")
    r = ada.post(f"/sessions/{s['id']}/recordings").json()
    until(lambda: any(e["type"] == "recording.started" for e in held), "Daily records")
    stop(ada, r)
    daily.finish_recording(r["uuid"], MP4)
    daily.post = lambda event: [event]
    for event in reversed(held):
        daily.send_all([event, {**event, "id": event["id"] + "-again"}])
    until(lambda: recording(ada, r)["status"] == "ready", "ready")
    assert len(ada.get(f"/sessions/{s['id']}/recordings").json()["recordings"]) == 1 and content(ada, r) == MP4


def test_one_that_a_host_began_at_daily(daily, house, ada):
    s = ada.session()
    daily.join(s["room_name"], str(ada.id), "Ada Lovelace")
    theirs = daily.begin_recording(s["room_name"])
    daily.finish_recording(theirs.instance, MP4)
    until(lambda: [r["status"] for r in ada.get(f"/sessions/{s['id']}/recordings").json()["recordings"]] == ["ready"], "ours too")


def test_a_wished_recording_begins_with_the_first_arrival(daily, house, ada):
    s = ada.session(enable_recording=True)
    assert not daily.made
    daily.join(s["room_name"], str(ada.id), "Ada Lovelace")
    until(lambda: [r["status"] for r in ada.get(f"/sessions/{s['id']}/recordings").json()["recordings"]] == ["recording"], "ours runs", 20)
    assert len(daily.made) == 1


def test_published_in_the_live_sessions_api(daily, house, ada):
    course = str(uuid.uuid4())
    made = ada.http.post("/sessions", json={"title": "JavaScript Basics", "courseId": course, "scheduledAt": "2030-01-01T00:00:00.000Z", "duration": 60})
    assert made.status_code == 201, made.text
    live = made.json()
    stay = daily.join(live["roomName"], str(ada.id), "Ada Lovelace")
    began = ada.http.post("/sessions/recording/start", json={"roomName": live["roomName"]})
    assert began.status_code == 200, began.text
    until(lambda: daily.made, "Daily records")
    (theirs,) = daily.made.values()
    assert ada.http.post("/sessions/recording/stop", json={"recordingId": began.json()["recording"]["id"]}).status_code == 200
    daily.leave(live["roomName"], stay)
    daily.finish_recording(theirs.instance, MP4, 3600)

    def shown():
        return ada.http.get(f"/sessions/{live['_id']}").json()

    until(lambda: shown()["isRecorded"], "isRecorded")
    until(lambda: shown()["status"] == "ended", "ended")
    assert shown()["recordingDuration"] == 3600 and httpx.get(shown()["recordingUrl"]).content == MP4


def test_raw_tracks_come_from_the_bucket(start_roomd, daily):
    server = start_roomd(settings(daily, DAILY_RECORDING_TYPE="raw-tracks", DAILY_RECORDINGS_BUCKET="mine", DAILY_RECORDINGS_REGION="eu-central-1", DAILY_RECORDINGS_ROLE_ARN="arn:aws:iam::1:role/daily",
                                  DAILY_RECORDINGS_ENDPOINT=f"http://127.0.0.1:{daily.port}/bucket", DAILY_RECORDINGS_KEY="AKIAEXAMPLE", DAILY_RECORDINGS_SECRET="secret"))
    tell_by(daily, server)
    ada = server.person("Ada Lovelace")
    s, stay, r = recorded(daily, ada)
    stop(ada, r)
    keys = [f"example/{s['room_name']}/1768018896877-{stay}-cam-{kind}-1768018914565" for kind in ("audio", "video")]
    for n, key in enumerate(keys):
        daily.objects[f"mine/{key}"] = MP4[n:5000]
    daily.finish_recording(r["uuid"], b"", tracks=[{"type": kind, "s3Key": key, "size": 5000 - n} for n, (kind, key) in enumerate(zip(("audio", "video"), keys))])
    until(lambda: recording(ada, r)["status"] == "ready", "ready")
    files = recording(ada, r)["files"]
    assert [(f["kind"], f["name"], f["size_bytes"]) for f in files] == [("track", f"{stay}-cam-{kind}-1768018914565.webm", 5000 - n) for n, kind in enumerate(("audio", "video"))]
    assert daily.rooms[s["room_name"]]["config"]["recordings_bucket"]["bucket_name"] == "mine"


def test_no_file_from_a_private_address(start_roomd, daily):
    """Behind a proxy roomd is reached from outside: what Daily's answer leads to must not be this network."""
    server = start_roomd(settings(daily, TRUST_PROXY="on"))
    tell_by(daily, server)
    ada = server.person("Ada Lovelace")
    _, _, r = recorded(daily, ada)
    stop(ada, r)
    daily.finish_recording(r["uuid"], MP4)
    with server.db() as db:
        until(lambda: "private" in str(db.execute("SELECT error FROM jobs WHERE kind = 'fetch'").fetchone()), "it is refused")
    assert daily.ranges == []


def test_killed_in_the_middle_of_a_file(start_roomd, daily, tmp_path):
    """kill -9 while the film comes: the next start goes on where it broke off, and the film is whole."""
    film = random.Random(5).randbytes(3_000_000)
    server = start_roomd(settings(daily))
    tell_by(daily, server)
    ada = server.person("Ada Lovelace")
    _, _, r = recorded(daily, ada)
    stop(ada, r)
    daily.pause = threading.Event()
    daily.pause_at = 1_000_000
    daily.finish_recording(r["uuid"], film)
    until(lambda: any(f.stat().st_size >= 900_000 for f in server.data.rglob("*") if f.is_file() and r["uuid"] in str(f)), "a third of it is here", 30)
    server.process.kill()
    server.process.wait()
    daily.pause.set()
    daily.pause = None
    server.start()
    until(lambda: recording(ada, r)["status"] == "ready", "ready", 60)
    (file,) = recording(ada, r)["files"]
    assert ada.http.get(f"/api/v1/recordings/{r['id']}/files/{file['id']}").content == film
    assert daily.ranges[0] is None and any(x and int(x[6:-1]) >= 900_000 for x in daily.ranges[1:]), daily.ranges


def test_redirects_are_followed_to_allowed_addresses(daily, house, ada):
    _, _, r = recorded(daily, ada)
    stop(ada, r)
    made = daily.recording_of(r["uuid"])
    daily.redirect = f"http://localhost:{daily.port}/files/{made.id}.mp4?sig=x"
    daily.finish_recording(r["uuid"], MP4)
    until(lambda: recording(ada, r)["status"] == "ready", "ready")


# ---- limits

def test_limits_are_kept_by_waiting(daily, house, ada):
    sessions = [ada.session(max_participants=100) for _ in range(2)]
    began = time.monotonic()

    def guest(n):
        assert house.client().post("/api/v1/sessions/guest-join", json={"room_code": sessions[n % 2]["room_code"], "name": f"Guest {n}"}).status_code == 200

    crowd = [threading.Thread(target=guest, args=(n,)) for n in range(130)]
    for t in crowd:
        t.start()
    for t in crowd:
        t.join()
    assert len(daily.of("POST", "/meeting-tokens")) >= 130 and time.monotonic() - began > 4  # and nothing was complained of


# ---- the webhook

def tool(server, *words, code=0, **env):
    done = subprocess.run([BINARY, "daily", "webhooks", *words, "--data", str(server.data), "--public-url", f"http://localhost:{server.port}"], env={**server.env, **env}, capture_output=True, text=True, cwd=server.folder)
    assert done.returncode == code, done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    return done.stdout, done.stderr


def test_webhooks_by_command(start_roomd, daily):
    server = start_roomd(settings(daily))
    assert tool(server, "list") == ("", "")
    assert "no webhook that leads to" in tool(server, "recreate", code=1)[1]
    (made,) = json.loads("[" + tool(server, "create", "--json")[0].strip()[1:-1] + "]")
    assert made["ours"] and made["state"] == "ACTIVE" and made["retryType"] == "exponential" and "participant.left" in made["eventTypes"] and made["url"].endswith("/api/v1/webhooks/daily")
    assert daily.webhooks[made["uuid"]]["hmac"] == SECRET
    assert "exists" in tool(server, "create", code=1)[1]
    daily.webhooks[made["uuid"]].update(state="FAILED", failedCount=3)
    out, _ = tool(server, "list")
    assert "FAILED" in out and "failed 3" in out
    assert tool(server, "list", "--pattern", "elsewhere.example")[0] == ""
    (again,) = json.loads(tool(server, "recreate", "--json")[0])
    assert again["uuid"] != made["uuid"] and again["state"] == "ACTIVE" and again["failedCount"] == 0 and daily.webhooks[again["uuid"]]["hmac"] == SECRET
    assert "say webhooks list" in tool(server, "destroy", code=2)[1]
    tool(server, "delete", "--pattern", "localhost")
    assert not daily.webhooks
    assert "recvd undefined" in tool(server, "create", "--url", "http://127.0.0.1:1/x", code=1)[1]
    assert "DAILY_API_KEY is not set" in tool(server, "list", code=2, DAILY_API_KEY="", PROVIDER="janus")[1]


def test_doctor_says_how_the_webhook_is(start_roomd, daily):
    server = start_roomd(settings(daily))

    def doctor():
        return subprocess.run([BINARY, "doctor", "--data", str(server.data), "--public-url", f"http://localhost:{server.port}"], env=server.env, capture_output=True, text=True, cwd=server.folder).stdout

    assert "ok    Daily.co answers" in doctor() and "roomd daily webhooks create" in doctor()
    hook = tell_by(daily, server)
    assert "ok    Daily.co's webhook to this server is active" in doctor()
    hook["state"] = "FAILED"
    assert "roomd daily webhooks recreate" in doctor()


def look_again(server):
    with server.db() as db:
        db.execute("UPDATE facts SET number = 0 WHERE name = 'tended daily'")


def test_a_webhook_that_was_given_up_is_noticed(daily, house, ada):
    look_again(house)
    until(lambda: house.metric("daily_webhook_active") == 1, "active")
    (hook,) = daily.webhooks.values()
    hook["state"] = "FAILED"
    look_again(house)
    until(lambda: house.metric("daily_webhook_active") == 0, "noticed", 20)
    assert "daily.webhook_failed" in house.log_text() and hook["state"] == "FAILED"


def test_a_webhook_that_was_given_up_is_revived_and_what_was_missed_found(start_roomd, daily):
    server = start_roomd(settings(daily, DAILY_WEBHOOK_HEAL="on"))
    hook = tell_by(daily, server)
    ada = server.person("Ada Lovelace")
    s, long_ago = ada.session(), int(time.time()) - LONG_AGO
    daily.join(s["room_name"], str(ada.id), "Ada Lovelace", at=long_ago)
    until(lambda: status(ada, s) == "active", "open")
    hook["state"] = "FAILED"
    missed = daily.join(s["room_name"], None, "Missed", at=long_ago + 10)
    daily.leave(s["room_name"], missed, at=long_ago + 20)
    look_again(server)
    until(lambda: hook["state"] == "ACTIVE", "revived", 20)
    until(lambda: "Missed" in attendance(ada, s), "the books are read", 20)
    assert attendance(ada, s)["Missed"]["total_seconds"] == 10


def test_three_refusals_and_daily_gives_up(daily, house, ada):
    """The stand-in's own breaker, as documented."""
    (hook,) = daily.webhooks.values()
    hook["hmac"] = base64.b64encode(b"another secret").decode()
    s = ada.session()
    for n in range(4):
        daily.join(s["room_name"], None, f"P{n}")
    assert hook["state"] == "FAILED" and hook["failedCount"] == 3
    until(lambda: len(attendance(ada, s)) == 4, "found by asking all the same", 20)


# ---- a storm

ROOMS, STAYS, STILL_IN = 2, 2500, 5


def story(daily, rooms, begin):
    """Thousands of stays that the stand-in has in its books; the events in their order, not yet sent."""
    told = []
    daily.post = lambda event: told.append(event) or []
    for room in rooms:
        going = []
        for n in range(STAYS):
            at = begin + n
            while going and going[0][0] <= at:
                left_at, stay = going.pop(0)
                daily.leave(room, stay, at=left_at)
            stay = daily.join(room, f"p{n % 40}" if n % 40 else None, f"P{n % 40}", at=at)
            if n < STAYS - STILL_IN:
                going = sorted([*going, (at + 20 + n * 7 % 90, stay)])
        for left_at, stay in going:
            daily.leave(room, stay, at=left_at)
    daily.post = lambda event: [event]
    return told


def deliver(port, sent):
    """As fast as four connections go."""
    def run(part):
        c = http.client.HTTPConnection("localhost", port, timeout=60)
        for event in part:
            body, stamp = json.dumps(event, separators=(",", ":")).encode(), str(int(time.time() * 1000))
            c.request("POST", "/api/v1/webhooks/daily", body, {"Content-Type": "application/json", "X-Webhook-Signature": FakeDaily.signature(SECRET, stamp, body), "X-Webhook-Timestamp": stamp})
            reply = c.getresponse()
            assert reply.status == 200, reply.read()
            reply.read()

    crowd = [threading.Thread(target=run, args=(sent[n::4],)) for n in range(4)]
    for t in crowd:
        t.start()
    for t in crowd:
        t.join()


def test_a_storm_of_webhooks(start_roomd, daily):
    server = start_roomd(settings(daily, PROVIDER_TIMEOUT_SECONDS="60", DEPARTURE_TIMEOUT_SECONDS="80000"))
    ada = server.person("Ada Lovelace")
    sessions = [ada.session(max_participants=100) for _ in range(ROOMS)]
    begin = int(time.time()) - 7200
    rooms = [s["room_name"] for s in sessions]
    until(lambda: daily.looks, "a round before")
    with server.db() as db:
        db.execute("UPDATE jobs SET due_at = 32503680000000 WHERE kind = 'reconcile'")  # the storm first
    ordered = story(daily, rooms, begin)
    dice = random.Random(10)
    assert len(ordered) >= 9900
    sent = [e for e in ordered if dice.random() >= 0.05]
    sent += [{**e, "id": e["id"] + "-again"} for e in dice.sample(sent, len(sent) // 5)]
    dice.shuffle(sent)
    deliver(server.port, sent)
    with server.db() as db:
        until(lambda: db.execute("SELECT count(*) FROM inbox WHERE state = 'received'").fetchone() == (0,), "all looked at", 300)
        db.execute("UPDATE jobs SET due_at = 0 WHERE kind = 'reconcile'")
    wanted = sorted((p["id"], int(p["joined_at"] * 1000), p["left_at"] and int(p["left_at"] * 1000)) for m in daily.past.values() for p in m["stays"])

    def spans(db):
        return sorted(db.execute("SELECT connection, joined_at, left_at FROM connection_spans").fetchall())

    with server.db() as db:
        until(lambda: spans(db) == wanted, "the state of the ordered stream", 300)
        joined, left = (db.execute("SELECT count(*) FROM events WHERE event_type = ?", [t]).fetchone()[0] for t in ("participant.joined", "participant.left"))
    assert joined == len(wanted) and left == sum(1 for w in wanted if w[2])
    for s in sessions:
        assert sum(p["spans"][-1]["left_at"] is None for p in attendance(ada, s).values()) == STILL_IN
