"""Who was in a room and what they used, its recordings, and coming in by phone."""
import json
import signal

import pytest

from harness import until
from test_room_tokens import token
from test_rooms import fail, make

NUMBERS = {"US": "+1-555-0100", "UK": "+44-20-7946-0000"}


def people(person, room, **how):
    reply = person.get(f"/rooms/{room['id']}/participants/", params=how)
    assert reply.status_code == 200
    return reply.json()


def named(person, room, name):
    return next(p for p in people(person, room)["results"] if p["name"] == name)


# ---- participants

def test_who_is_and_was_there(server, teacher, student, stranger):
    room = make(teacher)
    made = token(teacher, room, user=student.id, role="viewer")
    before = named(teacher, room, "Grace Hopper")
    assert (before["role"], before["status"], before["is_present"], before["joined_at"], before["left_at"], before["stays"]) == ("viewer", "invited", False, None, None, [])
    assert before["duration_seconds"] == 0 and before["connection_quality"] is None
    call = server.call(made["token"]).joined()
    there = named(student, room, "Grace Hopper")
    assert there["is_present"] and there["left_at"] is None and there["status"] == "joined" and there["user"] == student.id and there["room"] == room["id"]
    assert [(s["connection"], s["token"], s["role"]) for s in there["stays"]] == [(call.connection, made["id"], "viewer")]
    call.leave()
    gone = until(lambda: (p := named(teacher, room, "Grace Hopper"))["left_at"] and p["status"] == "left" and p, "the stay is closed")
    assert not gone["is_present"] and gone["stays"][0]["left_at"] == gone["left_at"]
    fail(stranger.get(f"/rooms/{room['id']}/participants"), 403, "Not enough permissions")


def test_pages_of_people(teacher):
    room = make(teacher)
    for i in range(4):
        token(teacher, room, identity=f"p{i}")
    page = people(teacher, room, limit=2, offset=1)
    assert page["count"] == 5 and [p["name"] for p in page["results"]] == ["p0", "p1"] and page["next"] and page["previous"]
    assert people(teacher, room, offset=9)["results"] == []


def test_quality_of_the_line_is_kept(server, teacher):
    room = make(teacher)
    call = server.call(teacher.join(room)).joined()
    call.send("report", quality="poor")
    call.peer("Ada Lovelace", quality="poor")
    until(lambda: named(teacher, room, "Ada Lovelace")["duration_seconds"] >= 2, "two seconds")
    call.leave()
    me = until(lambda: (p := named(teacher, room, "Ada Lovelace"))["connection_quality"] and p, "the use is written")
    assert me["connection_quality"] == "poor" and me["poor_seconds"] >= 1 and me["stays"][0]["connection_quality"] == "poor"
    assert (me["audio_seconds"], me["video_seconds"], me["screen_share_seconds"]) == (0, 0, 0), "nothing was sent"


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_use_outlives_roomd(start_roomd, end):
    server = start_roomd()
    ada = server.person("Ada")
    room = make(ada)
    call = server.call(ada.join(room)).joined()
    call.send("report", quality="fair")
    call.peer("Ada", quality="fair")
    until(lambda: named(ada, room, "Ada")["duration_seconds"] >= 2, "two seconds")
    if end == signal.SIGKILL:  # what was written in the last ten seconds may be lost, no more
        until(lambda: named(ada, room, "Ada")["connection_quality"] == "fair", "it is written while the call goes on")
    server.process.send_signal(end)
    server.process.wait()
    server.start()
    ada.http = server.client(ada.token)
    back = server.call(call.token, connection=call.connection).joined()
    assert back.connection == call.connection
    before = named(ada, room, "Ada")["stays"]
    back.leave()
    after = until(lambda: (p := named(ada, room, "Ada"))["left_at"] and p, "the stay is closed")
    assert len(after["stays"]) == 1 and after["connection_quality"] == "fair" and before[0]["connection_quality"] == "fair"


# ---- recordings

def test_recording(teacher, student, stranger):
    room = make(teacher)
    at = f"/rooms/{room['id']}"
    student.join(room)
    for person in (student, stranger):
        fail(person.post(at + "/recording/start/"), 403, "Not enough permissions")
        fail(person.post(at + "/recording/stop/"), 403, "Not enough permissions")
    fail(teacher.post(at + "/recording/stop/"), 409, "The recording is not running")
    started = teacher.post(at + "/recording/start/")
    assert started.status_code == 201
    rec = started.json()
    assert (rec["status"], rec["room"], rec["progress"], rec["files"], rec["download_url"], rec["storage_provider"], rec["file_size_bytes"]) == ("recording", room["id"], 0, [], None, None, 0)
    fail(teacher.post(at + "/recording/start"), 409, "A recording is already running")
    assert teacher.get(at).json()["is_recording"] is True
    stopped = teacher.post(at + "/recording/stop/").json()
    assert (stopped["id"], stopped["status"]) == (rec["id"], "processing") and stopped["ended_at"] and teacher.get(at).json()["is_recording"] is False
    page = student.get(at + "/recordings/").json()
    assert page["count"] == 1 and page["results"][0]["id"] == rec["id"]
    assert student.get(f"{at}/recordings/{rec['id']}").json()["uuid"] == rec["uuid"] == teacher.get(f"/recordings/{rec['id']}").json()["uuid"]
    fail(stranger.get(at + "/recordings"), 403, "Not enough permissions")
    other = make(teacher)
    fail(teacher.get(f"/rooms/{other['id']}/recordings/{rec['id']}"), 404, "Recording not found")
    teacher.patch(at, {"status": "ended"})
    fail(teacher.post(at + "/recording/start"), 400, "Session is not active")


def test_people_are_asked_before_they_are_recorded(server, teacher, student):
    room = make(teacher)
    call = server.call(student.join(room)).joined()
    teacher.post(f"/rooms/{room['id']}/recording/start")
    call.expect("consent_needed")
    call.close()
    recorded = make(teacher, recording_enabled=True)
    late = server.call(student.join(recorded))
    late.expect("consent_needed")
    late.close()


def test_links_of_a_recording_are_signed(server, teacher, anybody):
    """A recording that is ready has a link that lets in without signing in, until it expires."""
    room = make(teacher)
    rec = teacher.post(f"/rooms/{room['id']}/recording/start").json()
    file = {"kind": "video", "name": "recording.mp4", "sink": "local", "key": f"recordings/{rec['uuid']}/recording.mp4", "content_type": "video/mp4", "size_bytes": 4, "sha256": "0" * 64, "duration_ms": 1500}
    folder = server.data / "recordings" / rec["uuid"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recording.mp4").write_bytes(b"film")
    with server.db() as db:
        db.execute("UPDATE recordings SET status = 'ready', progress = 100, duration_ms = 1500 WHERE id = ?", [rec["id"]])
        db.execute(f"INSERT INTO recording_files (recording_id, {', '.join(file)}) VALUES (?{', ?' * len(file)})", [rec["id"], *file.values()])
    ready = teacher.get(f"/rooms/{room['id']}/recordings/{rec['id']}").json()
    assert (ready["duration_seconds"], ready["storage_provider"], ready["file_size_bytes"], ready["progress"]) == (2, "local", 4, 100)
    assert ready["download_url"] == ready["files"][0]["url"]
    path = ready["download_url"].split(str(server.port), 1)[1]
    assert anybody.get(path).content == b"film" and anybody.get(path[:-1] + ("A" if path[-1] != "A" else "B")).status_code == 403


# ---- dial-in

def on_livekit(server, *rooms):
    """As if the room were carried by a provider that has telephones."""
    with server.db() as db:
        for room in rooms:
            db.execute("UPDATE sessions SET provider = 'livekit' WHERE id = ?", [room["id"]])


def test_dial_in(start_roomd):
    """get_room_dial_in_info(room): {'number': …, 'pin': …, 'instructions': …}"""
    server = start_roomd({"LIVEKIT_SIP_ENABLED": "True", "LIVEKIT_DIAL_IN_NUMBERS": json.dumps(NUMBERS)})
    ada, eve = server.person("Ada"), server.person("Eve")
    room = make(ada, sip_enabled=True)
    at = f"/rooms/{room['id']}/dial-in"
    fail(ada.get(at), 409, "This room's provider cannot be dialled into")
    on_livekit(server, room)
    info = ada.get(at + "/").json()
    assert info["number"] == NUMBERS["US"] and len(info["pin"]) == 6 and info["pin"].isdigit()
    assert info["instructions"] == f"Call +1-555-0100 and enter the PIN {info['pin']} followed by #"
    assert info["numbers"] == [{"country": c, "number": n} for c, n in NUMBERS.items()]
    assert ada.get(at + "?country=uk").json() == {**info, "number": NUMBERS["UK"], "instructions": info["instructions"].replace(NUMBERS["US"], NUMBERS["UK"])}
    fail(ada.get(at + "?country=AU"), 404, "There is no dial-in number for that country")
    fail(eve.get(at), 403, "Not enough permissions")
    assert ada.get(f"/rooms/{room['id']}").json()["sip_pin"] == info["pin"]
    assert ada.patch(f"/rooms/{room['id']}", {"sip_enabled": False}).json()["sip_pin"] is None
    fail(ada.get(at), 409, "Dial-in is not enabled for this room; PATCH it with sip_enabled")
    assert ada.patch(f"/rooms/{room['id']}", {"sip_enabled": True}).json()["sip_pin"].isdigit(), "enable_sip_for_room(room)"
    ada.patch(f"/rooms/{room['id']}", {"status": "ended"})
    fail(ada.get(at), 400, "Session is not active")


def test_dial_in_without_numbers(server, teacher):
    room = make(teacher, sip_enabled=True)
    on_livekit(server, room)
    fail(teacher.get(f"/rooms/{room['id']}/dial-in"), 409, "No dial-in number is configured; set LIVEKIT_SIP_ENABLED and LIVEKIT_DIAL_IN_NUMBERS")
    plain = teacher.session()
    fail(teacher.get(f"/rooms/{plain['id']}/dial-in"), 409, "Dial-in is not enabled for this room; PATCH it with sip_enabled")


def test_numbers_in_yaml(start_roomd, tmp_path):
    (tmp_path / "phones.yaml").write_text("livekit:\n  sip_enabled: true\n  dial_in_numbers:\n    UK: +44-20-7946-0000\n    US: +1-555-0100\n")
    server = start_roomd(args=["--config", str(tmp_path / "phones.yaml")])
    ada = server.person("Ada")
    room = make(ada, sip_enabled=True)
    on_livekit(server, room)
    assert [n["country"] for n in ada.get(f"/rooms/{room['id']}/dial-in").json()["numbers"]] == ["UK", "US"]


def test_numbers_that_are_none(server):
    for wrong in ("US", "[]", '{"US": 1}'):
        done = server.tool("user", "list", env={"LIVEKIT_DIAL_IN_NUMBERS": wrong})
        assert done.returncode == 1 and "LIVEKIT_DIAL_IN_NUMBERS must be a map" in done.stderr
