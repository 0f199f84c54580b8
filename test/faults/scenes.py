"""What happens in a world: each scene goes past some of the named places. `Died` comes out of a scene in which roomd was killed."""
import hashlib
import json
import time
from types import SimpleNamespace

import httpx

import invariants
import records
from harness import jwt, until
from recorded import microphone
from world import PARTS, Died


def accounts(w):
    w.person("Cyd")
    w.once(w.boss, "/api-keys", {"name": "an app"}, lambda r: w.keys.append(r["key"]))


def lessons(w):
    s = w.lesson()
    w.ok(w.ada.call("PATCH", f"/sessions/{s['id']}", {"description": "Of what we do next"}))
    w.token(w.ben, s)
    w.end(s)


def call(w):
    """Somebody comes, another one comes, goes, comes again, is removed; the lesson ends."""
    s = w.lesson()
    ada = w.come(w.ada, s)
    ada.publish()
    w.come(w.ben, s).leave()
    again = w.come(w.ben, s)
    w.wait(lambda: len(w.inside(s)) == 2, "both are in")
    [ben] = [p for p in w.ok(w.ada.call("GET", f"/sessions/{s['id']}/participants")) if p["user_id"] == w.ben.id]
    w.ok(w.ada.call("POST", f"/sessions/{s['id']}/participants/{ben['id']}/kick"))
    w.wait(lambda: again.gone, "Ben is out")
    w.end(s)
    w.wait(lambda: s["room_name"] not in w.rooms_there(), "the room is closed")


def lost_hooks(w):
    """Nothing of it is told: it has to be asked for."""
    s = w.lesson()
    w.mute(True)
    try:
        ada = w.come(w.ada, s)
        w.wait(lambda: len(w.inside(s)) == 1, "Ada was found", skip_ms=100)
        ada.leave()
        w.wait(lambda: not w.inside(s), "she is gone", skip_ms=100)
    finally:
        w.mute(False)
    w.end(s)


def forgotten(w):
    """Somebody was in a lesson until just now, and is to be forgotten while LiveKit still tells of her."""
    name = f"Dora {next(w.numbers)} Unmistakable"  # no name begins as another one does
    dora, s = w.person(name), w.lesson()
    w.come(dora, s).leave()
    w.end(s)
    address = w.accounts.pop(dora.id)  # from here on nobody promises that it stays
    w.ok(w.boss.call("POST", f"/users/{dora.id}/erase", {"confirm": address}))
    w.forgotten |= {name, address}
    w.wait(lambda: w.quiet() and not w.inside(s) and not w.rows("SELECT 1 FROM inbox WHERE state = 'received'"), "LiveKit has said all of her that it has to say")
    w.wait(lambda: w.rows("SELECT 1 FROM erasures WHERE user_id = ? AND status = 'done'", dora.id), "she is forgotten", skip_ms=1000)


def page(w):
    """By our own page's WebSocket: from one browser, and another one, which is the one that counts then."""
    s = w.lesson()
    w.page(w.ada, s)
    w.leave(w.page(w.ada, s))
    w.end(s)


def recording(w, content=b"recorded sound", deleted=True):
    row, _ = records.a_recording(w, content)
    if deleted:
        w.ok(w.ada.call("DELETE", f"/recordings/{row['id']}"))
        w.deleted_recordings.add(row["id"])
        w.wait(lambda: not any(row["uuid"] in key for key in w.s3.objects), "the bucket has it no more")


def kept_recording(w):
    recording(w, b"something to be kept", deleted=False)


def large_recording(w):
    """In two parts."""
    recording(w, hashlib.sha256(b"noise").digest() * (PARTS // 32))


def silent_recorder(w):
    """What becomes of a recording is not told: it has to be asked for."""
    row, s = records.running(w, b"nobody told")
    w.mute(True)
    try:
        w.stop(row)
        w.wait(lambda: w.recording(row)["status"] == "ready", "it is found", skip_ms=100)
    finally:
        w.mute(False)
    w.end(s)


def restart(w):
    w.kill()
    if not w.house.start():
        raise Died


def flood(w):
    """So much that the log is folded into the database."""
    before, most = w.control.passed()["checkpoint_after"], 400
    while w.control.passed()["checkpoint_after"] == before and (most := most - 1):
        w.hook("nothing_known", filling="x" * 60000)
    assert most, "the log was folded"


def compose(w):
    """Of another house, where calls are held by its own media engine."""
    house = w.another("janus")
    if not house.start():
        assert house.start()
    http = httpx.Client(timeout=20)
    try:
        email = f"eve{next(w.numbers)}@example.org"
        row = http.post(house.url + "/api/v1/auth/register", json={"email": email, "password": "correct horse battery", "full_name": "Eve"}).json()
        head = {"Authorization": "Bearer " + jwt(house.secret, {"sub": str(row["id"]), "exp": int(time.time()) + 3600})}
        session = http.post(house.url + "/api/v1/sessions", json={"title": "Algebra"}, headers=head).json()
        recording = http.post(f"{house.url}/api/v1/sessions/{session['id']}/recordings", headers=head).json()
        raw = house.data / "recordings" / recording["uuid"] / "raw"
        raw.mkdir(parents=True, exist_ok=True)
        microphone(raw / f"session-1-user-{'0' * 8}-mic.mjr", w.control.now_ms(), 1)
        w.control.shift(1100)
        assert http.patch(f"{house.url}/api/v1/recordings/{recording['id']}", json={"action": "stop"}, headers=head).status_code == 200
        w.control.shift(6000)
        until(lambda: not house.alive or composed(house, recording), "the files are made, or it was killed", 30)
        if not house.alive:
            w.control.disarm()
            assert house.start()
            until(lambda: composed(house, recording), "the files are made", 30)
        proven(house, recording)
    finally:
        house.process.kill()
        house.process.wait(10)
        house.end_janus()
        http.close()


def composed(house, recording):
    with house.db() as db:
        return not list(db.execute("SELECT 1 FROM jobs WHERE kind = 'compose' AND status <> 'done'")) and list(db.execute("SELECT 1 FROM recordings WHERE id = ? AND status IN ('ready', 'failed')", (recording["id"],)))


def rows_of(house, sql):
    with house.db() as db:
        return list(db.execute(sql))


def proven(house, recording):
    """Its files are what the rows say, once; and nothing else is there."""
    with house.db() as db:
        assert list(db.execute("SELECT status, error FROM recordings WHERE id = ?", (recording["id"],))) == [("ready", None)]
        rows = list(db.execute("SELECT key, sha256 FROM recording_files WHERE recording_id = ?", (recording["id"],)))
        told = [json.loads(data)["recording_id"] for (data,) in db.execute("SELECT event_data FROM events WHERE event_type = 'recording.ready'")]
        assert told.count(recording["id"]) == 1
    invariants.anywhere(SimpleNamespace(house=house, look=house.on_postgresql, untold_copies=set(), rows=lambda sql: rows_of(house, sql)))
    folder = house.data / "recordings" / recording["uuid"]
    assert rows and {str(p.relative_to(house.data)) for p in folder.rglob("*") if p.is_file()} == {key for key, _ in rows}
    assert all(hashlib.sha256((house.data / key).read_bytes()).hexdigest() == sha256 for key, sha256 in rows)


def first_start(w):
    """Of another house, which is new; killed on the way, it is started again."""
    house = w.another(f"first{next(w.numbers)}", PROVIDER="livekit", **{k: v for k, v in w.house.env.items() if k.startswith("LIVEKIT")})
    try:
        if not house.start():
            w.control.disarm()
            assert house.start()
        secret = house.secret
        house.process.kill()
        house.process.wait(10)
        assert house.start() and house.secret == secret and len(secret) >= 40
        with house.db() as db:
            assert house.on_postgresql or list(db.execute("PRAGMA integrity_check")) == [("ok",)]
            assert list(db.execute("SELECT count(*) FROM users")) == [(0,)]
    finally:
        house.process.kill()
        house.process.wait(10)


ALL = [accounts, lessons, call, lost_hooks, page, forgotten, kept_recording, recording, large_recording, silent_recorder, restart, flood, compose, first_start, *records.ALL]
ONLY = {"checkpoint_before": flood, "checkpoint_after": flood, "migrate_step": first_start, "migrate_done": first_start, "secret_written": first_start,
        "reconcile_asked": lost_hooks, "reconcile_told": silent_recorder, **records.ONLY}  # places that others pass now and then
OWN_HOUSE = [compose, first_start]  # they start, and start again, by themselves
OF_A_START = {"migrate_step", "migrate_done", "secret_written", "jobs_released", "calls_adopted", "compose_found", "compose_made", "compose_moved", "compose_stored", "compose_told",
              "checkpoint_before", "checkpoint_after"}  # what one house does for itself alone
SQLITE_ALONE = {"checkpoint_before": flood, "checkpoint_after": flood}  # PostgreSQL has no log of ours to be folded
DAILY_ALONE = {"room_opened"}  # LiveKit's rooms are made when somebody stands at the door
AT_DAILY = [lessons, call, lost_hooks, forgotten, kept_recording, recording, silent_recorder]


def of(world):
    if world.provider == "daily":
        return AT_DAILY
    return [scene for scene in ALL if not (world.look and scene in SQLITE_ALONE.values())]
