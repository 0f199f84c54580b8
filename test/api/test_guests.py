"""People without an account, whichever way they came: found, exported, forgotten by what their seats say, and nothing is left of them in any byte."""
import json

import pytest

from facade import facade_of
from harness import Server, until
from test_live_sessions import make as live_session
from test_privacy import a_recording, attended, events, traces

NAME = "Gwendolyn Featherstone"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("guests")).start()
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="module")
def boss(house):
    return house.admin()


@pytest.fixture
def teacher(house):
    return house.person("Tess Teacher")


def find(boss, text, **query):
    reply = boss.get("/admin/guests", params={"find": text, **query})
    assert reply.status_code == 200, reply.text
    return reply.json()


def export(boss, guest):
    reply = boss.get("/admin/guests/export", params={"guest": guest})
    assert reply.status_code == 200 and reply.headers["content-type"] == "application/json", reply.text
    return reply.json()


def kept(boss, guest):
    reply = boss.get("/admin/guests/kept", params={"guest": guest})
    assert reply.status_code == 200, reply.text
    return reply.json()


def erased(boss, account):
    def done():
        reply = boss.get(f"/users/{account}/erasure").json()
        return reply["status"] == "done" and reply
    return until(done, "they are forgotten")


def erase(boss, guest, seats, **fields):
    reply = boss.post("/admin/guests/erase", {"guest": guest, "seats": seats, **fields})
    assert reply.status_code == 202, reply.text
    return erased(boss, reply.json()["user_id"])


def all_left(house):
    with house.db() as db:
        until(lambda: not list(db.execute("SELECT id FROM connection_spans WHERE left_at IS NULL")), "all have left")


def test_who_came_by_a_code(house, boss, teacher):
    """Twice, each time as somebody new: one name, two seats. Media, chat, addresses and the name go; attendance stays."""
    first, second = teacher.session(title=f"For {NAME}"), teacher.session()
    host = house.call(teacher.join(first)).joined()
    call, again = house.call(house.guest(first, NAME)).joined(), house.call(house.guest(second, NAME.upper())).joined()
    seat, seat_again = call.me["you"]["participant_id"], again.me["you"]["participant_id"]
    call.send("say", text=f"I am {NAME}")
    host.send("say", text=f"Hello {NAME}")
    until(lambda: len(events(teacher, first, "chat.message")) == 2, "the chat is kept")
    again.leave(), host.leave(), call.leave()
    all_left(house)
    kept_one, folder = a_recording(house, first, [f"p{seat}-camera-1.webm"])
    alone, empty = a_recording(house, second)
    before = attended(teacher, first)

    found = find(boss, "feathers")
    assert found["total"] == 2 and [g["participant_id"] for g in found["guests"]] == [seat_again, seat] and {g["name"] for g in found["guests"]} == {NAME, NAME.upper()}
    assert find(boss, "feathers", limit=1, skip=1)["guests"] == found["guests"][1:] and find(boss, "feathers%")["total"] == 0
    known = export(boss, NAME)
    assert known["guest"] == {"known_by": NAME, "name": NAME.upper(), "seats": 2} and "account" not in known
    assert [s["id"] for s in known["seats"]] == [seat, seat_again] and len(known["stays"]) == 2 and {f["recording_id"] for f in known["recording_files"]} == {kept_one, alone}
    assert [e["event_data"]["text"] for e in known["events"] if e["event_type"] == "chat.message"] == [f"I am {NAME}"] and known["sessions_held"] == known["api_keys"] == known["bookings"] == []
    assert export(boss, str(seat))["seats"] == known["seats"][:1], "a seat by its number"

    short = kept(boss, NAME)
    assert (short["known_by"], short["seats_total"], short["stays"], short["chat_lines"], short["to_hold"]) == (NAME, 2, 2, 1, 0) and short["seats"] == found["guests"]
    assert [(r["id"], r["others"]) for r in short["recordings"]] == [(alone, False), (kept_one, True)] and short["recordings_alone"] == 1
    assert (kept(boss, str(seat))["seats_total"], kept(boss, str(seat))["recordings_total"]) == (1, 1)

    assert boss.post("/admin/guests/erase", {"guest": NAME, "seats": 1}).status_code == 409
    done = erase(boss, NAME, 2)
    assert (done["recordings_deleted"], done["recordings_kept"]) == (1, 1) and done["pseudonym"].startswith("Erased participant ")
    until(lambda: not empty.exists() and sorted(p.name for p in folder.rglob("*.*")) == ["recording.mp4"], "the media that are theirs alone are deleted")
    assert attended(teacher, first) == before
    assert {p["name"] for p in teacher.get(f"/sessions/{first['id']}/attendance").json()["people"]} == {"Tess Teacher", done["pseudonym"]}
    assert [e["event_data"]["text"] for e in events(teacher, first, "chat.message")] == ["", f"Hello {done['pseudonym']}"]
    assert traces(house, NAME, "featherstone") == []
    assert find(boss, "feathers") == {"guests": [], "total": 0}
    with house.db() as db:
        assert not [r for r in db.execute("SELECT ip FROM audit WHERE participant_id IN (?, ?) AND ip IS NOT NULL", (seat, seat_again))]
    account = boss.get(f"/users/{done['user_id']}").json()
    assert account["is_active"] is False and account["full_name"] == done["pseudonym"]
    [told] = boss.get("/admin/audit", params={"action": "v1_guest_erase", "subject_id": str(done["user_id"])}).json()["entries"]
    assert told["user_id"] == boss.id
    until(lambda: boss.get("/admin/audit", params={"action": "v1_guest_export"}).json()["entries"], "exports are told of")


def by_token(house, boss, teacher, who, name):
    room = teacher.post("/rooms/", {"name": "Clinic", "room_type": "group"}).json()
    return house.call(teacher.post(f"/rooms/{room['id']}/token/", {"identity": who, "name": name}).json()["token"])


def by_meeting_token(house, boss, teacher, who, name):
    daily = facade_of(house, boss, teacher)
    return daily.enter(daily.room(enforce_unique_user_ids=True)["name"], user_id=who, user_name=name)


def invited(house, boss, teacher, who, name):
    """As a student of a session of another app, which calls them by name as well; they never come."""
    with house.db() as db:
        db.execute("INSERT INTO people (identity, name, created_at, updated_at) VALUES (?, ?, 1, 1)", (who, name))
    session = live_session(teacher)
    reply = teacher.http.post(f"/sessions/{session['_id']}/participants", json={"studentId": who})
    assert reply.status_code == 200 and who in reply.text, reply.text


@pytest.mark.parametrize("way,who", [(by_token, "zelda.quimby@example.org"), (by_meeting_token, "zq-4711-quimby"), (invited, "9d2c1f0e-7b1a-4f6e-8a55-3c0f5b7a9e21")])
def test_whom_another_app_knows(house, boss, teacher, way, who):
    name = f"Zelda Quimby{way.__name__}"
    call = way(house, boss, teacher, who, name)
    if call:
        call.joined().send("say", text=f"write to {who}")
        call.round_trip()
        call.leave()
        all_left(house)
    [seat] = find(boss, who)["guests"]
    assert seat["name"] == name and who in seat["identity"]
    known = export(boss, seat["identity"])
    assert known["guest"]["seats"] == 1 and known["seats"][0]["id"] == seat["participant_id"] and len(known["stays"]) == bool(call)
    line, count = house.tool("privacy", "find", "--guest", who).stdout.splitlines()
    assert line.startswith(f"seat {seat['participant_id']} of session {seat['session_id']} since 20") and line.endswith(f": {name}, known as {seat['identity']}") and count == "1 seat"
    printed = house.tool("privacy", "export", "--guest", str(seat["participant_id"]))
    assert printed.returncode == 0 and json.loads(printed.stdout)["seats"] == known["seats"]
    wrong = house.tool("privacy", "erase", "--guest", seat["identity"], "--seats", "2")
    assert (wrong.returncode, "another number of seats" in wrong.stderr) == (1, True), wrong.stderr
    gone = house.tool("privacy", "erase", "--guest", seat["identity"], "--seats", "1")
    assert gone.returncode == 0 and gone.stdout.startswith("account "), gone.stderr
    erased(boss, int(gone.stdout.split()[1]))
    assert [t for t in traces(house, who, name) if t[0] != "log"] == []  # the log has the paths of requests, and is not roomd's to keep
    assert find(boss, who)["total"] == 0


def test_who_may(house, boss, teacher):
    session = teacher.session()
    house.guest(session, "Ned Nobody")
    for reply in (teacher.get("/admin/guests", params={"find": "Ned"}), teacher.get("/admin/guests/export", params={"guest": "Ned Nobody"}), teacher.get("/admin/guests/kept", params={"guest": "Ned Nobody"}), teacher.post("/admin/guests/erase", {"guest": "Ned Nobody", "seats": 1})):
        assert reply.status_code == 403
    for reply in (boss.get("/admin/guests/export", params={"guest": "Tess Teacher"}), boss.get("/admin/guests/kept", params={"guest": "Ned"}), boss.post("/admin/guests/erase", {"guest": "Ned", "seats": 1})):
        assert (reply.status_code, reply.json()) == (404, {"detail": "Nobody without an account is known by that"})
    assert house.tool("privacy", "erase", "--guest", "Ned Nobody").returncode == 2 and house.tool("privacy", "find").returncode == 2


def test_what_another_app_calls_an_account(house, boss):
    """Their name stands beside the account's UUID as well."""
    ivy = house.person("Ivy Ledgerwood")
    uuid = f"00000000-0000-4000-8000-{ivy.id:012x}"
    with house.db() as db:
        db.execute("INSERT INTO people (identity, name, created_at, updated_at) VALUES (?, 'Ivy Ledgerwood', 1, 1)", (uuid,))
    assert boss.post(f"/users/{ivy.id}/erase", {"confirm": ivy.email}).status_code == 202
    done = erased(boss, ivy.id)
    with house.db() as db:
        assert [tuple(r) for r in db.execute("SELECT name FROM people WHERE identity = ?", (uuid,))] == [(done["pseudonym"],)]


def test_vacuumed(house, boss):
    """On PostgreSQL nothing leads to the old rows any more when it is done."""
    if not house.on_postgresql:
        pytest.skip("SQLite overwrites them, which test_privacy looks for in the file")
    session = house.person("Tess").session()
    house.guest(session, "Vic Vacuum")
    since = "SELECT coalesce(max(vacuum_count), 0) FROM pg_stat_user_tables WHERE relname = 'participants'"
    with house.db() as db:
        before = db.execute(since).fetchone()[0]
        erase(boss, "Vic Vacuum", 1)
        until(lambda: db.execute(since).fetchone()[0] > before, "the seats' table was vacuumed")
