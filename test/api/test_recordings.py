"""Recordings as facts: start, pause, stop, list, fetch by bearer or link, delete. The files are laid down beside the server."""
import hashlib
import re

import pytest

from harness import until

BYTES = bytes(range(256)) * 40


def start(teacher, session=None):
    session = session or teacher.session()
    reply = teacher.post(f"/sessions/{session['id']}/recordings")
    assert reply.status_code == 201, reply.text
    return session, reply.json()


def act(teacher, recording, action):
    return teacher.patch(f"/recordings/{recording['id']}", {"action": action})


@pytest.fixture
def ready(server, teacher):
    """A recording that is ready, with one file: (session, recording, file)."""
    session, recording = start(teacher)
    folder = server.data / "recordings" / recording["uuid"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recording.mp4").write_bytes(BYTES)
    with server.db() as db:
        db.execute("UPDATE recordings SET status = 'ready', progress = 100, duration_ms = 40000, ended_at = started_at + 40000 WHERE id = ?", (recording["id"],))
        db.execute("INSERT INTO recording_files (recording_id, kind, name, sink, key, content_type, size_bytes, sha256, duration_ms) VALUES (?, 'video', 'recording.mp4', 'local', ?, 'video/mp4', ?, ?, 40000)",
                   (recording["id"], f"recordings/{recording['uuid']}/recording.mp4", len(BYTES), hashlib.sha256(BYTES).hexdigest()))
    recording = teacher.get(f"/recordings/{recording['id']}").json()
    return session, recording, recording["files"][0]


def path(file):
    return re.sub("^http://[^/]*", "", file["url"])


def test_life_of_a_recording(teacher):
    session, recording = start(teacher)
    assert recording == {**recording, "session_id": session["id"], "status": "recording", "progress": 0, "error": None, "ended_at": None, "duration_ms": None, "files": []}
    reply = teacher.post(f"/sessions/{session['id']}/recordings")
    assert (reply.status_code, reply.json()) == (409, {"detail": "A recording is already running"})
    assert act(teacher, recording, "start").status_code == 409
    assert [act(teacher, recording, a).json()["status"] for a in ("pause", "pause", "resume", "resume", "pause", "stop")] == ["paused", "paused", "recording", "recording", "paused", "processing"]
    for action in ("pause", "resume", "stop"):
        reply = act(teacher, recording, action)
        assert (reply.status_code, reply.json()) == (409, {"detail": "The recording is not running"})
    assert act(teacher, recording, "rewind").json()["detail"][0]["msg"] == "Input should be 'start', 'stop', 'pause' or 'resume'"
    kinds = [e["event_type"] for e in teacher.get(f"/sessions/{session['id']}/events").json()["events"]]
    asked = [k for k in kinds if k.startswith("recording.") and k not in ("recording.consent", "recording.failed")]  # the job may have found already that nobody was in
    assert asked == ["recording.started", "recording.paused", "recording.resumed", "recording.paused", "recording.stopped"]


def test_nobody_was_in(server, teacher):
    """Nothing to make files of: it fails with the reason, can be retried, fails again, can be deleted."""
    session, recording = start(teacher)
    for path_, method in ((f"/recordings/{recording['id']}", "DELETE"), (f"/recordings/{recording['id']}/retry", "POST")):
        reply = teacher.request(method, path_)
        assert reply.status_code == 409 and reply.json()["detail"] in ("The recording is still running or being processed", "Only a failed recording can be retried")
    act(teacher, recording, "stop")
    with server.db() as db:  # the job would wait for Janus to close files that there are none of
        db.execute("UPDATE jobs SET due_at = 0 WHERE kind = 'compose' AND subject_id = ?", (recording["id"],))
    failed = lambda: (r := teacher.get(f"/recordings/{recording['id']}").json())["status"] == "failed" and r
    assert until(failed, "the recording fails")["error"] in (
        "the recording was stopped as soon as it began", "nothing was recorded: nobody's microphone, camera or screen sent anything",
        "nothing was recorded: nobody was in the call while it ran")
    retried = teacher.post(f"/recordings/{recording['id']}/retry")
    assert retried.status_code == 200 and retried.json()["status"] == "processing" and retried.json()["error"] is None
    until(failed, "it fails again")
    folder = server.data / "recordings" / recording["uuid"]
    folder.mkdir(parents=True, exist_ok=True)
    assert teacher.delete(f"/recordings/{recording['id']}").status_code == 204
    for reply in (teacher.get(f"/recordings/{recording['id']}"), teacher.delete(f"/recordings/{recording['id']}")):
        assert reply.status_code == 410 and re.fullmatch(r"This recording was deleted on \d{4}-\d\d-\d\d: by hand", reply.json()["detail"])
    until(lambda: not folder.exists(), "its folder is erased")


def test_over_stops_it(teacher):
    session, recording = start(teacher)
    teacher.patch(f"/sessions/{session['id']}", {"status": "ended"})
    stopped = teacher.get(f"/recordings/{recording['id']}").json()
    assert stopped["status"] in ("processing", "failed") and stopped["ended_at"]


def test_list(teacher, ready):
    session, recording, file = ready
    second = start(teacher, session)[1]
    listed = teacher.get(f"/sessions/{session['id']}/recordings").json()
    assert [r["id"] for r in listed["recordings"]] == [recording["id"], second["id"]] and listed["total"] == 2
    assert {k: v for k, v in listed["recordings"][0]["files"][0].items() if k != "url"} == {k: v for k, v in file.items() if k != "url"}
    page = teacher.get(f"/sessions/{session['id']}/recordings?skip=1&limit=1").json()
    assert [r["id"] for r in page["recordings"]] == [second["id"]] and page["total"] == 2


def test_who_may(teacher, student, stranger, admin, anybody, ready):
    session, recording, file = ready
    student.join(session)
    at, plain = f"/recordings/{recording['id']}", f"/recordings/{recording['id']}/files/{file['id']}"
    for person, status in ((student, 200), (admin, 200), (stranger, 403)):
        assert person.get(at).status_code == status and person.get(plain).status_code == status
    for method, where, body in (("PATCH", at, {"action": "stop"}), ("DELETE", at, None), ("POST", at + "/retry", None)):
        reply = student.request(method, where, json=body)
        assert (reply.status_code, reply.json()) == (403, {"detail": "Not enough permissions"})
    reply = anybody.get("/api/v1" + plain)
    assert (reply.status_code, reply.json()) == (401, {"detail": "Not authenticated"})
    for number in (0, -1, 999999, 2**63 - 1, 10**30):
        assert teacher.get(f"/recordings/{number}").json() == {"detail": "Recording not found"}
        assert teacher.get(f"/recordings/{recording['id']}/files/{number}").json() == {"detail": "File not found"}
    other = start(teacher)[1]
    assert teacher.get(f"/recordings/{other['id']}/files/{file['id']}").status_code == 404


RANGES = [
    (None, 200, 0, 10240), ("bytes=0-", 206, 0, 10240), ("bytes=0-0", 206, 0, 1), ("bytes=10-19", 206, 10, 10), ("bytes=10239-", 206, 10239, 1), ("bytes=10000-99999999", 206, 10000, 240),
    ("bytes=-100", 206, 10140, 100), ("bytes=-99999", 206, 0, 10240), ("bytes=10240-", 416, 0, 0), ("bytes=-0", 416, 0, 0), ("bytes=99999-100000", 416, 0, 0),
    ("bytes=5-4", 200, 0, 10240), ("bytes=x-y", 200, 0, 10240), ("bytes=", 200, 0, 10240), ("bytes=0-1,5-6", 200, 0, 10240), ("lines=0-1", 200, 0, 10240), ("bytes=99999999999999999999-", 416, 0, 0)]


@pytest.mark.parametrize("header, status, offset, size", RANGES)
def test_ranges(teacher, ready, header, status, offset, size):
    file = ready[2]
    reply = teacher.http.get(path(file), headers={"Range": header} if header else {})
    assert reply.status_code == status
    if status == 416:
        assert reply.headers["content-range"] == "bytes */10240" and reply.json() == {"detail": "Requested range not satisfiable"}
        return
    assert reply.content == BYTES[offset:offset + size] and reply.headers["content-type"] == "video/mp4" and reply.headers["accept-ranges"] == "bytes"
    assert reply.headers.get("content-range") == (f"bytes {offset}-{offset + size - 1}/10240" if status == 206 else None)


def test_signed_link(anybody, ready):
    file = ready[2]
    link = path(file)
    assert anybody.get(link).content == BYTES
    assert anybody.get(link + "&download=true").headers["content-disposition"] == 'attachment; filename="recording.mp4"'
    head = anybody.head(link)
    assert head.status_code == 200 and head.content == b"" and head.headers["content-length"] == "10240"
    base, expires, signature = re.fullmatch(r"(.*)\?expires=(\d+)&signature=(.*)", link).groups()
    other = re.sub(r"/files/(\d+)", lambda m: f"/files/{int(m[1]) + 1}", base)
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    for where in (f"{base}?expires={int(expires) + 1}&signature={signature}", f"{base}?expires={expires}&signature={flipped}", f"{base}?expires={expires}&signature=", f"{base}?signature={signature}",
                  f"{base}?expires=0&signature={signature}", f"{other}?expires={expires}&signature={signature}", f"{base}?expires={expires}&signature={signature}A"):
        reply = anybody.get(where)
        assert (reply.status_code, reply.json()) == (403, {"detail": "This link has expired or is not valid"}), where


def test_expired_link(server, ready):
    """Signed by the real key, but for a time that is over."""
    import base64
    import hmac
    recording, file = ready[1], ready[2]
    key = hmac.new(server.secret.encode(), b"roomd download link", hashlib.sha256).digest()
    sign = lambda t: base64.urlsafe_b64encode(hmac.new(key, f"{recording['id']}/{file['id']}/{t}".encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    get = lambda t: server.client().get(f"/api/v1/recordings/{recording['id']}/files/{file['id']}?expires={t}&signature={sign(t)}").status_code
    assert (get(1), get(4102444800)) == (403, 200)


def test_file_that_is_gone(server, teacher, ready):
    (server.data / "recordings" / ready[1]["uuid"] / "recording.mp4").unlink()
    reply = teacher.http.get(path(ready[2]))
    assert (reply.status_code, reply.json()) == (404, {"detail": "File not found"})


def test_cli_lists_and_fetches(server, teacher, ready, tmp_path):
    recording = ready[1]
    assert f'"id":{recording["id"]},' in server.tool("recordings", "list", "--json").stdout
    done = server.tool("recordings", "fetch", str(recording["id"]), "--to", str(tmp_path))
    assert done.returncode == 0 and (tmp_path / "recording.mp4").read_bytes() == BYTES
    done = server.tool("recordings", "fetch", "999999")
    assert done.returncode == 1 and "has no files" in done.stderr
