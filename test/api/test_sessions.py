"""Scheduling, reading, changing, deleting and locking sessions."""
import re
import time
import uuid

import pytest

from harness import until

WHEN = "2030-01-01T10:00:00Z"


def test_create_with_nothing_but_a_title(teacher):
    s = teacher.session(title="")
    assert s["title"] == "" and s["description"] is None and s["scheduled_start"] is None
    assert (s["max_participants"], s["duration_minutes"]) == (50, 60)
    assert [s[k] for k in ("enable_recording", "enable_chat", "enable_screenshare", "waiting_room", "allow_guests", "locked")] == [False, True, True, False, True, False]
    assert s["teacher_id"] == teacher.id and s["status"] == "scheduled" and s["participant_count"] == 1
    assert s["actual_start"] is None and s["ended_at"] is None and s["created_at"] == s["updated_at"]
    assert re.fullmatch("[A-Z0-9]{6}", s["room_code"]) and re.fullmatch("session-[0-9a-f]{16}", s["room_name"])
    assert uuid.UUID(s["uuid"]).version == 4 and s["provider"] == "janus"
    assert s["daily_room_url"] == f"http://localhost:{teacher.server.port}/room/{s['room_name']}"
    assert s["teacher_join_url"].startswith(s["daily_room_url"] + "?t=ey")


def test_create_with_everything(teacher):
    fields = {"title": "Ünï\u0007🎓\"\\/", "description": "d" * 100_000, "scheduled_start": "2030-06-01T12:30:00.250+02:00", "max_participants": 100, "duration_minutes": 1440,
              "enable_recording": True, "enable_chat": False, "enable_screenshare": False, "waiting_room": True, "allow_guests": False}
    s = teacher.session(**fields)
    assert {k: s[k] for k in fields} == {**fields, "scheduled_start": "2030-06-01T10:30:00.250Z"}
    assert teacher.get(f"/sessions/{s['id']}").json() == {**s, "teacher_join_url": teacher.get(f"/sessions/{s['id']}").json()["teacher_join_url"]}


@pytest.mark.parametrize("given, shown", [
    ("2030-01-01T10:00:00Z", WHEN), ("2030-01-01T10:00:00", WHEN), ("2030-01-01 10:00", WHEN), ("2030-01-01T12:00:00+02:00", WHEN), ("2030-01-01T05:30:00-0430", WHEN),
    ("2030-01-01", "2030-01-01T00:00:00Z"), (1893492000, WHEN), (1893492000000, WHEN), ("1893492000", WHEN), ("2030-01-01T10:00:00.1239Z", "2030-01-01T10:00:00.123Z"),
    ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"), ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"), ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z")])
def test_times_in(teacher, given, shown):
    assert teacher.session(scheduled_start=given)["scheduled_start"] == shown


@pytest.mark.parametrize("given", ["", "soon", "2030-13-01T00:00:00Z", "2030-02-29", "2030-01-01T24:00:00Z", "2030-01-01T10:00:00+24:00", "2030-01-01T10:00:00Zx", "0000-01-01",
                                   "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", 1e300, -1e15, 3e14, True, [], {}])
def test_no_times(teacher, given):
    reply = teacher.post("/sessions", {"title": "t", "scheduled_start": given})
    assert reply.status_code == 422 and reply.json()["detail"][0]["loc"] == ["body", "scheduled_start"]


def test_by_number_and_by_uuid(teacher, student):
    s = teacher.session()
    student.join(s)
    same = [student.get(f"/sessions/{name}").json() for name in (s["id"], s["uuid"], s["uuid"].upper())]
    assert same[0] == same[1] == same[2] and same[0]["teacher_join_url"] == "" and same[0]["participant_count"] == 2
    for path in ("", "/participants", "/events", "/attendance", "/recordings"):
        assert teacher.get(f"/sessions/{s['uuid']}{path}").status_code == 200
    assert teacher.post(f"/sessions/{s['uuid']}/lock", {}).json()["locked"] is True


@pytest.mark.parametrize("name", ["0", "999999999", "-1", "9" * 36, "abc", "1abc", "1%20", " 1", "0x1", "1.0", "%00", "%ff", "00000000-0000-4000-8000-000000000000", "é"])
def test_no_such_session(teacher, name):
    for method, path in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/join"), ("POST", "/leave"), ("GET", "/participants"), ("POST", "/lock"), ("GET", "/events"),
                         ("GET", "/attendance"), ("POST", "/recordings"), ("GET", "/recordings")]:
        reply = teacher.request(method, f"/sessions/{name}{path}", json={} if method != "GET" else None)
        assert reply.status_code in (404, 422), (method, path, reply.text)
        assert reply.status_code == 422 or reply.json() == {"detail": "Session not found"}


def test_who_may_do_what(teacher, student, stranger, admin):
    s = teacher.session()
    student.join(s)
    at = f"/sessions/{s['id']}"
    member, host = [("GET", at), ("GET", at + "/participants"), ("GET", at + "/recordings")], [
        ("PATCH", at), ("POST", at + "/lock"), ("GET", at + "/events"), ("GET", at + "/attendance"), ("POST", at + "/participants"), ("POST", at + "/participants/1/kick"), ("POST", at + "/recordings"), ("DELETE", at)]
    body = {("POST", at + "/participants"): {"user_id": student.id}}
    for method, path in member + host:
        how = {"json": body.get((method, path), {})} if method in ("POST", "PATCH") else {}
        assert (stranger.request(method, path, **how).status_code, stranger.request(method, path, **how).json()) == (403, {"detail": "Not enough permissions"}), path
        assert student.request(method, path, **how).status_code == (200 if (method, path) in member else 403), path
        assert teacher.http.request(method, "/api/v1" + path, headers={"Authorization": ""}, **how).status_code == 401, path
    for method, path in member + [(m, p) for m, p in host if m == "GET"]:
        assert admin.request(method, path).status_code == 200, path
    assert admin.patch(at, {"title": "by the admin"}).json()["title"] == "by the admin"
    assert admin.delete(at).status_code == 204


def test_list_is_of_ones_own_in_order(server):
    ada, grace = server.person(), server.person()
    made = [ada.session(title=f"no {n}") for n in range(5)]
    other = grace.session()
    ada.join(other)
    whole = ada.get("/sessions").json()
    assert [s["id"] for s in whole["sessions"]] == [s["id"] for s in made] + [other["id"]] and whole["total"] == 6
    assert "teacher_join_url" not in whole["sessions"][0]
    page = ada.get("/sessions", params={"skip": 2, "limit": 3}).json()
    assert [s["title"] for s in page["sessions"]] == ["no 2", "no 3", "no 4"] and page["total"] == 6
    assert ada.get("/sessions", params={"skip": 100}).json() == {"sessions": [], "total": 6}
    assert [s["id"] for s in grace.get("/sessions").json()["sessions"]] == [other["id"]]
    ada.patch(f"/sessions/{made[3]['id']}", {"status": "active"})
    active = ada.get("/sessions?status=active").json()
    assert [s["id"] for s in active["sessions"]] == [made[3]["id"]] and active["total"] == 1
    ada.delete(f"/sessions/{made[0]['id']}")
    assert ada.get("/sessions").json()["total"] == 5


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=1.5", "skip=-1", "skip=", "status=live", "status="])
def test_bad_queries(teacher, query):
    reply = teacher.get("/sessions?" + query)
    assert reply.status_code == 422 and reply.json()["detail"][0]["loc"] == ["query", query.split("=")[0]]


def test_a_filter_that_is_no_text_is_still_one(teacher):
    for bad in ("%FF", "%00", "active%00"):
        reply = teacher.get(f"/sessions?status={bad}")
        assert reply.status_code == 422 and reply.json()["detail"][0]["input"].endswith("\ufffd")


def test_queries_that_are_strange_but_fine(teacher):
    for query in ("limit=100&limit=1", "unknown=1", "skip=9223372036854775807", "skip=99999999999999999999999", "", "&&=&a", "limit=%31", "x=%00", "x=%ff"):
        assert teacher.get("/sessions?" + query).status_code == 200, query


def test_patch_changes_what_is_there_and_nothing_else(teacher):
    s = teacher.session(description="d", scheduled_start=WHEN)
    at = f"/sessions/{s['id']}"
    assert teacher.patch(at, {}).json()["title"] == s["title"]
    changed = teacher.patch(at, {"title": "Algebra II", "max_participants": 1, "enable_chat": False}).json()
    assert (changed["title"], changed["max_participants"], changed["enable_chat"], changed["description"], changed["scheduled_start"]) == ("Algebra II", 1, False, "d", WHEN)
    assert changed["updated_at"] >= s["updated_at"] and changed["created_at"] == s["created_at"]
    cleared = teacher.patch(at, {"description": None, "scheduled_start": None}).json()
    assert cleared["description"] is None and cleared["scheduled_start"] is None
    untouched = teacher.patch(at, dict.fromkeys(["title", "status", "max_participants", "enable_recording", "enable_chat", "duration_minutes", "enable_screenshare", "waiting_room", "allow_guests"])).json()
    assert {k: v for k, v in untouched.items() if k != "updated_at"} == {k: v for k, v in cleared.items() if k != "updated_at"}
    reply = teacher.patch(at, {"title": "never", "max_participants": 0})
    assert reply.status_code == 422 and teacher.get(at).json()["title"] == "Algebra II"


def test_every_status_may_follow_every_other(teacher):
    words = ["scheduled", "active", "ended", "cancelled"]
    for before in words:
        for after in words:
            s = teacher.session()
            at = f"/sessions/{s['id']}"
            first, second = teacher.patch(at, {"status": before}).json(), teacher.patch(at, {"status": after}).json()
            assert (first["status"], second["status"]) == (before, after)
            assert (second["actual_start"] is not None) == ("active" in (before, after))
            assert (second["ended_at"] is not None) == ("ended" in (before, after))
            assert first["actual_start"] is None or first["actual_start"] == second["actual_start"]


def kinds(person, s, **query):
    return [e["event_type"] for e in person.get(f"/sessions/{s['id']}/events", params=query).json()["events"]]


def test_events_tell_it_all(teacher, student):
    s = teacher.session()
    at = f"/sessions/{s['id']}"
    for status in ("active", "ended", "scheduled", "cancelled"):
        teacher.patch(at, {"status": status})
    teacher.patch(at, {"status": "active"})
    teacher.post(at + "/lock", {"locked": True})
    teacher.post(at + "/lock", {"locked": True})
    teacher.post(at + "/lock", {"locked": False})
    seen = [k for k in kinds(teacher, s) if k != "session.updated"]
    assert seen == ["session.created", "participant.added", "session.started", "session.ended", "session.reopened", "session.cancelled", "session.reopened", "session.locked", "session.unlocked"]
    whole = teacher.get(at + "/events").json()
    ids = [e["id"] for e in whole["events"]]
    assert ids == sorted(ids) and whole["total"] == len(ids)
    page = teacher.get(at + "/events?skip=1&limit=2").json()
    assert [e["id"] for e in page["events"]] == ids[1:3] and page["total"] == len(ids)
    assert whole["events"][0] == {**whole["events"][0], "session_id": s["id"], "user_id": teacher.id, "event_data": None}
    assert whole["events"][1]["event_data"]["status"] == "teacher"
    ended = next(e for e in whole["events"] if e["event_type"] == "session.ended")
    assert ended["event_data"] == {"reason": "host", "status": "ended"}


def test_delete(server, teacher, student):
    s = teacher.session()
    token = student.join(s)
    reply = teacher.delete(f"/sessions/{s['id']}")
    assert (reply.status_code, reply.content) == (204, b"")
    for reply in (teacher.get(f"/sessions/{s['id']}"), teacher.delete(f"/sessions/{s['uuid']}"), student.post("/sessions/join-by-code", {"room_code": s["room_code"]})):
        assert (reply.status_code, reply.json()) == (404, {"detail": "Session not found"})
    assert s["id"] not in [x["id"] for x in student.get("/sessions").json()["sessions"]]
    reply = server.client().post("/api/v1/sessions/lookup", json={"token": token})
    assert (reply.status_code, reply.json()) == (401, {"detail": "This join link is not valid any more"})
    with server.db() as db:
        assert db.execute("SELECT status, deleted_at IS NOT NULL FROM sessions WHERE id = ?", (s["id"],)).fetchone() == ("cancelled", 1)


def test_another_room_code(teacher, student):
    s = teacher.session()
    at = f"/sessions/{s['id']}"
    assert student.post(at + "/room-code").status_code == 403
    changed = teacher.post(at + "/room-code").json()
    assert changed["room_code"] != s["room_code"] and len(changed["room_code"]) == 6 and changed["updated_at"] >= s["updated_at"]
    assert student.post("/sessions/join-by-code", {"room_code": s["room_code"]}).status_code == 404
    assert student.post("/sessions/join-by-code", {"room_code": changed["room_code"]}).status_code == 200
    assert "session.code_renewed" in kinds(teacher, s)
    assert teacher.post("/sessions/999999/room-code").status_code == 404


def test_lock_with_and_without_a_body(teacher):
    at = f"/sessions/{teacher.session()['id']}/lock"
    assert teacher.request("POST", at).json()["locked"] is True
    assert teacher.post(at, {"locked": False}).json()["locked"] is False
    assert teacher.post(at, {"locked": "maybe"}).status_code == 422
    assert teacher.post(at, {"locked": None}).status_code == 422


def ago(server, session, **columns):
    """Moves a session's times back, as if it had been made long ago."""
    with server.db() as db:
        for name, seconds in columns.items():
            db.execute(f"UPDATE sessions SET {name} = ? WHERE id = ?", (int((time.time() - seconds) * 1000), session["id"]))


@pytest.mark.parametrize("status, columns, why", [
    ("scheduled", {"expires_at": 1}, "expired"), ("active", {"expires_at": 1}, "expired"), ("active", {"empty_since": 901}, "departed")])
def test_ends_by_itself(server, teacher, status, columns, why):
    s = teacher.session(scheduled_start=int(time.time()) + 3600)
    if status == "active":
        teacher.patch(f"/sessions/{s['id']}", {"status": "active"})
    ago(server, s, **columns)
    over = until(lambda: (r := teacher.get(f"/sessions/{s['id']}").json())["status"] == "ended" and r, "the session ends itself")
    assert over["ended_at"] is not None
    [last] = [e for e in teacher.get(f"/sessions/{s['id']}/events").json()["events"] if e["event_type"] == "session.ended"]
    assert last["event_data"]["reason"] == why and last["user_id"] is None


def test_a_stay_in_time_does_not_end(server, teacher):
    s = teacher.session(scheduled_start=int(time.time()) - 3600)  # an hour long, and half an hour of grace
    other = teacher.session(scheduled_start=int(time.time()) + 60)
    ago(server, other, expires_at=1)
    until(lambda: teacher.get(f"/sessions/{other['id']}").json()["status"] == "ended", "the other has ended")
    assert teacher.get(f"/sessions/{s['id']}").json()["status"] == "scheduled"
