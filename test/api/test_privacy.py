"""What is known of a person, consent, and forgetting them: after it no table, file, log or sink says who they were, and totals of attendance are as before."""
import json
import threading
from contextlib import closing

import pytest

import postgresql
from harness import DEADLINE, PASSWORD, Person, until
from receiver import Receiver

NAME, ADDRESS = "Zenobia Quillfeather", "zenobia.quillfeather@example.org"
WORDING = "I agree that my picture, my voice, my name and what I share are recorded"


def events(person, session, kind=None):
    return [e for e in person.get(f"/sessions/{session['id']}/events", params={"limit": 1000}).json()["events"] if kind in (None, e["event_type"])]


def erase(admin, person, **fields):
    return admin.post(f"/users/{person.id}/erase", {"confirm": person.email, **fields})


def erased(admin, person):
    def done():
        reply = admin.get(f"/users/{person.id}/erasure").json()
        return reply["status"] == "done" and reply
    return until(done, "the person is forgotten")


def attended(teacher, session):
    people = teacher.get(f"/sessions/{session['id']}/attendance").json()["people"]
    return sorted((p["role"], p["total_seconds"], tuple((s["joined_at"], s["left_at"]) for s in p["spans"])) for p in people)


def whole_database(server):
    """Every byte of it: pages that are free and the log too; of PostgreSQL what can be asked for."""
    if server.on_postgresql:
        return postgresql.psql(server.env["DATABASE_URL"], "SELECT query_to_xml('SELECT * FROM ' || quote_ident(tablename), true, true, '') FROM pg_tables WHERE schemaname = 'public'").encode()
    return b"".join(path.read_bytes() for path in server.data.iterdir() if path.name.startswith("roomd.db"))


def everywhere(server):
    yield "database", whole_database(server)
    yield "log", server.log_text().encode()
    for path in server.data.rglob("*"):
        if path.is_file() and not path.name.startswith("roomd.db"):
            yield str(path), path.read_bytes()


def traces(server, *words):
    return [(where, word) for where, content in everywhere(server) for word in words if word.lower().encode() in content.lower()]


def a_recording(server, session, tracks=()):
    """A finished one, with a film and tracks, as the making of files leaves it."""
    with server.db() as db:
        uuid = f"{session['id']:08d}-0000-4000-8000-{next(server.names):012d}"
        spans = db.execute("SELECT min(joined_at) AS a, max(left_at) AS b FROM connection_spans WHERE session_id = ?", (session["id"],)).fetchone()
        db.execute("INSERT INTO recordings (uuid, session_id, status, progress, started_at, ended_at, duration_ms) VALUES (?, ?, 'ready', 100, ?, ?, 1000)", (uuid, session["id"], *spans))
        [[number]] = db.execute("SELECT id FROM recordings WHERE uuid = ?", (uuid,))
        for name in ["recording.mp4", *(f"tracks/{t}" for t in tracks)]:
            path = server.data / "recordings" / uuid / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"media")
            db.execute("INSERT INTO recording_files (recording_id, kind, name, sink, key, content_type, size_bytes, sha256, duration_ms) VALUES (?, ?, ?, 'local', ?, 'video/mp4', 5, ?, 1)",
                       (number, "track" if "/" in name else "video", name.split("/")[-1], f"recordings/{uuid}/{name}", "0" * 64))
    return number, server.data / "recordings" / uuid


# ---- consent

def test_the_ledger(server, admin, teacher, student):
    session = teacher.session(enable_recording=True)
    call = server.call(student.join(session))
    assert call.expect("consent_needed")["wording"] == WORDING
    assert server.client().post("/api/v1/sessions/lookup", json={"room_code": session["room_code"]}).json()["consent_wording"] == WORDING
    call.send("join", token=call.token, consent=True)
    seat = call.joined().me["you"]["participant_id"]
    [entry] = admin.get(f"/sessions/{session['id']}/consents").json()["consents"]
    assert entry == {"id": entry["id"], "session_id": session["id"], "participant_id": seat, "user_id": student.id, "name": student.name, "recording_id": None, "decision": "given", "way": "door",
                     "wording_version": entry["wording_version"], "wording": WORDING, "ip": "127.0.0.1", "user_agent": None, "at": entry["at"]}
    listed = teacher.get(f"/sessions/{session['id']}/consents").json()
    assert listed["total"] == 1 and listed["consents"][0] == {**entry, "ip": None}  # from where is for administrators
    assert student.get(f"/sessions/{session['id']}/consents").status_code == 403
    # taken back while the call is recorded: they are out of it, the host is told, and it is in the ledger
    back = student.post(f"/sessions/{session['id']}/consents", {"given": False})
    assert (back.status_code, back.json()["decision"], back.json()["way"]) == (201, "withdrawn", "api") and back.json()["recording_id"]
    call.over("denied")
    [told] = events(teacher, session, "recording.consent_withdrawn")
    assert told["event_data"] == {"participant_id": seat, "name": student.name}
    assert server.call(student.join(session)).expect("consent_needed")  # asked again
    again = student.post(f"/sessions/{session['id']}/consents", {"given": True}).json()
    assert again["decision"] == "given"
    by_host = teacher.post(f"/sessions/{session['id']}/consents", {"given": False, "participant_id": seat}).json()  # told by telephone
    assert (by_host["decision"], by_host["way"]) == ("withdrawn", "relay")
    assert [c["decision"] for c in teacher.get(f"/sessions/{session['id']}/consents").json()["consents"]] == ["given", "withdrawn", "given", "withdrawn"]


def test_only_oneself_agrees(server, teacher, student, stranger):
    session = teacher.session()
    seat = teacher.post(f"/sessions/{session['id']}/participants", {"user_id": student.id}).json()["id"]
    reply = teacher.post(f"/sessions/{session['id']}/consents", {"given": True, "participant_id": seat})
    assert (reply.status_code, reply.json()) == (403, {"detail": "Only oneself can agree to be recorded"})
    assert student.post(f"/sessions/{session['id']}/consents", {"given": False, "participant_id": seat}).status_code == 403
    assert stranger.post(f"/sessions/{session['id']}/consents", {"given": True}).status_code == 403
    assert student.post(f"/sessions/{session['id']}/consents", {"given": False}).json()["decision"] == "refused"
    assert events(teacher, session, "recording.consent")[-1]["event_data"]["given"] is False


def test_another_wording(start_roomd):
    server = start_roomd({"CONSENT_WORDING": "Ja, nehmt mich auf: Bild, Ton, Näme"})
    ada = server.person("Ada")
    session = ada.session()
    ada.post(f"/sessions/{session['id']}/consents", {"given": True})
    server.stop()
    server.env["CONSENT_WORDING"] = "Second wording"
    server.start()
    ada = Person(server, {"id": ada.id, "email": "", "full_name": ""}, ada.token)
    ada.post(f"/sessions/{session['id']}/consents", {"given": False})
    first, second = ada.get(f"/sessions/{session['id']}/consents").json()["consents"]
    assert (first["wording"], second["wording"]) == ("Ja, nehmt mich auf: Bild, Ton, Näme", "Second wording") and first["wording_version"] != second["wording_version"]


# ---- export

def test_export(server, admin, teacher, stranger):
    ben = server.person("Ben Exported")
    session = teacher.session()
    call = server.call(ben.join(session)).joined()
    for n in range(3):
        call.send("say", text=f"line {n}")
    call.round_trip()
    until(lambda: len(events(teacher, session, "chat.message")) == 3, "the chat is kept")
    call.leave()
    ben.post(f"/sessions/{session['id']}/consents", {"given": True})
    number, _ = a_recording(server, session)
    mine = ben.session(title="Held by Ben")
    reply = ben.get(f"/users/{ben.id}/export")
    assert reply.headers["content-type"] == "application/json" and f"person-{ben.id}.json" in reply.headers["content-disposition"]
    known = reply.json()
    assert known["format"] == "roomd person 1" and known["account"]["email"] == ben.email
    assert [s["session_id"] for s in known["seats"]] == [session["id"], mine["id"]] and len(known["stays"]) == 1
    assert [e["event_data"]["text"] for e in known["events"] if e["event_type"] == "chat.message"] == ["line 0", "line 1", "line 2"]
    assert [c["decision"] for c in known["consents"]] == ["given"] and [s["title"] for s in known["sessions_held"]] == ["Held by Ben"]
    [file] = known["recording_files"]
    assert file["recording_id"] == number and server.client().get(file["url"].replace(file["url"].split("/api/")[0], server.url)).content == b"media"
    assert "v1_session_join" in {e["action"] for e in known["audit"]} and "password" not in reply.text and "hash" not in reply.text
    assert admin.get(f"/users/{ben.id}/export").json()["seats"] == known["seats"]
    assert stranger.get(f"/users/{ben.id}/export").status_code == 403
    assert admin.get("/users/999999999/export").status_code == 404
    told = until(lambda: admin.get("/admin/audit", params={"action": "v1_user_export", "subject_id": str(ben.id)}).json()["entries"], "exports are told of")
    assert {e["user_id"] for e in told} <= {ben.id, admin.id}
    printed = server.tool("privacy", "export", "--user", ben.email)
    assert printed.returncode == 0 and json.loads(printed.stdout)["stays"] == known["stays"]
    assert server.tool("privacy", "export").returncode == 2 and server.tool("privacy", "export", "--user", "nobody@example.org").returncode == 1


def test_export_of_much(start_roomd):
    """More rows than one page of them."""
    server = start_roomd()
    ada = server.person("Ada")
    session = ada.session()
    with server.db() as db:
        [[seat]] = db.execute("SELECT id FROM participants WHERE session_id = ?", (session["id"],))
        values = ", ".join(f"('c{n}', {session['id']}, {seat}, {n}, {n + 1}, 'left')" for n in range(1203))
        db.execute("INSERT INTO connection_spans (connection, session_id, participant_id, joined_at, left_at, reason) VALUES " + values)
    stays = ada.get(f"/users/{ada.id}/export").json()["stays"]
    assert [s["connection"] for s in stays] == [f"c{n}" for n in range(1203)]


# ---- erasure

@pytest.fixture
def house(start_roomd):
    """A server whose sink and whose endpoint for webhooks are looked into."""
    return start_roomd({"RATE_LIMITS": "0"})


def test_an_endpoint_that_answers_late(house):
    """What is on its way to an endpoint while somebody is forgotten is noted in the words that there are by then."""
    admin, teacher, zen, answer = house.admin(), house.person("Tess Teacher"), house.person(NAME, email=ADDRESS), threading.Event()
    names_them = lambda message: NAME.encode() in message["body"]
    with closing(Receiver(lambda message: 200 if not names_them(message) or answer.wait(DEADLINE) else 500)) as receiver:
        endpoint = admin.post("/webhooks/endpoints", {"url": receiver.url}).json()
        session = teacher.session()
        house.call(zen.join(session)).joined().leave()
        [message] = receiver.wait(1, "message that names them", where=names_them)
        assert erase(admin, zen).status_code == 202
        erased(admin, zen)
        answer.set()
        event = int(message["headers"]["webhook-id"].removeprefix("evt_"))
        log = lambda: admin.get(f"/webhooks/endpoints/{endpoint['id']}/deliveries", params={"state": "delivered"}).json()
        until(lambda: [d for d in log()["deliveries"] if d["event_id"] == event], "that it has come is noted")
    assert not traces(house, NAME)
    admin.delete(f"/webhooks/endpoints/{endpoint['id']}")


def test_nothing_says_who_they_were(house):
    admin, teacher = house.admin(), house.person("Tess Teacher")
    zen = house.person(NAME, email=ADDRESS)
    with closing(Receiver()) as receiver:
        admin.post("/webhooks/endpoints", {"url": receiver.url})
        session = teacher.session(title=f"Lesson with {NAME}")
        host, call = house.call(teacher.join(session)).joined(), house.call(zen.join(session)).joined()
        seat = call.me["you"]["participant_id"]
        call.send("say", text=f"I am {NAME}, write to {ADDRESS}")
        host.send("say", text=f"Hello {NAME}")
        until(lambda: len(events(teacher, session, "chat.message")) == 2, "the chat is kept")
        zen.post("/api-keys", {"name": "no"})
        key = admin.post("/api-keys", {"name": f"of {NAME}", "user_id": zen.id}).json()["key"]
        zen.post(f"/sessions/{session['id']}/consents", {"given": True})
        mine = zen.session(title="To come")
        untold = "SELECT id FROM events e WHERE e.event_data LIKE ? AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.event_id = e.id AND d.state = 'delivered')"
        with house.db() as db:
            until(lambda: not list(db.execute(untold, (f"%{NAME}%",))), "the endpoint was told of all that names them, and that is noted")
        assert any(NAME.encode() in m["body"] for m in list(receiver.messages))
        left_before = house.call(zen.join(session))  # a second page of theirs replaces the first: a stay that is over
        left_before.joined()
        call.over("replaced")
        reply = erase(admin, zen)
        assert reply.status_code == 202 and reply.json()["pseudonym"].startswith("Erased participant "), reply.text
        left_before.over("removed")  # out of the call at once
        until(lambda: house.client(zen.token).get("/api/v1/users/me").status_code in (400, 401), "their sign-in is dead within a second")
        done = erased(admin, zen)
    assert done["rows_changed"] > 3 and done["finished_at"]
    host.leave()
    pseudonym = done["pseudonym"]
    assert admin.get(f"/users/{zen.id}").json() == {"id": zen.id, "email": f"erased-{pseudonym.split()[-1]}@erased.invalid", "full_name": pseudonym, "role": "teacher", "is_active": False, "is_superuser": False}
    until(lambda: house.client(key).get("/api/v1/users/me").status_code == 401, "their keys are dead within a second")
    people = {p["name"]: p for p in teacher.get(f"/sessions/{session['id']}/attendance").json()["people"]}
    assert set(people) == {"Tess Teacher", pseudonym} and len(people[pseudonym]["spans"]) >= 1
    lines = [e["event_data"] for e in events(teacher, session, "chat.message")]
    assert lines == [{"participant_id": seat, "name": pseudonym, "text": ""}, {"participant_id": host.me["you"]["participant_id"], "name": "Tess Teacher", "text": f"Hello {pseudonym}"}]
    assert teacher.get(f"/sessions/{session['id']}").json()["title"] == f"Lesson with {pseudonym}"
    with house.db() as db:
        assert db.execute("SELECT status FROM sessions WHERE id = ?", (mine["id"],)).fetchone()[0] == "cancelled"
        assert len(list(db.execute("SELECT id FROM events WHERE event_type = 'user.erased'"))) == 1
        assert db.execute("SELECT needles FROM erasures WHERE user_id = ?", (zen.id,)).fetchone()[0] is None
    [consent] = teacher.get(f"/sessions/{session['id']}/consents").json()["consents"]
    assert (consent["name"], consent["decision"]) == (pseudonym, "given")
    by_them = admin.get("/admin/audit", params={"user_id": zen.id, "limit": 1000}).json()["entries"]
    assert by_them and all(e["ip"] is None and e["user_agent"] is None for e in by_them)
    assert traces(house, NAME, ADDRESS, "quillfeather") == []
    again = erase(admin, zen)
    assert again.status_code == 202 and again.json()["pseudonym"] == pseudonym and again.json()["status"] == "done"


def test_attendance_totals_stay(house):
    admin, teacher, zen = house.admin(), house.person("Tess"), house.person(NAME, email=ADDRESS)
    session = teacher.session()
    zen.join(session)
    with house.db() as db:
        for person, spans in ((teacher, [(0, 3600)]), (zen, [(60, 1200), (1500, 3000)])):
            [[seat]] = db.execute("SELECT id FROM participants WHERE session_id = ? AND user_id = ?", (session["id"], person.id))
            for a, b in spans:
                db.execute("INSERT INTO connection_spans (connection, session_id, participant_id, joined_at, left_at, reason) VALUES (?, ?, ?, ?, ?, 'left')",
                           (f"c{seat}-{a}", session["id"], seat, 1893456000000 + a * 1000, 1893456000000 + b * 1000))
    before = attended(teacher, session)
    assert [total for _, total, _ in before] == [2640, 3600]
    assert erase(admin, zen).status_code == 202
    erased(admin, zen)
    assert attended(teacher, session) == before


@pytest.mark.parametrize("media", ["own", "all"])
def test_recordings(house, media):
    admin, teacher, zen = house.admin(), house.person("Tess"), house.person(NAME, email=ADDRESS)
    shared, alone = teacher.session(), zen.session()
    calls = [house.call(teacher.join(shared)).joined(), house.call(zen.join(shared)).joined(), house.call(zen.join(alone)).joined()]
    seats = [c.me["you"]["participant_id"] for c in calls]
    for call in calls:
        call.leave()
    with house.db() as db:
        until(lambda: not list(db.execute("SELECT id FROM connection_spans WHERE left_at IS NULL")), "all have left")
    kept, folder = a_recording(house, shared, [f"p{seats[0]}-camera-1.webm", f"p{seats[1]}-camera-1.webm", f"p{seats[1]}-mic-1.webm"])
    gone, empty = a_recording(house, alone)
    assert erase(admin, zen, media=media).status_code == 202
    done = erased(admin, zen)
    until(lambda: not empty.exists(), "what only they were in is deleted")
    with house.db() as db:
        assert db.execute("SELECT deleted_at FROM recordings WHERE id = ?", (gone,)).fetchone()[0]
    if media == "all":
        until(lambda: not folder.exists(), "all of it is deleted")
        assert (done["recordings_deleted"], done["recordings_kept"]) == (2, 0)
        return
    assert (done["recordings_deleted"], done["recordings_kept"]) == (1, 1)
    files = teacher.get(f"/recordings/{kept}").json()["files"]
    assert [f["name"] for f in files] == ["recording.mp4", f"p{seats[0]}-camera-1.webm"]
    until(lambda: sorted(p.name for p in folder.rglob("*.*")) == [f"p{seats[0]}-camera-1.webm", "recording.mp4"], "their own tracks are deleted")


def test_gone_from_the_sink(start_roomd, s3):
    server = start_roomd(s3.env())
    admin, zen = server.admin(), server.person(NAME, email=ADDRESS)
    session = zen.session()
    server.call(zen.join(session)).joined().leave()
    with server.db() as db:
        until(lambda: not list(db.execute("SELECT id FROM connection_spans WHERE left_at IS NULL")), "they left")
    number, _ = a_recording(server, session)
    with server.db() as db:
        [[file]] = db.execute("SELECT id FROM recording_files WHERE recording_id = ?", (number,))
        db.execute("INSERT INTO recording_copies (recording_id, file_id, sink, key, status, done_bytes, created_at, stored_at) VALUES (?, ?, 's3', 'film.mp4', 'stored', 5, 1, 1)", (number, file))
    s3.objects["film.mp4"] = (b"media", {})
    assert erase(admin, zen).status_code == 202
    erased(admin, zen)
    until(lambda: "film.mp4" not in s3.objects, "it is gone from the sink too")


def test_who_may_and_how(server, admin, teacher, stranger):
    eve = server.person("Eve Self")
    assert stranger.post(f"/users/{eve.id}/erase", {"confirm": eve.email}).status_code == 403
    wrong = admin.post(f"/users/{eve.id}/erase", {"confirm": "somebody@example.org"})
    assert (wrong.status_code, wrong.json()) == (400, {"detail": "confirm must be the address of the account that is to be erased"})
    assert eve.post(f"/users/{eve.id}/erase", {"confirm": eve.email}).status_code == 401
    assert eve.post(f"/users/{eve.id}/erase", {"confirm": eve.email, "password": "wrong password"}).status_code == 401
    assert admin.post("/users/999999999/erase", {"confirm": "x@example.org"}).status_code == 404
    none = admin.get(f"/users/{eve.id}/erasure")
    assert (none.status_code, none.json()) == (404, {"detail": "Nobody has asked for this account to be erased"})
    assert eve.post(f"/users/{eve.id}/erase", {"confirm": eve.email.upper(), "password": PASSWORD}).status_code == 202
    assert erased(admin, eve)["media"] == "own"
    assert server.client().post("/api/v1/auth/login", data={"username": eve.email, "password": PASSWORD}).status_code == 401
    back = server.client().post("/api/v1/auth/register", json={"email": eve.email, "password": PASSWORD})
    assert back.status_code == 201 and back.json()["id"] != eve.id  # who comes back is somebody new


def test_somebody_has_to_administer(start_roomd):
    server = start_roomd()
    admin = server.admin()
    reply = admin.post(f"/users/{admin.id}/erase", {"confirm": admin.email, "password": PASSWORD})
    assert (reply.status_code, reply.json()["detail"]) == (409, "Somebody has to be able to administer this server")


def test_goes_on_after_a_kill(start_roomd):
    """kill -9 in the middle, again and again: it goes on where it was, and user.erased is told once."""
    server = start_roomd()
    admin, teacher, zen = server.admin(), server.person("Tess"), server.person(NAME, email=ADDRESS)
    session = teacher.session()
    zen.join(session)
    with server.db() as db:
        [[seat]] = db.execute("SELECT id FROM participants WHERE user_id = ? AND session_id = ?", (zen.id, session["id"]))
        data = json.dumps({"participant_id": seat, "name": NAME, "text": "x"}, separators=(",", ":"))
        db.execute("INSERT INTO events (session_id, event_type, event_data, timestamp) VALUES " + ", ".join(f"({session['id']}, 'chat.message', '{data}', {n})" for n in range(2000)))
    assert erase(admin, zen).status_code == 202
    step = "no step yet"
    for _ in range(3):
        with server.db() as db:
            until(lambda: db.execute("SELECT step || reached || status FROM erasures").fetchone()[0] != step or None, "it goes on")
        server.process.kill()
        server.process.wait()
        with server.db() as db:
            step, status = db.execute("SELECT step || reached || status, status FROM erasures").fetchone()
        if status == "done":
            break
        with server.db() as db:  # whoever held the lease is gone: the next start takes it up at once
            db.execute("UPDATE jobs SET due_at = 0 WHERE kind = 'forget'")
        server.start()
    if server.process.poll() is not None:
        server.start()
    admin = Person(server, {"id": admin.id, "email": "", "full_name": ""}, admin.token)
    erased(admin, zen)
    with server.db() as db:
        assert len(list(db.execute("SELECT id FROM events WHERE event_type = 'user.erased'"))) == 1
    assert traces(server, NAME, ADDRESS) == []


def test_by_the_command_line(start_roomd):
    server = start_roomd()
    admin, teacher, zen = server.admin(), server.person("Tess"), server.person(NAME, email=ADDRESS)
    call = server.call(zen.join(teacher.session())).joined()
    assert server.tool("privacy", "erase", "--user", ADDRESS).returncode == 2
    assert server.tool("privacy", "erase", "--user", ADDRESS, "--confirm", "x").returncode == 1
    begun = server.tool("privacy", "erase", "--user", ADDRESS, "--confirm", ADDRESS, "--media", "all")
    assert begun.returncode == 0 and "Erased participant" in begun.stdout
    call.over("removed")  # the running server puts them out
    until(lambda: json.loads(server.tool("privacy", "status", "--user", str(zen.id), "--json").stdout)["status"] == "done", "the running server does it")
    assert traces(server, NAME, ADDRESS) == []


# ---- in short

def kept(who, person):
    reply = who.get(f"/users/{person.id}/kept")
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_what_is_kept_in_short(house):
    admin, teacher, zen = house.admin(), house.person("Tess"), house.person(NAME, email=ADDRESS)
    shared, alone = teacher.session(title="Together"), zen.session(title="By oneself")
    host, call = house.call(teacher.join(shared)).joined(), house.call(zen.join(shared)).joined()
    call.send("say", text="one line"), call.round_trip()
    call.leave(), host.leave(), house.call(zen.join(alone)).joined().leave()
    with house.db() as db:
        until(lambda: not list(db.execute("SELECT id FROM connection_spans WHERE left_at IS NULL")), "all have left")
    (with_others, _), (own, _) = a_recording(house, shared), a_recording(house, alone)
    zen.post(f"/sessions/{shared['id']}/consents", {"given": True})
    zen.post(f"/sessions/{shared['id']}/consents", {"given": False})
    admin.request("PUT", f"/recordings/{own}/keep", json={"kept": True, "reason": "claim 4711"})
    until(lambda: kept(admin, zen)["chat_lines"], "the chat is kept")
    short = kept(admin, zen)
    counts = {k: v for k, v in short.items() if not isinstance(v, list)}
    assert counts == {"name": NAME, "known_by": ADDRESS, "to_hold": 1, "stays": 2, "chat_lines": 1, "seats_total": 2, "recordings_total": 2, "recordings_alone": 1, "recordings_held": 1, "consents_total": 2}
    assert [(s["session_id"], s["session_title"], s["role"]) for s in short["seats"]] == [(shared["id"], "Together", "student"), (alone["id"], "By oneself", "teacher")]
    assert [(r["id"], r["session_title"], r["others"], r["kept"]) for r in short["recordings"]] == [(own, "By oneself", False, True), (with_others, "Together", True, False)]
    assert [(c["decision"], c["ip"]) for c in short["consents"]] == [("withdrawn", "127.0.0.1"), ("given", "127.0.0.1")]
    assert [c["ip"] for c in kept(zen, zen)["consents"]] == [None, None]  # oneself; from where is for administrators
    assert kept(admin, house.person("Ida New"))["seats"] == []
    assert teacher.get(f"/users/{zen.id}/kept").status_code == 403 and admin.get("/users/999999999/kept").status_code == 404
    before = short
    assert erase(admin, zen, media="all").status_code == 202
    waits = until(lambda: admin.get(f"/users/{zen.id}/erasure").json()["error"], "it says what it waits for")
    assert waits == f"an administrator keeps recording {own}"
    admin.request("PUT", f"/recordings/{own}/keep", json={"kept": False})
    pseudonym = erased(admin, zen)["pseudonym"]
    after = kept(admin, zen)
    assert (after["name"], after["stays"], after["seats_total"], after["consents_total"]) == (pseudonym, before["stays"], before["seats_total"], before["consents_total"])
    assert (after["to_hold"], after["chat_lines"], after["recordings_total"]) == (0, 0, 0) and {c["ip"] for c in after["consents"]} == {None}


def test_who_is_forgotten(house):
    admin, people = house.admin(), [house.person("Una First"), house.person("Una Second")]
    assert admin.get("/admin/erasures").json() == {"erasures": [], "total": 0}
    for person in people:
        assert erase(admin, person).status_code == 202
    done = [erased(admin, person) for person in people]
    assert admin.get("/admin/erasures").json() == {"erasures": done[::-1], "total": 2}
    assert admin.get("/admin/erasures?skip=1&limit=1").json() == {"erasures": done[:1], "total": 2}
    assert {x["step"] for x in done} == {"storage"} and house.person("Eve").get("/admin/erasures").status_code == 403
