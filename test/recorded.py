"""Recordings for tests that need some: made by the real jobs out of a track file, or laid down beside the server."""
import hashlib
import json
import os
import struct
import time

from harness import until

SILENCE = bytes([0xF8, 0xFF, 0xFE])  # 20 ms of Opus
MIB = 1 << 20


def microphone(path, begins_ms, seconds):
    """A track file as the media engine writes it."""
    us = begins_ms * 1000
    head = json.dumps({"t": "a", "c": "opus", "s": us, "u": us}).encode()
    with open(path, "wb") as out:
        out.write(b"MJR00002" + struct.pack("!H", len(head)) + head)
        for n in range(seconds * 50):
            packet = struct.pack("!BBHII", 0x80, 111, n & 0xFFFF, n * 960, 7) + SILENCE
            out.write(b"MEET" + struct.pack("!IH", n * 20, len(packet)) + packet)


def record(server, teacher, session=None):
    """A recording of a second of silence, made by the real jobs."""
    session = session or teacher.session()
    recording = teacher.post(f"/sessions/{session['id']}/recordings").json()
    raw = server.data / "recordings" / recording["uuid"] / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    begun = time.time()
    microphone(raw / f"session-1-user-{'0' * 8}-mic.mjr", int(begun * 1000), 1)
    until(lambda: time.time() > begun + 1.1, "a second has gone by")
    assert teacher.patch(f"/recordings/{recording['id']}", {"action": "stop"}).status_code == 200
    hurry(server, "compose", recording["id"])
    return session, recording["id"]


def hurry(server, kind, subject=None):
    with server.db() as db:
        db.execute("UPDATE jobs SET due_at = 0 WHERE kind = ? AND status = 'waiting' AND (? IS NULL OR subject_id = ?)", (kind, subject, subject))


def withhold(server, number):
    """Takes the job away that would make files of a stopped recording, for a test that lays them down itself; one that runs already comes to its end first."""
    def gone():
        with server.db() as db:
            db.execute("DELETE FROM jobs WHERE kind = 'compose' AND subject_id = ? AND status <> 'running'", (number,))
            return not db.execute("SELECT 1 FROM jobs WHERE kind = 'compose' AND subject_id = ?", (number,)).fetchone()
    until(gone, "no job makes files of it")


def settled(teacher, number, status="stored", hurried=None):
    """`hurried`: the server whose attempts shall not wait for their time."""
    def look():
        if hurried:
            hurry(hurried, "publish")
        r = teacher.get(f"/recordings/{number}").json()
        return r["copies"] and all(c["status"] == status for c in r["copies"]) and r
    return until(look, f"every copy is {status}", 60)


def lay_down(server, teacher, size, sink="s3"):
    """A ready recording with one file of that size here, and a copy of it that once failed."""
    session = teacher.session()
    number = teacher.post(f"/sessions/{session['id']}/recordings").json()
    data = os.urandom(MIB) * (size // MIB) + os.urandom(size % MIB)
    key = f"recordings/{number['uuid']}/recording.mp4"
    (server.data / key).parent.mkdir(parents=True, exist_ok=True)
    (server.data / key).write_bytes(data)
    with server.db() as db:
        db.execute("UPDATE recordings SET status = 'ready', progress = 100, duration_ms = 40000, ended_at = started_at + 40000 WHERE id = ?", (number["id"],))
        db.execute("INSERT INTO recording_files (recording_id, kind, name, sink, key, content_type, size_bytes, sha256, duration_ms) VALUES (?, 'video', 'recording.mp4', 'local', ?, 'video/mp4', ?, ?, 40000)",
                   (number["id"], key, size, hashlib.sha256(data).hexdigest()))
        file = list(db.execute("SELECT id FROM recording_files WHERE recording_id = ?", (number["id"],)))[0][0]
        db.execute("INSERT INTO recording_copies (recording_id, file_id, sink, key, status, done_bytes, created_at) VALUES (?, ?, ?, ?, 'failed', 0, 1)",
                   (number["id"], file, sink, key if sink == "s3" else f"live-sessions/{session['id']}-recording"))
    return number["id"], key, data
