"""Scenes of what is kept, looked at again, deleted and told of: the inbox's replay, retention, what an administrator keeps, export, the live stream, the audit log;
and what holds for them after every fault. `at_rest` waits for what comes by itself, `check` looks."""
import collections
import json

from follower import Follower
from recorded import hurry

DAY = 86_400_000
OLD = {"RETENTION_DAYS": "400", "RETENTION_TRACK_DAYS": "300", "RETENTION_CHAT_DAYS": "200"}  # older than anything but what a scene makes old


class Diary:
    """What the scenes have made, for those who look afterwards."""

    def __init__(self):
        self.poison, self.too_old, self.follower = set(), set(), None


def diary(w):
    if not hasattr(w, "records"):
        w.records = Diary()
    return w.records


def close(w):
    if diary(w).follower:
        diary(w).follower.close()


# ---- scenes

def poison(w):
    """LiveKit says something that cannot be taken in, for a reason that only the database knows; once that is mended it is looked at again."""
    kind = f"poison_{next(w.numbers)}"
    diary(w).poison.add(kind)
    cure = w.house.refuse("inbox", f"NEW.room_name = '{kind}' AND NEW.state IN ('processed', 'waiting')")
    state = lambda: w.rows("SELECT state FROM inbox WHERE room_name = ?", kind)[0][0]

    def becomes(wanted):
        hurry(w.house, "inbox")
        return state() == wanted
    try:
        w.hook(kind, room={"name": kind})
        w.wait(lambda: becomes("failed"), "it is set aside")
    finally:
        cure()
    w.ok(w.boss.call("POST", "/admin/inbox/replay", {"state": "failed", "room_name": kind}))
    w.wait(lambda: becomes("processed"), "it is taken in")


def replay(w):
    """All that LiveKit told of a lesson is looked at again: nothing changes."""
    s = w.lesson()
    w.come(w.ada, s).leave()
    w.wait(lambda: w.quiet() and w.rows("SELECT 1 FROM connection_spans WHERE session_id = ?", s["id"]) and not w.inside(s), "she was there")
    w.end(s)
    told = lambda: w.rows("SELECT state FROM inbox WHERE room_name = ?", s["room_name"])
    w.wait(lambda: told() and all(r == ("processed",) for r in map(tuple, told())), "all of it is taken in")
    count = w.ok(w.boss.call("POST", "/admin/inbox/replay", {"room_name": s["room_name"]}))["count"]
    assert 0 < count <= len(told())  # that the room is closed may be told just now
    w.wait(lambda: all(r == ("processed",) for r in map(tuple, told())), "all of it is looked at again")


def running(w, content=b"recorded sound", others=()):
    """A lesson that Ada is in, with some others, and its recording, which runs."""
    s = w.lesson()
    w.record_as(content)
    w.come(w.ada, s).publish()
    for who in others:
        w.come(who, s)
    w.wait(lambda: len(w.inside(s)) == 1 + len(others), "they are in")
    row = w.record(s)
    w.wait(lambda: w.recording(row)["status"] == "recording" and w.runs(row), "it runs")
    return row, s


def a_recording(w, content=b"recorded sound", others=()):
    row, s = running(w, content, others)
    w.stop(row)
    w.wait(lambda: w.kept(row), "the bucket has it, and nobody else")
    w.end(s)
    return row, s


def with_track(w, row, name):
    """A track of somebody's in it, at the bucket."""
    key = f"{row['uuid']}/{name}"
    w.s3.objects[key] = (b"track", {})
    with w.house.db() as db:
        db.execute("INSERT INTO recording_files (recording_id, kind, name, sink, key, content_type, size_bytes, sha256, duration_ms) VALUES (?, 'track', ?, 's3', ?, 'audio/ogg', 5, ?, 1000)",
                   (row["id"], name, key, "9fa0b0be7dee4bd8d8a0f4d0b1a2b6a4a4b7c4c8f7e8fe35c28a0d4e8cd1ea48"))
        file = list(db.execute("SELECT id FROM recording_files WHERE recording_id = ? AND name = ?", (row["id"], name)))[0][0]
        db.execute("INSERT INTO recording_copies (recording_id, file_id, sink, key, status, done_bytes, created_at) VALUES (?, ?, 's3', ?, 'stored', 5, 1)", (row["id"], file, key))
        w.untold_copies.add((row["id"], "s3", key))
    return key


def age(w, row, days):
    with w.house.db() as db:
        db.execute("UPDATE recordings SET ended_at = ? WHERE id = ?", (w.control.now_ms() - days * DAY, row["id"]))


def round_until(w, done, what):
    def look():
        hurry(w.house, "retention")
        return done()
    w.wait(look, what)


def retention(w):
    """A recording becomes old: first its tracks go, then all of it, but not while somebody keeps it; what was written long ago goes as well."""
    row, _ = a_recording(w)
    key = with_track(w, row, "seat-0-track.ogg")
    age(w, row, 310)
    round_until(w, lambda: key not in w.s3.objects, "the track is gone from the bucket")
    w.wait(lambda: not w.rows("SELECT 1 FROM jobs WHERE kind = 'erase_file' AND status <> 'done'"), "and from here")
    w.ok(w.boss.call("PUT", f"/recordings/{row['id']}/keep", {"reason": "claim 4711"}))
    age(w, row, 410)
    rounds = w.control.passed()["retention_planned"]
    round_until(w, lambda: w.control.passed()["retention_planned"] > rounds + 1, "two rounds are over")
    assert w.recording(row)["kept"]
    diary(w).too_old.add(row["id"])
    w.ok(w.boss.call("PUT", f"/recordings/{row['id']}/keep", {"kept": False}))
    round_until(w, lambda: not any(row["uuid"] in k for k in w.s3.objects), "it is gone here and there")


def film(w):
    """Somebody who is in a recording with others is forgotten: it stays, their own track goes."""
    name = f"Esme {next(w.numbers)} Remarkable"
    esme = w.person(name)
    row, s = a_recording(w, others=[esme])
    [[seat]] = w.rows("SELECT id FROM participants WHERE session_id = ? AND user_id = ?", s["id"], esme.id)
    key = with_track(w, row, f"seat-{seat}-camera.ogg")
    address = w.accounts.pop(esme.id)  # from here on nobody promises that it stays
    w.ok(w.boss.call("POST", f"/users/{esme.id}/erase", {"confirm": address}))
    w.forgotten |= {name, address}
    w.wait(lambda: w.rows("SELECT 1 FROM erasures WHERE user_id = ? AND status = 'done'", esme.id), "she is forgotten", skip_ms=1000)
    w.wait(lambda: key not in w.s3.objects and not w.rows("SELECT 1 FROM jobs WHERE kind = 'forget_files' AND subject_id = ? AND status <> 'done'", row["id"]), "her track is gone")


def guest(w):
    """Who came without an account is forgotten, as soon as LiveKit has said all of them."""
    name, s = f"Fay {next(w.numbers)} Unmistakable", w.lesson()
    token = w.ok(w.call("POST", "/api/v1/sessions/guest-join", json={"room_code": s["room_code"], "name": name}))["token"]
    w.livekit.join(w.ok(w.call("POST", "/api/v1/call/door", json={"token": token, "consent": True}))["access_token"]).leave()
    w.end(s)
    account = w.ok(w.boss.call("POST", "/admin/guests/erase", {"guest": name, "seats": 1}))["user_id"]
    w.forgotten.add(name)
    w.wait(lambda: w.quiet() and not w.inside(s) and not w.rows("SELECT 1 FROM inbox WHERE state = 'received'"), "LiveKit has said all of them that it has to say")
    w.wait(lambda: w.rows("SELECT 1 FROM erasures WHERE user_id = ? AND status = 'done'", account), "they are forgotten", skip_ms=1000)


def chat(w):
    """Something is said, told to the endpoint, and is old one day."""
    s = w.lesson()
    ws = w.page(w.ada, s)
    ws.send(json.dumps({"t": "say", "text": "how we spoke then"}))
    said = lambda: w.rows("SELECT id FROM events WHERE session_id = ? AND event_type = 'chat.message'", s["id"])
    w.wait(said, "it is kept")
    w.leave(ws)
    w.end(s)
    [[event]] = said()
    w.wait(lambda: w.rows("SELECT 1 FROM webhook_deliveries WHERE event_id = ? AND state = 'delivered'", event), "the endpoint was told")
    with w.house.db() as db:  # as if nothing younger had come before: events are in the order in which they happened
        db.execute("INSERT INTO facts (name, number) VALUES ('chat_forgotten', ?) ON CONFLICT (name) DO UPDATE SET number = excluded.number", (event - 1,))
        db.execute("UPDATE events SET timestamp = ? WHERE id = ?", (w.control.now_ms() - 210 * DAY, event))
    round_until(w, lambda: tuple(w.rows("SELECT event_data FROM events WHERE id = ?", event)[0]) == ('{"forgotten":true}',), "what was said is gone")


def export(w):
    known = w.ok(w.boss.call("GET", f"/users/{w.ada.id}/export"))
    assert known["account"]["id"] == w.ada.id and len(known["seats"]) <= len(w.sessions)


def follow(w):
    """From its first time on somebody follows all that happens, whatever else is played."""
    if not diary(w).follower:
        diary(w).follower = Follower(w)
    w.lesson()
    lives = diary(w).follower.lives
    if diary(w).follower.stream:
        diary(w).follower.stream.socket.shutdown(2)  # the line breaks: what happened meanwhile is read
    s = w.lesson()
    w.wait(lambda: diary(w).follower.lives > lives and diary(w).follower.seen, "it came back")
    w.end(s)
    w.wait(lambda: diary(w).follower.cursor >= w.rows("SELECT max(id) FROM events WHERE session_id = ?", s["id"])[0][0], "it was told")


ALL = [poison, replay, retention, film, guest, chat, export, follow]
ONLY = {"inbox_set_aside": poison, "inbox_replayed": replay, "recording_held": retention, "retention_stepped": retention, "retention_planned": retention, "audit_due": replay, "audit_noted": replay,
        "stream_due": follow, "stream_read": follow, "stream_sent": follow}  # places that others pass now and then


# ---- afterwards

def at_rest(w):
    """Rounds of retention go by the clock; what is too old may need one more of them."""
    old = diary(w).too_old
    gone = lambda id: w.rows("SELECT 1 FROM recordings WHERE id = ? AND kept = 0 AND deleted_at IS NULL", id)
    for id in old:
        if gone(id):
            round_until(w, lambda id=id: not gone(id), "the rule is kept")
    tracks = "SELECT 1 FROM recordings r JOIN recording_files f ON f.recording_id = r.id WHERE f.kind = 'track' AND f.deleted_at IS NULL AND r.deleted_at IS NULL AND r.kept = 0 AND r.ended_at < ?"
    if w.rows(tracks, w.control.now_ms() - 300 * DAY):
        round_until(w, lambda: not w.rows(tracks, w.control.now_ms() - 300 * DAY), "tracks that are too old go")
    w.wait(lambda: not w.rows("SELECT 1 FROM jobs WHERE kind IN ('erase', 'erase_file', 'unpublish', 'forget_files') AND status IN ('waiting', 'running')"), "files follow the rows")


def check(w):
    set_aside(w)
    audited(w)
    kept(w)
    scratch(w)
    if diary(w).follower:
        diary(w).follower.check()


def set_aside(w):
    """What cannot be taken in is told of, once; nothing else is set aside."""
    told = collections.Counter(json.loads(data)["name"] for (data,) in w.rows("SELECT event_data FROM events WHERE event_type = 'provider.event_set_aside'"))
    aside = {kind for kind, state, again in w.rows("SELECT event_type, state, replayed_at FROM inbox") if state == "failed" or (again and kind in diary(w).poison)}
    assert aside <= diary(w).poison and told == dict.fromkeys(aside, 1), (aside, told)


def audited(w):
    """Each change has its row, once, and no row is without its change."""
    acts = collections.Counter(action for (action,) in w.rows("SELECT action FROM audit"))
    events = collections.Counter(kind for (kind,) in w.rows("SELECT event_type FROM events"))
    one = lambda sql: w.rows(sql)[0][0]
    assert acts["v1_session_create"] == events["session.created"] == one("SELECT count(*) FROM sessions")
    assert acts["v1_key_create"] == one("SELECT count(*) FROM api_keys")
    assert len(w.recordings) <= acts["v1_recording_start"] <= one("SELECT count(*) FROM recordings"), "a provider's recording is taken up also where our part of it is lost"
    assert acts["v1_recording_delete"] == one("SELECT count(*) FROM recordings WHERE deleted_reason = 'by hand'")
    assert acts["v1_recording_keep"] >= events["recording.kept"] + events["recording.let_go"]
    assert acts["v1_inbox_replay"] + acts["v1_inbox_replay_one"] == events["inbox.replayed"]
    assert acts["v1_user_erase"] + acts["v1_guest_erase"] == one("SELECT count(*) FROM erasures WHERE requested_by IS NOT NULL")
    assert acts["job.user_erased"] == events["user.erased"] == one("SELECT count(*) FROM erasures WHERE status = 'done'")


def kept(w):
    """Whether a recording is kept is what was told of it last; what is kept is there."""
    last = {}
    for kind, data in w.rows("SELECT event_type, event_data FROM events WHERE event_type IN ('recording.kept', 'recording.let_go') ORDER BY id"):
        last[json.loads(data)["recording_id"]] = kind == "recording.kept"
    for id, is_kept, deleted_at in w.rows("SELECT id, kept, deleted_at FROM recordings"):
        assert bool(is_kept) == last.get(id, False) and not (is_kept and deleted_at), (id, is_kept, deleted_at, last.get(id))


def scratch(w):
    """A file that an export was written to has no name, so it is gone with whoever had it open."""
    assert not [p.name for house in w.houses for p in house.data.iterdir() if p.name.startswith("export.")]
