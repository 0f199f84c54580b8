"""What holds after every fault, once roomd has come to rest. One place, whatever the fault was."""
import collections
import contextlib
import hashlib
import json
import re
import sqlite3

import records
from harness import ROOT

MEETINGS = next((ROOT / "src/db/migrations").glob("*_meetings.sql")).read_text()
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
TABLES_POSTGRESQL = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
COUNTS = "SELECT p.user_id, s.status, count(*) FROM participants p JOIN sessions s ON s.id = p.session_id WHERE p.user_id IS NOT NULL AND s.deleted_at IS NULL GROUP BY p.user_id, s.status"
HUSHED = "SELECT s.room_name FROM sessions s JOIN participants p ON p.session_id = s.id JOIN erasures x ON x.user_id = p.user_id"
SEATS = """SELECT p.id, p.connection_status, p.joined_at, p.left_at, min(c.joined_at), min(CASE WHEN c.reason = 'replaced' THEN NULL ELSE c.left_at END), count(*) - count(c.left_at) FROM participants p
    JOIN connection_spans c ON c.participant_id = p.id GROUP BY p.id, p.connection_status, p.joined_at, p.left_at"""


def afterwards(world, **rest):
    """Whatever has happened: it comes to rest, and all of it holds."""
    world.answer_all()
    world.empty()
    world.rest(**rest)
    check(world)


def check(world):
    records.at_rest(world)
    anywhere(world)
    diary(world)
    told(world)
    stays(world)
    recordings(world)
    folders(world)
    inbox(world)
    forgotten(world)
    world.houses[0].judge_audit()
    records.check(world)


def anywhere(house):
    """What holds of every house by its tables alone."""
    database(house)
    events(house)
    attendance(house)
    meetings(house)
    counts(house)
    assert not house.rows("SELECT kind, subject_id, error FROM jobs WHERE status = 'failed'"), "given up"


def forgotten(world):
    """Who asked to be forgotten is nowhere."""
    assert not world.rows("SELECT id, step, error FROM erasures WHERE status <> 'done'")
    tables = [t for (t,) in world.rows(TABLES_POSTGRESQL if world.look else TABLES)] if world.forgotten else []
    left = [(table, word) for table in tables for row in world.rows(f"SELECT * FROM {table}") for word in world.forgotten if word in str(row)]
    assert not left, left


def database(world):
    if world.look:
        assert world.rows("SELECT count(*) FROM pg_prepared_xacts") == [(0,)]
        return
    with contextlib.closing(sqlite3.connect(world.house.data / "roomd.db")) as db:
        assert list(db.execute("PRAGMA integrity_check")) == [("ok",)]
        assert list(db.execute("PRAGMA foreign_key_check")) == []


def diary(world):
    """Everything that was acknowledged is there, once."""
    titles = collections.Counter(title for (title,) in world.rows("SELECT title FROM sessions"))
    assert set(world.sessions.values()) <= set(titles), set(world.sessions.values()) - set(titles)
    assert max(titles.values(), default=1) == 1, [t for t, n in titles.items() if n > 1]
    status = dict(world.rows("SELECT id, status FROM sessions"))
    assert all(status[id] == "ended" for id in world.ended), {id: status[id] for id in world.ended if status[id] != "ended"}
    emails = dict(world.rows("SELECT id, email FROM users"))
    assert world.accounts.items() <= emails.items()
    gone = {id for (id,) in world.rows("SELECT id FROM recordings WHERE deleted_at IS NOT NULL")}
    assert world.deleted_recordings <= gone
    assert {id for (id,) in world.rows("SELECT id FROM recordings")} >= set(world.recordings)
    hashes = {h for (h,) in world.rows("SELECT hash FROM api_keys WHERE id IN (SELECT api_key_id FROM api_key_seals)")}
    assert {hashlib.sha256(k.encode()).hexdigest() for k in world.keys} <= hashes
    assert len(hashes) == world.rows("SELECT count(*) FROM api_keys")[0][0], "a key without its seal"


def events(world):
    """State and its event are one: each change of state has its event, once."""
    rows = [(id, session, kind, json.loads(data or "{}")) for id, session, kind, data in world.rows("SELECT id, session_id, event_type, event_data FROM events ORDER BY id")]
    per = collections.defaultdict(list)
    for id, session, kind, data in rows:
        per[kind].append((session, data))
    assert sorted(s for s, _ in per["session.created"]) == sorted(id for (id,) in world.rows("SELECT id FROM sessions")), "every session has one beginning"
    ended = collections.Counter(s for s, _ in per["session.ended"])
    for id, status in world.rows("SELECT id, status FROM sessions"):
        assert ended[id] == (status == "ended"), (id, status, ended[id])
    joined, left = (collections.Counter(d["connection"] for _, d in per[f"participant.{w}"]) for w in ("joined", "left"))
    for connection, left_at in world.rows("SELECT connection, left_at FROM connection_spans"):
        assert joined[connection] >= 1 and left[connection] == joined[connection] - (left_at is None), (connection, left_at, joined[connection], left[connection])
    begun, ready = (collections.Counter(d["recording_id"] for _, d in per[f"recording.{w}"]) for w in ("started", "ready"))
    for id, status in world.rows("SELECT id, status FROM recordings"):
        assert begun[id] == 1 and ready[id] == (status == "ready"), (id, status, begun[id], ready[id])
    published = collections.Counter((d["recording_id"], d["name"], d["text"]) for _, d in per["recording.published"])
    for row in world.rows("SELECT recording_id, sink, key FROM recording_copies WHERE status IN ('stored', 'erased')"):
        assert published[row] == (row not in world.untold_copies), (row, published[row])


def meetings(world):
    """Meetings, and how many there are of each host and room, are what stays make of them: as the migration has it that made the first ones."""
    made, counted = (f"SELECT * FROM ({sql}) AS made" for sql in re.findall(r"^INSERT INTO meeting\w+ \([^)]*\)\s+(.*?);$", MEETINGS, re.S | re.M))
    kept = world.rows("SELECT first, session_id, host_id, room, started_at, latest_at, left_at, inside, most FROM meetings ORDER BY first")
    assert sorted(map(tuple, world.rows(made)), key=lambda m: m[0]) == list(map(tuple, kept))
    assert {tuple(row) for row in world.rows(counted) if row[2]} == set(map(tuple, world.rows("SELECT host_id, room, total FROM meeting_counts WHERE total <> 0")))


def counts(world):
    """Totals of lists are what there is to be counted."""
    assert set(map(tuple, world.rows(COUNTS))) == set(map(tuple, world.rows("SELECT user_id, status, total FROM session_counts WHERE total <> 0")))


def attendance(world):
    """A stay ends after it began, a page's before the next page of the same seat; and what a seat says is what its stays say."""
    last = {}
    for seat, connection, joined, left in world.rows("SELECT participant_id, connection, joined_at, left_at FROM connection_spans ORDER BY id"):
        assert left is None or left >= joined, (seat, connection, joined, left)
        if re.fullmatch(r"[0-9A-Za-z]{16}", connection):
            assert seat not in last or last[seat] is not None and joined >= last[seat], ("two pages at once", seat, connection)
            last[seat] = left
    for seat, status, joined, left, first, first_left, inside in world.rows(SEATS):
        assert joined <= first and (status == "kicked" or left == first_left) and (status == "joined") == bool(inside and status != "kicked"), (seat, status, joined, left, first, first_left, inside)


def told(world):
    """The endpoint has taken everything; of a session in its order; and the same number never means two things."""
    first, changed, order = {}, [], collections.defaultdict(list)
    for m in world.told():
        body = json.dumps(m, sort_keys=True)
        if m["id"] not in first:
            first[m["id"]] = body
            order[m["data"].get("session_id")].append(m["id"])
        elif first[m["id"]] != body:
            changed.append(m["id"])
    wanted, taken = {id for id, _ in world.events_to_tell()}, world.accepted()
    assert wanted <= taken, ("not taken", sorted(wanted - taken)[:10])
    gone = [first[id] for id in [*changed, *set(first) - wanted]]  # only what was said of who is forgotten may be said in other words, or of nobody
    assert all(any(word in body for word in world.forgotten) for body in gone), gone
    for session, ids in order.items():
        assert session is None or ids == sorted(ids), (session, ids)
    noted = world.rows("SELECT event_id, state, status FROM webhook_deliveries WHERE event_id IS NOT NULL AND endpoint_id = ?", world.endpoint["id"])
    assert wanted <= {id for id, state, status in noted if (state, status) == ("delivered", 200)}, [row for row in noted if row[1:] != ("delivered", 200)]


def stays(world):
    """Nobody is in without being in, nobody who is in is missing, and nobody is whose coming was told and heard."""
    missing = world.came - {c for (c,) in world.rows("SELECT connection FROM connection_spans")}
    assert not missing, missing
    there = world.there()
    here = {c for (c,) in world.rows("SELECT connection FROM connection_spans WHERE left_at IS NULL")}
    assert here == there, (here - there, there - here)
    ghosts = world.rows("SELECT id, connection_status FROM participants p WHERE connection_status = 'joined' AND EXISTS (SELECT 1 FROM connection_spans c WHERE c.participant_id = p.id) AND NOT EXISTS (SELECT 1 FROM connection_spans c WHERE c.participant_id = p.id AND c.left_at IS NULL)")
    assert not ghosts, ghosts
    open_rooms = {name for (name,) in world.rows("SELECT room_name FROM provider_rooms WHERE closed_at IS NULL")}
    over = {name for (name,) in world.rows("SELECT room_name FROM sessions WHERE status IN ('ended', 'cancelled')")}
    assert not open_rooms & over and not world.rooms_there() & over, (open_rooms & over, world.rooms_there() & over)
    known = {name for (name,) in world.rows("SELECT room_name FROM provider_rooms")} | {name for (name,) in world.rows("SELECT room_name FROM sessions")}
    assert world.rooms_there() <= known, ("made there, and nobody here knows", world.rooms_there() - known)


def recordings(world):
    """What the recorder made is here once: nothing lost, nothing doubled, and what a bucket has is what was made."""
    whole, running = world.made()
    assert not running, ("the recorder goes on", running)
    made = collections.Counter(whole)
    kept = collections.Counter(e for (e,) in world.rows("SELECT p.external_id FROM provider_recordings p JOIN recordings r ON r.id = p.recording_id WHERE r.status = 'ready'"))
    assert made == kept, (made - kept, kept - made, world.rows("SELECT id, status, error FROM recordings WHERE status <> 'ready'"))
    for id, status in world.rows("SELECT id, status FROM recordings WHERE deleted_at IS NULL"):
        files = world.rows("SELECT id, sink, key, sha256, size_bytes FROM recording_files WHERE deleted_at IS NULL AND kind <> 'track' AND recording_id = ?", id)
        assert status == "ready" and files, (id, status, world.rows("SELECT error FROM recordings WHERE id = ?", id))
        for file, sink, key, sha256, size in files:
            copies = world.rows("SELECT key, status FROM recording_copies WHERE file_id = ? AND sink = 's3'", file)
            assert len(copies) == 1 and copies[0][1] == "stored" and sink == "s3", (id, copies, sink)
            body, _ = world.s3.objects[copies[0][0]]
            assert (hashlib.sha256(body).hexdigest(), len(body)) == (sha256, size), (id, key)
    stored = {key for (key,) in world.rows("SELECT key FROM recording_copies WHERE status = 'stored'")}
    assert set(world.s3.objects) == stored, (set(world.s3.objects) - stored, stored - set(world.s3.objects))


def folders(world):
    """Nothing is left lying about: no half-written file, no tracks of a recording that is ready, no output of the recorder that was taken."""
    data = world.house.data
    files = {str(p.relative_to(data)) for p in (data / "recordings").rglob("*") if p.is_file()} if (data / "recordings").exists() else set()
    local = {key for (key,) in world.rows("SELECT key FROM recording_files f JOIN recordings r ON r.id = f.recording_id WHERE f.sink = 'local' AND r.deleted_at IS NULL")}
    assert files == local, (files - local, local - files)
    assert not [p for p in world.out.rglob("*") if p.is_file()], "the recorder's files were taken"
    assert not [p for house in world.houses for p in house.data.iterdir() if p.name.endswith(".new")]


def inbox(world):
    """What was answered with 200 is kept, once, word for word unless somebody in it is forgotten, and was looked at. A node that was silent takes what waited in its sockets when it wakes."""
    world.wait(lambda: not world.rows("SELECT 1 FROM inbox WHERE state = 'received'"), "all that came is looked at")
    rows = list(world.rows("SELECT dedupe, state FROM inbox WHERE provider = ?", world.provider))
    missing, twice = set(world.hooks) - {d for d, _ in rows}, [d for d, n in collections.Counter(d for d, state in rows if state != "received").items() if n > 1]
    assert not missing and not twice, (missing, twice)
    hushed = {room for (room,) in world.rows(HUSHED)}
    for dedupe, body, room in world.rows("SELECT dedupe, body, room_name FROM inbox WHERE id > ? AND encoded = 0", world.inbox_read):
        said = world.hooks.get(dedupe)
        assert said is None or said == body or any(word in said for word in world.forgotten) or (not body and room in hushed), (said, body)
    [(world.inbox_read,)] = world.rows("SELECT coalesce(max(id), 0) FROM inbox")
