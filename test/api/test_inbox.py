"""The inbox as who looks after the server sees it: set aside, listed, looked at again, from the API and from the command line, beside a running server."""
import json
import os
import time
import uuid

import pytest

from fake_daily import EVENTS, FakeDaily
from harness import Server, until
from recorded import hurry
from test_hooks import ALWAYS, OK, RECEIVED, SECRET, V1, event, room_of, rows, send

LATE = 60


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Daily's events are taken in here, by a stand-in of Daily that says nothing by itself."""
    fake = FakeDaily(hosting=True)
    env = {"PROVIDER": "daily", "DAILY_API_KEY": fake.key, "DAILY_API_BASE_URL": fake.url, "DAILY_WEBHOOK_SECRET": SECRET, "RATE_LIMITS": "off", "DEPARTURE_TIMEOUT_SECONDS": "80000"}
    server = Server(tmp_path_factory.mktemp("inbox"), env).start()
    server.daily = fake
    server.boss = server.admin()
    yield server
    assert server.stop() == 0
    fake.close()


@pytest.fixture(scope="module")
def boss(house):
    return house.boss


@pytest.fixture
def poison(house):
    """A room whose events cannot be written, for a reason that only the database knows."""
    room = f"poison-{uuid.uuid4().hex[:8]}"
    cure = house.refuse("inbox", f"NEW.room_name = '{room}' AND NEW.state IN ('processed', 'waiting')")
    yield room, cure
    cure()


def inbox(boss, **query):
    reply = boss.get("/admin/inbox", params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()


def set_aside(house, room):
    """Tries it until it is set aside."""
    def look():
        hurry(house, "inbox")
        return [r for r in rows(house, room_name=room) if r["state"] == "failed"]
    return until(look, f"what was told of {room} is set aside", LATE)


def settled(house, room, count=1):
    return until(lambda: (r := rows(house, room_name=room)) and len(r) == count and all(x["state"] == "processed" for x in r) and r, f"what was told of {room} is taken in", LATE)


def log_of(person, session):
    return [(e["event_type"], e["event_data"]) for e in person.get(f"/sessions/{session['id']}/events", params={"limit": 1000}).json()["events"]]


def tool(house, *words, code=0):
    done = house.tool("events", *words)
    assert done.returncode == code, done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    return done.stdout, done.stderr


# ---- set aside

def test_what_cannot_be_taken_in_holds_up_nobody(house, boss, poison):
    bad, cure = poison
    ada = house.person("Ada")
    with house.db() as db:  # more of them than are looked at together, before the one that is good
        many = ", ".join(f"('daily', '{bad}-{n}', 'transcript.started', '{bad}', 'received', '{json.dumps(event('transcript.started', bad))}', 0, 0, {int(time.time() * 1000)})" for n in range(120))
        db.execute(f"INSERT INTO inbox (provider, dedupe, event_type, room_name, state, body, encoded, attempts, received_at) VALUES {many}")
    s, good = room_of(ada)
    assert send(house, V1, event("meeting.started", good, meeting_id="m")) == OK
    settled(house, good)
    assert {r["state"] for r in rows(house, room_name=bad)} <= {"received", "failed"} and len(rows(house, room_name=bad)) == 120
    aside = set_aside(house, bad)
    until(lambda: len(set_aside(house, bad)) == 120, "all of them are set aside", LATE)
    assert "a row that cannot be" in aside[0]["error"] and aside[0]["attempts"] == 6 and aside[0]["processed_at"]
    listed = inbox(boss, state="failed", room_name=bad, limit=100)
    assert len(listed["events"]) == 100 and listed["set_aside"] >= 120 and listed["events"][0]["id"] > listed["events"][-1]["id"] == listed["next"]
    rest = inbox(boss, state="failed", room_name=bad, limit=100, before=listed["next"])
    assert len(rest["events"]) == 20 and rest["next"] is None and rest["events"][0]["id"] < listed["next"]
    assert house.metric("inbox_set_aside_total") >= 120 and house.metric("inbox_set_aside") >= 120
    doctor = house.tool("doctor")
    assert doctor.returncode == 1 and "are set aside: roomd events list --set-aside says why" in doctor.stdout
    _, err = tool(house, "replay", "--room", bad, "--wait", "2", code=1)
    assert "were not looked at within 2 s" in err or "set aside again" in err
    until(lambda: len(set_aside(house, bad)) == 120, "they are poison still", LATE)
    cure()
    out, _ = tool(house, "replay", "--set-aside", "--room", bad, "--wait", "30")
    assert out == "120 were looked at again\n"
    assert len(settled(house, bad, 120)) == 120
    until(lambda: house.metric("inbox_set_aside") == len(rows(house, state="failed")), "the gauge follows")


def test_what_cannot_be_read_is_set_aside_at_once_and_told(house, boss):
    ada = house.person("Ada")
    s, room = room_of(ada)
    assert send(house, V1, {"version": "1.0.0", "id": "ev-x", "payload": {"room": room}, "event_ts": 1}) == OK  # of no type
    [row] = until(lambda: rows(house, room_name=room, state="failed"), "it is set aside")
    assert row["attempts"] == 1 and row["error"]
    [(_, told)] = [e for e in log_of(ada, s) if e[0] == "provider.event_set_aside"]
    assert told == {"text": "daily", "error": row["error"]}
    shown = boss.get(f"/admin/inbox/{row['id']}").json()
    assert (shown["state"], shown["error"], shown["body"], shown["encoded"]) == ("failed", row["error"], row["body"], False) and shown["size_bytes"] == len(row["body"])
    again = boss.post(f"/admin/inbox/{row['id']}/replay").json()
    assert (again["state"], again["error"], again["attempts"]) == ("received", None, 0) and again["replayed_at"]
    until(lambda: rows(house, id=row["id"], state="failed"), "it can be read no better")
    assert [e[0] for e in log_of(ada, s)].count("provider.event") == 1, "the log was told of it before"


# ---- again

def test_looking_again_changes_nothing_that_was_done(house, boss):
    ada, grace = house.person("Ada"), house.person("Grace")
    s = ada.session()
    grace.join(s)
    hook = house.daily.webhook("POST", [], {"url": f"http://localhost:{house.port}{V1}", "hmac": SECRET, "eventTypes": sorted(EVENTS)})[1]
    came = int(time.time()) - 600
    stays = [house.daily.join(s["room_name"], str(p.id), p.name, at=came + n * 10) for n, p in enumerate((ada, grace, ada))]
    for n, stay in enumerate(stays):
        house.daily.leave(s["room_name"], stay, at=came + 100 + n * 50)
    house.daily.webhooks.pop(hook["uuid"])
    total = lambda: [p["total_seconds"] for p in ada.get(f"/sessions/{s['id']}/attendance").json()["people"]]
    until(lambda: total() == [200, 140], "all of it is taken in", LATE)
    until(lambda: not rows(house, room_name=s["room_name"], state="received"), "and looked at")
    before = ada.get(f"/sessions/{s['id']}/attendance").json(), log_of(ada, s), ada.get(f"/sessions/{s['id']}/participants").json()
    assert tool(house, "replay", "--room", s["room_name"], "--dry-run")[0] == f"{len(rows(house, room_name=s['room_name']))} would be looked at again\n"
    for _ in range(2):
        tool(house, "replay", "--room", s["room_name"], "--wait", "30")
    now = ada.get(f"/sessions/{s['id']}/attendance").json(), log_of(ada, s), ada.get(f"/sessions/{s['id']}/participants").json()
    assert now == before


def test_a_session_that_was_opened_anew_is_not_ended_by_an_old_event(house, boss):
    ada = house.person("Ada")
    s, room = room_of(ada)
    assert send(house, ALWAYS, {"type": "room.exp", "room": room}) == RECEIVED
    until(lambda: ada.get(f"/sessions/{s['id']}").json()["status"] == "ended", "the session is over")
    assert ada.patch(f"/sessions/{s['id']}", {"status": "scheduled"}).status_code == 200
    tool(house, "replay", "--room", room, "--wait", "30")
    assert ada.get(f"/sessions/{s['id']}").json()["status"] == "scheduled"


def test_what_came_before_its_session_was_known_is_told_when_it_is_looked_at_again(house, boss):
    ada = house.person("Ada")
    room = f"later-{uuid.uuid4().hex[:8]}"
    assert send(house, V1, event("transcript.started", room)) == OK
    assert settled(house, room)[0]["error"] == "no session has this room"
    s = ada.session()
    with house.db() as db:
        db.execute("UPDATE sessions SET room_name = ? WHERE id = ?", (room, s["id"]))
    [row] = rows(house, room_name=room)
    for _ in range(2):
        assert boss.post(f"/admin/inbox/{row['id']}/replay").status_code == 200
        until(lambda: rows(house, room_name=room, state="processed"), "it is looked at again")
    assert rows(house, room_name=room)[0]["error"] is None
    assert [e[0] for e in log_of(ada, s)].count("provider.event") == 1


def test_a_range_by_the_api(house, boss):
    room = f"range-{uuid.uuid4().hex[:8]}"
    for kind in ("transcript.started", "transcript.error", "transcript.started"):
        assert send(house, V1, event(kind, room)) == OK
    told = [r["id"] for r in settled(house, room, 3)]
    since = boss.get(f"/admin/inbox/{told[0]}").json()["received_at"]
    for body, count in (({"room_name": room}, 3), ({"room_name": room, "event_type": "transcript.error"}, 1), ({"from_id": told[1], "to_id": told[2], "provider": "daily"}, 2),
                        ({"room_name": room, "since": since, "until": "2999-01-01T00:00:00Z"}, 3), ({"room_name": room, "until": since}, 0), ({"room_name": room, "state": "failed"}, 0)):
        reply = boss.post("/admin/inbox/replay", body)
        assert (reply.status_code, reply.json()) == (200, {"count": count, "last_id": None}), body
        settled(house, room, 3)
    assert [e["id"] for e in inbox(boss, room_name=room)["events"]] == told[::-1]
    assert inbox(boss, room_name=room, before=1)["events"] == [] and [e["id"] for e in inbox(boss, room_name=room, event_type="transcript.error", provider="daily", since=since)["events"]] == [told[1]]


def test_more_than_a_thousand_in_steps(house, boss):
    room = f"many-{uuid.uuid4().hex[:8]}"
    with house.db() as db:
        for part in range(3):
            many = ", ".join(f"('daily', '{room}-{part}-{n}', 'x', '{room}', 'processed', '{json.dumps(event('transcript.started', room))}', 0, 1, 9, 9)" for n in range(700))
            db.execute(f"INSERT INTO inbox (provider, dedupe, event_type, room_name, state, body, encoded, attempts, received_at, processed_at) VALUES {many}")
    first = boss.post("/admin/inbox/replay", {"room_name": room}).json()
    assert first["count"] == 1000 and first["last_id"]
    assert boss.post("/admin/inbox/replay", {"room_name": room, "from_id": first["last_id"] + 1}).json()["count"] == 1000
    until(lambda: not rows(house, room_name=room, state="received"), "they are looked at", LATE)
    left = len(rows(house, room_name=room))  # so old that what was looked at may be swept meanwhile
    assert tool(house, "replay", "--room", room, "--dry-run", "--json")[0] == json.dumps({"count": left, "dry_run": True}, separators=(",", ":")) + "\n"


def test_what_was_not_signed_is_never_believed(house, boss):
    ada = house.person("Ada")
    s, room = room_of(ada)
    assert send(house, ALWAYS, event("room.exp", room), signed=False) == RECEIVED
    [row] = rows(house, room_name=room)
    no = "This was not signed, and is never believed"
    assert (lambda r: (r.status_code, r.json()))(boss.post(f"/admin/inbox/{row['id']}/replay")) == (409, {"detail": no})
    assert boss.post("/admin/inbox/replay", {"state": "unverified"}).status_code == 409
    assert boss.post("/admin/inbox/replay", {"room_name": room}).json()["count"] == 0
    assert no in tool(house, "replay", str(row["id"]), code=1)[1]
    assert rows(house, room_name=room)[0]["state"] == "unverified" and ada.get(f"/sessions/{s['id']}").json()["status"] == "scheduled"


# ---- who may, and what is said of what is wrong

def test_only_administrators(house, boss):
    ada = house.person("Ada")
    for method, path in (("GET", "/admin/inbox"), ("GET", "/admin/inbox/1"), ("POST", "/admin/inbox/1/replay"), ("POST", "/admin/inbox/replay")):
        body = {"json": {}} if path.endswith("inbox/replay") else {}
        assert ada.request(method, path, **body).status_code == 403, path
        assert house.client().request(method, "/api/v1" + path, **body).status_code == 401, path
    missing = "There is no such event of a provider; they are kept for INBOX_DAYS"
    for reply in (boss.get("/admin/inbox/999999"), boss.post("/admin/inbox/999999/replay")):
        assert (reply.status_code, reply.json()) == (404, {"detail": missing})
    assert boss.get("/admin/inbox", params={"state": "lost"}).status_code == 422
    key = boss.post("/api-keys", {"name": "looks only", "scope": "inbox:read"}).json()["key"]
    looks = house.client(key)
    assert looks.get("/api/v1/admin/inbox").status_code == 200 and looks.post("/api/v1/admin/inbox/replay", json={}).status_code == 403


def test_the_command_says_what_is_wrong(house, boss):
    for words, says in ((["replay"], "say which"), (["replay", "--all", "7"], "either numbers"), (["list", "--state", "lost"], "--state is one of"), (["list", "--since", "soon"], "--since is a time"),
                        (["replay", "--from", "x"], "are numbers"), (["show"], "say which"), (["show", "x"], "say which"), (["forget"], "say tail, list, show or replay"),
                        (["list", "--limit", "0"], "--limit is a number"), (["replay", "--set-aside", "--state", "waiting"], "either --state"), (["replay", "--all", "--wait", "x"], "--wait is")):
        assert says in tool(house, *words, code=2)[1], words
    assert "no such event" in tool(house, "show", "999999", code=1)[1] and "no such event" in tool(house, "replay", "999999", code=1)[1]
    out, _ = tool(house, "--help")
    for word in ("tail", "list", "show", "replay", "--set-aside", "--dry-run", "--wait"):
        assert word in out


def test_list_and_show(house, boss):
    room = f"shown-{uuid.uuid4().hex[:8]}"
    told = event("transcript.started", room)
    assert send(house, V1, told) == OK
    [row] = settled(house, room)
    out, _ = tool(house, "list", "--room", room)
    assert out.split()[0] == str(row["id"]) and "transcript.started" in out and "processed" in out and "no session has this room" in out
    [listed] = [json.loads(line) for line in tool(house, "list", "--room", room, "--json")[0].splitlines()]
    assert listed == boss.get("/admin/inbox", params={"room_name": room}).json()["events"][0]
    out, _ = tool(house, "show", str(row["id"]))
    assert json.loads(out.splitlines()[-1]) == told and "processed: Done with." in out
    assert json.loads(json.loads(tool(house, "show", str(row["id"]), "--json")[0])["body"]) == told
    assert "--limit shows more" in tool(house, "list", "--limit", "1")[1]


def test_without_a_server_it_says_so(start_roomd):
    server = start_roomd({"DAILY_WEBHOOK_SECRET": SECRET})
    assert send(server, V1, event("transcript.started", "nowhere")) == OK
    until(lambda: rows(server, state="processed"), "it is looked at")
    assert server.stop() == 0
    assert "does `roomd serve` run" in tool(server, "replay", "--all", "--wait", "1", code=1)[1]
    assert rows(server)[0]["state"] == "received"
    server.start()
    until(lambda: rows(server, state="processed"), "the next one looks at it")


def test_what_was_looked_at_is_kept_for_some_days_and_what_is_set_aside_longer(start_roomd):
    server = start_roomd({"DAILY_WEBHOOK_SECRET": SECRET, "INBOX_DAYS": "2"})
    day, now = 86400000, int(time.time() * 1000)
    with server.db() as db:
        old = ", ".join(f"('daily', '{n}', '{state}', '{{}}', 0, 1, {now - days * day - 1000})" for n, (state, days) in enumerate([("processed", 2), ("processed", 1), ("failed", 2), ("failed", 365), ("waiting", 3)]))
        db.execute(f"INSERT INTO inbox (provider, dedupe, state, body, encoded, attempts, received_at) VALUES {old}")
    assert send(server, V1, event("transcript.started", "nowhere")) == OK
    until(lambda: sorted(r["state"] for r in rows(server)) == ["failed", "processed", "processed"], "what is too old is gone")
