"""What is deleted, by hand or because it is old: here and at every sink, with a tombstone that says when, why and what there was; what is kept from it."""
import time
from datetime import datetime, timedelta

import pytest

from harness import Server, until
from recorded import hurry, lay_down, settled

DAY = 86_400_000
parse = datetime.fromisoformat


@pytest.fixture(scope="module")
def house(tmp_path_factory, store):
    server = Server(tmp_path_factory.mktemp("retention"), {"RATE_LIMITS": "off", "RETENTION_DAYS": "30", "RETENTION_TRACK_DAYS": "7", "RETENTION_CHAT_DAYS": "1", **store.env("local,s3")}).start()
    server.boss = server.admin()
    yield server
    assert server.stop() == 0


@pytest.fixture
def teacher(house):
    return house.person("Ada")


def stored(house, teacher):
    """A recording that is here and at the store; its number, its one file as the API shows it, the key."""
    number, key, _ = lay_down(house, teacher, 1000)
    assert teacher.post(f"/recordings/{number}/retry").status_code == 200
    return number, settled(teacher, number)["files"][0], key


def age(house, number, days):
    with house.db() as db:
        db.execute("UPDATE recordings SET ended_at = ? WHERE id = ?", (int(time.time() * 1000) - days * DAY - 1000, number))


def session_of(house, number):
    with house.db() as db:
        return list(db.execute("SELECT session_id FROM recordings WHERE id = ?", (number,)))[0][0]


def tombstone(house, teacher, number):
    reply = teacher.get(f"/sessions/{session_of(house, number)}/recordings", params={"deleted": "true"}).json()
    return next((r for r in reply["recordings"] if r["id"] == number), None)


def told(teacher, session, kind):
    return [e for e in teacher.get(f"/sessions/{session}/events", params={"limit": 1000}).json()["events"] if e["event_type"] == kind]


def round_of(house, done, what):
    def look():
        hurry(house, "retention")
        return done()
    return until(look, what, 60)


def test_what_is_too_old_goes_everywhere_and_leaves_a_tombstone(house, teacher, store):
    number, file, key = stored(house, teacher)
    young, _, young_key = stored(house, teacher)
    session = session_of(house, number)
    age(house, number, 30)
    age(house, young, 29)
    gone = round_of(house, lambda: tombstone(house, teacher, number), "it is deleted")
    until(lambda: key not in store.objects and not (house.data / key).exists(), "its file is deleted, here and there")
    reason = "older than 30 days (RETENTION_DAYS)"
    assert gone["deleted_at"] and (gone["deleted_reason"], gone["deleted_by"], gone["status"]) == (reason, None, "ready")
    assert [(f["name"], f["size_bytes"], f["sha256"]) for f in gone["files"]] == [("recording.mp4", 1000, file["sha256"])]
    until(lambda: [c["status"] for c in tombstone(house, teacher, number)["copies"]] == ["erased"], "and that is noted")
    [event] = told(teacher, session, "recording.deleted")
    assert event["event_data"] == {"recording_id": number, "reason": reason} and event["user_id"] is None
    assert teacher.get(f"/sessions/{session}/recordings").json() == {"recordings": [], "total": 0}
    words = f"This recording was deleted on {gone['deleted_at'][:10]}: {reason}"
    for reply in (teacher.get(f"/recordings/{number}"), teacher.delete(f"/recordings/{number}"), teacher.patch(f"/recordings/{number}", {"action": "stop"}), teacher.post(f"/recordings/{number}/retry"),
                  teacher.get(f"/recordings/{number}/files/{file['id']}"), house.client().get(file["url"]), house.client().get(gone["files"][0]["url"])):
        assert (reply.status_code, reply.json()) == (410, {"detail": words})
    assert house.person("Eve").get(f"/recordings/{number}").status_code == 403, "others are not told"
    assert house.client().get(file["url"].replace("signature=", "signature=x")).status_code == 403
    assert teacher.get(f"/recordings/{young}").status_code == 200 and young_key in store.objects


def test_by_hand_it_says_who(house, teacher, store):
    number, _, key = stored(house, teacher)
    assert teacher.delete(f"/recordings/{number}").status_code == 204
    gone = tombstone(house, teacher, number)
    assert (gone["deleted_reason"], gone["deleted_by"]) == ("by hand", teacher.id)
    [event] = told(teacher, session_of(house, number), "recording.deleted")
    assert event["event_data"]["reason"] == "by hand" and event["user_id"] == teacher.id
    until(lambda: key not in store.objects, "the store's copy is gone")


def test_what_is_kept_nobody_deletes(house, teacher, store):
    number, _, key = stored(house, teacher)
    session, at = session_of(house, number), f"/recordings/{number}"
    keep = lambda who, **body: who.request("PUT", f"{at}/keep", json=body)
    shown = teacher.get(at).json()
    assert parse(shown["deletes_at"]) == parse(shown["ended_at"]) + timedelta(days=30)
    assert keep(teacher).status_code == 403
    kept = keep(house.boss, reason="claim 4711").json()
    assert (kept["kept"], kept["kept_reason"], kept["deletes_at"]) == (True, "claim 4711", None)
    age(house, number, 400)
    other, _, _ = stored(house, teacher)
    age(house, other, 400)
    round_of(house, lambda: tombstone(house, teacher, other), "the other one is deleted")
    for who in (teacher, house.boss):
        reply = who.delete(at)
        assert (reply.status_code, reply.json()) == (409, {"detail": "An administrator keeps this recording: it cannot be deleted"})
    facade = house.client(house.boss.token).delete(f"/v1/recordings/{kept['uuid']}")
    assert facade.status_code == 400 and facade.json()["info"] == "An administrator keeps this recording: it cannot be deleted"
    assert teacher.get(at).json()["kept"] and key in store.objects
    let_go = keep(house.boss, kept=False).json()
    assert (let_go["kept"], let_go["kept_reason"]) == (False, None)
    assert keep(house.boss, kept=False).status_code == 200
    assert [e["event_data"] for e in told(teacher, session, "recording.kept")] == [{"recording_id": number, "reason": "claim 4711"}] and len(told(teacher, session, "recording.let_go")) == 1
    round_of(house, lambda: tombstone(house, teacher, number), "now it is deleted")
    until(lambda: key not in store.objects, "at the store, too")


def test_what_a_sink_does_not_delete_is_shown_and_tried_again(house, teacher, store):
    number, _, key = stored(house, teacher)
    session = session_of(house, number)
    store.fail(lambda method, query: method == "DELETE", 403, "AccessDenied", "Access Denied", times=1000)
    assert teacher.delete(f"/recordings/{number}").status_code == 204
    copy = lambda: tombstone(house, teacher, number)["copies"][0]
    says = until(lambda: copy()["error"], "the fault is shown")
    assert "answered 403: AccessDenied: Access Denied" in says and copy()["status"] == "erasing" and key in store.objects
    doctor = house.tool("doctor")
    assert "1 copies are still there" in doctor.stdout
    with house.db() as db:
        db.execute("UPDATE jobs SET attempts = 39 WHERE kind = 'unpublish' AND status = 'waiting'")

    def given_up():
        hurry(house, "unpublish")
        return told(teacher, session, "recording.erase_failed")

    [event] = until(given_up, "it is given up", 60)
    assert event["event_data"]["name"] == "s3" and "AccessDenied" in event["event_data"]["error"]
    store.faults.clear()
    assert house.person("Eve").post(f"/recordings/{number}/retry").status_code == 403
    reply = teacher.post(f"/recordings/{number}/retry")
    assert reply.status_code == 200 and reply.json()["deleted_at"]
    until(lambda: key not in store.objects and copy()["status"] == "erased", "it is deleted at last")
    assert copy()["error"] is None and teacher.post(f"/recordings/{number}/retry").status_code == 410


def test_single_tracks_go_before_the_rest(house, teacher, store):
    number, video, key = stored(house, teacher)
    session, track_key = session_of(house, number), key.replace("recording.mp4", "track.ogg")
    (house.data / track_key).write_bytes(b"x" * 10)
    store.objects[track_key] = (b"x" * 10, {})
    with house.db() as db:
        db.execute("INSERT INTO recording_files (recording_id, kind, name, sink, key, content_type, size_bytes, sha256, duration_ms) VALUES (?, 'track', 'track.ogg', 'local', ?, 'audio/ogg', 10, ?, 1000)", (number, track_key, "0" * 64))
        track = list(db.execute("SELECT id FROM recording_files WHERE recording_id = ? AND kind = 'track'", (number,)))[0][0]
        db.execute("INSERT INTO recording_copies (recording_id, file_id, sink, key, status, done_bytes, created_at) VALUES (?, ?, 's3', ?, 'stored', 10, 1)", (number, track, track_key))
    assert teacher.get(f"/recordings/{number}/files/{track}").status_code == 200
    age(house, number, 7)
    round_of(house, lambda: len(teacher.get(f"/recordings/{number}").json()["files"]) == 1, "the track is deleted")
    until(lambda: track_key not in store.objects and not (house.data / track_key).exists(), "here and there")
    reply = teacher.get(f"/recordings/{number}/files/{track}")
    assert (reply.status_code, reply.json()) == (410, {"detail": "This file was deleted; the recording has others"})
    assert [e["event_data"] for e in told(teacher, session, "recording.tracks_deleted")] == [{"recording_id": number, "reason": "older than 7 days (RETENTION_TRACK_DAYS)"}]
    assert teacher.get(f"/recordings/{number}/files/{video['id']}").status_code == 200 and key in store.objects and (house.data / key).exists()
    assert teacher.delete(f"/recordings/{number}").status_code == 204
    assert sorted(f["name"] for f in tombstone(house, teacher, number)["files"]) == ["recording.mp4", "track.ogg"]


def test_what_was_written_is_forgotten_that_it_was_is_not(house, teacher):
    session, now = teacher.session()["id"], int(time.time() * 1000)
    with house.db() as db:
        for days, text in ((3, "a secret"), (2, "another"), (0, "still here")):
            db.execute("INSERT INTO events (session_id, event_type, event_data, timestamp) VALUES (?, 'chat.message', ?, ?)", (session, f'{{"participant_id":1,"name":"Ada","text":"{text}"}}', now - days * DAY))
    lines = lambda: [e["event_data"] for e in told(teacher, session, "chat.message")]
    forgotten = [{"forgotten": True}, {"forgotten": True}, {"participant_id": 1, "name": "Ada", "text": "still here"}]
    with house.db() as db:  # as if nothing younger had come before: events are in the order in which they happened
        first = list(db.execute("SELECT min(id) FROM events WHERE session_id = ? AND event_type = 'chat.message'", (session,)))[0][0]
        db.execute("INSERT INTO facts (name, number) VALUES ('chat_forgotten', ?) ON CONFLICT (name) DO UPDATE SET number = excluded.number", (first - 1,))
    round_of(house, lambda: lines() == forgotten, "what is old is forgotten")


def test_nothing_is_deleted_unless_it_was_said(start_roomd):
    server = start_roomd()
    ada = server.person("Ada")
    number, key, _ = lay_down(server, ada, 100)
    age(server, number, 30000)
    with server.db() as db:
        due = lambda: list(db.execute("SELECT due_at FROM jobs WHERE kind = 'retention' AND status = 'waiting' AND due_at > ?", (int(time.time() * 1000),)))
        hurry(server, "retention")
        until(due, "a round is over")
    assert ada.get(f"/recordings/{number}").status_code == 200 and (server.data / key).exists()
