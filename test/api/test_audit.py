"""Who did what, to what, from where. That every change of the whole suite is there once, and no refusal, is judged when a server stops (harness.py)."""
import csv
import io
import json

import pytest

from harness import PASSWORD, Person, until

LOGIN, AUDIT = "/api/v1/auth/login", "/admin/audit"
READING = {"v1_lookup", "v1_door_look", "daily_domain_set"}  # POSTs that change nothing


def entries(admin, **query):
    return admin.get(AUDIT, params={"limit": 1000, **query}).json()["entries"]


def entry(admin, reply):
    """The one about a request."""
    [found] = [e for e in entries(admin) if e["request_id"] == reply.headers["x-request-id"]]
    return found


def test_every_change_is_told_of(server):
    """By the table of routes: what is no reading has a row, but what the inbox keeps."""
    for ways in server.contract.document["paths"].values():
        for method, operation in ways.items():
            name = operation["operationId"]
            reads = method == "get" or name in READING or name.startswith("hook_")
            assert reads or operation.get("x-audit") in ("always", "where something changes", "reading"), name
            assert not name.startswith("hook_") or "x-audit" not in operation, name


def test_who_what_from_where(server, admin, teacher, student):
    made = teacher.http.post("/api/v1/sessions", json={"title": "Algebra"}, headers={"User-Agent": "Lessons/1.0"})
    session = made.json()
    found = entry(admin, made)
    assert found == {"id": found["id"], "at": found["at"], "action": "v1_session_create", "actor": "user", "user_id": teacher.id, "key_id": None, "participant_id": None, "name": None,
                     "subject": "session", "subject_id": str(session["id"]), "ip": "127.0.0.1", "user_agent": "Lessons/1.0", "status": 201, "request_id": made.headers["x-request-id"]}
    seat = teacher.post(f"/sessions/{session['id']}/participants", {"user_id": student.id})
    assert [entry(admin, seat)[k] for k in ("action", "subject", "subject_id")] == ["v1_participant_add", "participant", str(seat.json()["id"])]
    kicked = teacher.post(f"/sessions/{session['id']}/participants/{seat.json()['id']}/kick")
    assert [entry(admin, kicked)[k] for k in ("action", "subject", "subject_id", "status")] == ["v1_participant_kick", "participant", str(seat.json()["id"]), 200]
    guest = server.client().post("/api/v1/sessions/guest-join", json={"room_code": session["room_code"], "name": "Gwen"})
    found = entry(admin, guest)
    assert (found["actor"], found["user_id"], found["subject"], found["subject_id"]) == ("seat", None, "session", str(session["id"])) and found["participant_id"]
    gone = teacher.delete(f"/sessions/{session['uuid']}")
    assert [entry(admin, gone)[k] for k in ("subject_id", "status")] == [session["uuid"], 204]


def test_a_key_is_named(server, admin):
    key = admin.post("/api-keys", {"name": "audited", "scope": "rooms:write audit:read"}).json()
    shop = Person(server, {"id": admin.id, "email": "", "full_name": ""}, key["key"])
    room = shop.http.post("/v1/rooms", json={"name": f"audited-{key['id']}"})
    assert room.status_code == 200, room.text
    found = entry(shop, room)
    assert (found["actor"], found["key_id"], found["user_id"], found["action"], found["subject"], found["subject_id"]) == ("key", key["id"], admin.id, "daily_room_create", "room", f"audited-{key['id']}")
    token = shop.http.post("/v1/meeting-tokens", json={"properties": {"room_name": room.json()["name"]}})
    assert until(lambda: [e for e in entries(shop, key_id=key["id"]) if e["action"] == "daily_token_create"], "who makes tokens is told")
    whole = json.dumps(entries(shop))
    assert token.json()["token"] not in whole and key["key"] not in whole
    assert admin.delete(f"/api-keys/{key['id']}").status_code == 204
    assert [e["subject_id"] for e in entries(admin, subject="key", action="v1_key_revoke")][0] == str(key["id"])


def test_refusals_are_not_there_but_logins_are(admin, anybody, teacher, stranger):
    session = teacher.session()
    before = len(entries(admin, user_id=stranger.id))
    assert stranger.delete(f"/sessions/{session['id']}").status_code == 403
    assert stranger.post("/sessions", {"title": 5}).status_code == 422
    assert len(entries(admin, user_id=stranger.id)) == before
    right = anybody.post(LOGIN, data={"username": teacher.email, "password": PASSWORD})
    wrong = anybody.post(LOGIN, data={"username": teacher.email, "password": "wrong password"})
    nobody = anybody.post(LOGIN, data={"username": "my-password-by-mistake", "password": "x"})
    assert [entry(admin, r)["status"] for r in (right, wrong, nobody)] == [200, 401, 401]
    assert [entry(admin, r)["subject_id"] for r in (right, wrong, nobody)] == [str(teacher.id), str(teacher.id), None]
    assert (entry(admin, right)["actor"], entry(admin, wrong)["actor"]) == ("user", "anybody")
    assert "by-mistake" not in json.dumps(entries(admin)) and PASSWORD not in json.dumps(entries(admin))


def test_accounts(server, admin, anybody):
    made = anybody.post("/api/v1/auth/register", json={"email": "audited@example.org", "password": PASSWORD})
    changed = admin.patch(f"/users/{made.json()['id']}", {"full_name": "Ada"})
    added = admin.post("/users", {"email": "audited2@example.org", "password": PASSWORD})
    assert [(entry(admin, r)["actor"], entry(admin, r)["subject"], entry(admin, r)["subject_id"]) for r in (made, changed, added)] == [
        ("anybody", "user", str(made.json()["id"])), ("user", "user", str(made.json()["id"])), ("user", "user", str(added.json()["id"]))]


def test_what_a_host_does_in_the_call(server, admin, teacher, student):
    session = teacher.session()
    host, other = server.call(teacher.join(session)).joined(), server.call(student.join(session)).joined()
    me = host.me["you"]["participant_id"]
    them = other.me["you"]["participant_id"]
    host.send("mute_peer", connection=other.connection, kind="mic")
    host.send("lock", locked=True)
    host.send("allow", participant_id=them, screenshare=False)
    other.send("lock", locked=False)
    other.refused("not_allowed", "lock")
    host.send("say", text="good bye")
    host.send("remove", participant_id=them)
    other.over("removed")
    host.send("end")
    host.over("ended")
    found = until(lambda: (rows := [e for e in reversed(entries(admin, user_id=teacher.id, action="call."))]) and rows[-1]["action"] == "call.end" and rows, "the end is told of")
    assert [(e["action"], e["subject"], e["subject_id"]) for e in found] == [
        ("call.mute_peer", "participant", str(them)), ("call.lock", "session", str(session["id"])), ("call.allow", "participant", str(them)), ("call.remove", "participant", str(them)),
        ("call.end", "session", str(session["id"]))]
    assert {(e["actor"], e["participant_id"], e["ip"]) for e in found} == {("seat", me, "127.0.0.1")}
    assert not entries(admin, user_id=student.id, action="call.")


def test_filters_and_pages(server, admin, teacher, stranger):
    session = teacher.session()
    for n in range(3):
        teacher.patch(f"/sessions/{session['id']}", {"title": f"No {n}"})
    mine = entries(admin, user_id=teacher.id, action="v1_session_")
    assert [e["action"] for e in mine] == ["v1_session_update"] * 3 + ["v1_session_create"]
    page = admin.get(AUDIT, params={"user_id": teacher.id, "action": "v1_session_", "skip": 1, "limit": 2}).json()
    assert page == {"entries": mine[1:3], "total": 4}
    assert entries(admin, subject="session", subject_id=str(session["id"])) == mine
    assert entries(admin, user_id=teacher.id, **{"from": mine[1]["at"], "to": mine[0]["at"]}) == [e for e in mine if mine[1]["at"] <= e["at"] < mine[0]["at"]]
    assert entries(admin, actor="provider") == []
    table = admin.get(AUDIT, params={"user_id": teacher.id, "action": "v1_session_", "format": "csv"})
    assert table.headers["content-type"].startswith("text/csv") and "audit.csv" in table.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [r["id"] for r in rows] == [str(e["id"]) for e in mine] and rows[0]["action"] == "v1_session_update" and rows[0]["ip"] == "127.0.0.1"
    assert admin.get(AUDIT, params={"limit": 0}).status_code == 422
    assert (stranger.get(AUDIT).status_code, server.client().get("/api/v1" + AUDIT).status_code) == (403, 401)
    key = admin.post("/api-keys", {"name": "k", "scope": "sessions:read"}).json()["key"]
    assert server.client(key).get("/api/v1" + AUDIT).json() == {"detail": "This API key lacks the scope audit:read"}


def test_an_answer_given_again_is_not_told_again(admin, teacher):
    first, again = (teacher.http.post("/api/v1/sessions", json={"title": "Once"}, headers={"Idempotency-Key": "audit-once"}) for _ in range(2))
    assert again.headers["idempotent-replayed"] == "true"
    assert entry(admin, first)["action"] == "v1_session_create"
    assert not [e for e in entries(admin) if e["request_id"] == again.headers["x-request-id"]]


def test_who_fetches_a_recording(server, admin, teacher, stranger):
    session = teacher.session()
    recording = teacher.post(f"/sessions/{session['id']}/recordings").json()
    folder = server.data / "recordings" / recording["uuid"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lesson.mp4").write_bytes(b"0123456789")
    with server.db() as db:
        db.execute("INSERT INTO recording_files (recording_id, kind, name, sink, key, content_type, size_bytes, sha256, duration_ms) VALUES (?, 'video', 'lesson.mp4', 'local', ?, 'video/mp4', 10, ?, 1)",
                   (recording["id"], f"recordings/{recording['uuid']}/lesson.mp4", "0" * 64))
        [[number]] = db.execute("SELECT id FROM recording_files WHERE recording_id = ?", (recording["id"],))
    at = f"/recordings/{recording['id']}/files/{number}"
    link = teacher.get(f"/recordings/{recording['id']}").json()["files"][0]["url"]
    assert teacher.get(at).content == b"0123456789"
    assert teacher.http.get("/api/v1" + at, headers={"Range": "bytes=5-"}).content == b"56789"
    assert server.client().get(link.replace(link.split("/api/")[0], server.url)).content == b"0123456789"
    assert stranger.get(at).status_code == 403
    found = until(lambda: len(rows := entries(admin, subject="file", subject_id=str(number))) == 2 and rows, "both are told of")
    assert sorted((e["actor"], e["user_id"] or 0) for e in found) == [("anybody", 0), ("user", teacher.id)]  # the middle of it alone is not told again


def test_behind_a_proxy(start_roomd):
    server = start_roomd({"TRUST_PROXY": "1"})
    admin, ada = server.admin(), server.person("Ada")
    made = ada.http.post("/api/v1/sessions", json={"title": "t"}, headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
    assert entry(admin, made)["ip"] == "198.51.100.7"


def test_the_command_line(start_roomd):
    server = start_roomd()
    admin = server.admin()
    key = server.tool("key", "add", "--name", "shop").stdout.strip()
    [[number]] = until(lambda: server.tool("key", "list").stdout and [[line.split()[0]] for line in server.tool("key", "list").stdout.splitlines()], "the key is there")
    assert server.tool("key", "revoke", "--id", number).returncode == 0
    assert server.tool("user", "passwd", "--email", admin.email, "--password-stdin", text=PASSWORD + "\n").returncode == 0
    assert server.tool("setup").returncode == 0
    found = entries(admin, actor="cli")
    assert [(e["action"], e["subject"], e["subject_id"]) for e in reversed(found)] == [
        ("cli.user.add", "user", str(admin.id)), ("cli.key.add", "key", number), ("cli.key.revoke", "key", number), ("cli.user.passwd", "user", str(admin.id)), ("cli.setup", None, None)]
    assert all(e["name"] and not e["ip"] for e in found) and key not in json.dumps(found)


def test_switched_off_and_swept(start_roomd):
    server = start_roomd()
    admin, ada = server.admin(), server.person("Ada")
    ada.session()
    assert len(entries(admin)) > 1
    server.stop()
    with server.db() as db:
        db.execute("UPDATE audit SET at = at - 34560000000 WHERE action <> 'cli.user.add'")
    server.env["AUDIT"] = "0"
    server.start()
    admin = Person(server, {"id": admin.id, "email": "", "full_name": ""}, admin.token)
    assert until(lambda: len(rows := entries(admin)) == 1 and rows, "what is older than a year goes")[0]["action"] == "cli.user.add"
    assert Person(server, {"id": ada.id, "email": "", "full_name": ""}, ada.token).post("/sessions", {"title": "t"}).status_code == 201
    assert len(entries(admin)) == 1


def test_a_backlog_is_settled_without_a_pause(start_roomd):
    """A round a minute settles all that is there, in many batches, or more than 83 changes a second would never be settled."""
    server = start_roomd()
    server.stop()
    with server.db() as db:
        db.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) INSERT INTO audit (at, action, actor) SELECT 1900000000000, 'v1_many', 'user' FROM n")
    server.start()

    def left():
        with server.db() as db:
            return db.execute("SELECT count(*) FROM audit WHERE action = 'v1_many' AND settled = 0").fetchone()[0]

    until(lambda: not left(), "everything is settled")


def test_not_written_without_the_change(start_roomd):
    """Somebody holds the database: the change is refused with 503, and there is no row of it either."""
    server = start_roomd()
    admin, ada = server.admin(), server.person("Ada")
    with server.database_held():
        refused = ada.post("/sessions", {"title": "t"})
        assert refused.status_code == 503
    until(lambda: ada.post("/sessions", {"title": "u"}).status_code == 201, "it can be written again")
    assert refused.headers["x-request-id"] not in {e["request_id"] for e in entries(admin)}
    with pytest.raises(AssertionError, match="audit log"):  # the harness would see it
        server.audited[refused.headers["x-request-id"]] = [1, 1, {"v1_session_create"}]
        server.judge_audit()
    del server.audited[refused.headers["x-request-id"]]
