"""Rooms and room templates: the document's rooms over HTTP, and that a room is a session."""
import pytest

from harness import until

TYPES = ["individual", "group", "webinar", "broadcast"]


def make(person, **fields):
    reply = person.post("/rooms", fields)
    assert reply.status_code == 201, reply.text
    return reply.json()


def template(admin, **fields):
    reply = admin.post("/room-templates", {"name": "Seminar", "room_type": "group", **fields})
    assert reply.status_code == 201, reply.text
    return reply.json()


def fail(reply, status, detail):
    assert (reply.status_code, reply.json()) == (status, {"detail": detail})


# ---- templates

def test_setup_makes_a_default_template_for_each_type_once(start_roomd):
    server = start_roomd()
    first, second = server.tool("setup"), server.tool("setup")
    assert "room templates made: 4" in first.stdout and "room templates: there already" in second.stdout
    page = server.admin().get("/room-templates/").json()
    assert page["count"] == 4 and [t["room_type"] for t in page["results"]] == TYPES and all(t["is_default"] for t in page["results"])
    assert [t["max_participants"] for t in page["results"]] == [2, 50, 100, 100]


def test_setup_records_by_default_where_that_is_configured(start_roomd):
    server = start_roomd({"LIVEKIT_DEFAULT_RECORDING_ENABLED": "True"})
    ada = server.person("Ada")
    assert make(ada, room_type="group")["recording_enabled"] is True, "also without a template"
    server.tool("setup")
    assert ada.get("/room-templates?room_type=group").json()["results"][0]["recording_enabled"] is True


def test_template_crud(admin, teacher):
    fields = {"name": "Lab", "description": "d", "room_type": "webinar", "is_default": False, "max_participants": 12, "empty_timeout": 60, "departure_timeout": 20, "video_codec": "h264",
              "audio_codec": "red", "recording_enabled": True, "sip_enabled": True, "enable_chat": False, "enable_screenshare": False, "waiting_room": True, "allow_guests": False}
    made = template(admin, **fields)
    assert {k: made[k] for k in fields} == fields
    at = f"/room-templates/{made['id']}"
    assert teacher.get(at).json() == made == teacher.get(at + "/").json()
    changed = admin.patch(at, {"description": None, "max_participants": 13, "name": None}).json()
    assert (changed["description"], changed["max_participants"], changed["name"]) == (None, 13, "Lab")
    for method, path in [("POST", "/room-templates"), ("PATCH", at), ("DELETE", at)]:
        fail(teacher.request(method, path, json={"name": "x", "room_type": "group"} if method != "DELETE" else None), 403, "Not enough permissions")
    room = make(teacher, template=made["id"])
    assert room["template"] == made["id"] and room["room_type"] == "webinar" and room["max_participants"] == 13 and room["video_codec"] == "h264"
    assert admin.delete(at).status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        fail(admin.request(method, at, json={} if method == "PATCH" else None), 404, "Room template not found")
    kept = teacher.get(f"/rooms/{room['id']}").json()
    assert kept["template"] is None and kept["max_participants"] == 13, "a room stays as it is"


def test_one_default_a_type(start_roomd):
    server = start_roomd()
    admin = server.admin()
    first, second, other = template(admin, is_default=True), template(admin, is_default=True), template(admin, is_default=True, room_type="webinar")

    def defaults():
        return [t["id"] for t in admin.get("/room-templates?is_default=true").json()["results"]]
    assert defaults() == [second["id"], other["id"]]
    admin.patch(f"/room-templates/{first['id']}", {"is_default": True})
    assert defaults() == [first["id"], other["id"]]
    admin.patch(f"/room-templates/{other['id']}", {"room_type": "group"})
    assert defaults() == [other["id"]], "it takes its place along"
    assert make(server.person("Ada"), room_type="group")["template"] == other["id"]
    assert admin.get("/room-templates?room_type=group&is_default=false").json()["count"] == 2


# ---- rooms

def test_as_in_the_document(admin, teacher):
    """Room.objects.create(room_type='group', max_participants=50, recording_enabled=True, sip_enabled=True)"""
    room = make(teacher, name="Algebra I", room_type="group", max_participants=50, recording_enabled=True, sip_enabled=True)
    assert (room["room_type"], room["status"], room["max_participants"], room["recording_enabled"], room["sip_enabled"]) == ("group", "scheduled", 50, True, True)
    assert room["livekit_room_name"].startswith("session-") and room["room_url"].endswith("/room/" + room["livekit_room_name"])
    assert (room["empty_timeout"], room["departure_timeout"]) == (900, 300) and room["host"] == teacher.id
    assert room["num_participants"] == 0 and room["is_recording"] is False and room["sip_pin"] is None
    assert room["template"] is None and room["booking"] is None and room["service_session"] is None


def test_named_after_its_template_where_it_has_no_name(admin, teacher):
    t = template(admin, name="Office hour")
    assert make(teacher, template=t["id"])["name"] == "Office hour" and make(teacher, template=t["id"], name="")["name"] == ""


def test_what_is_said_wins_over_the_template(admin, teacher):
    t = template(admin, max_participants=7, enable_chat=False, recording_enabled=True, departure_timeout=9)
    room = make(teacher, template=t["id"], max_participants=8, description="mine")
    assert (room["max_participants"], room["enable_chat"], room["recording_enabled"], room["departure_timeout"], room["description"]) == (8, False, True, 9, "mine")
    fail(teacher.post("/rooms", {"template": t["id"], "room_type": "webinar"}), 400, "The template is for rooms of another type")
    fail(teacher.post("/rooms", {"template": 999999}), 404, "Room template not found")
    fail(teacher.post("/rooms", {"booking": 999999}), 404, "Booking not found")
    fail(teacher.post("/rooms", {"service_session": 999999}), 404, "Service session not found")


def test_a_room_is_a_session(teacher):
    room = make(teacher, name="Both", scheduled_start="2030-01-01T10:00:00Z", duration_minutes=45, waiting_room=True)
    session = teacher.get(f"/sessions/{room['id']}").json()
    assert (session["title"], session["uuid"], session["duration_minutes"], session["waiting_room"]) == ("Both", room["uuid"], 45, True)
    assert teacher.get(f"/rooms/{room['uuid']}/").json() == teacher.get(f"/rooms/{room['id']}").json()


def test_a_session_is_a_room(teacher):
    session = teacher.session(title="Other way round", enable_recording=True)
    at = f"/rooms/{session['id']}"
    room = teacher.get(at).json()
    assert (room["name"], room["room_type"], room["recording_enabled"], room["empty_timeout"]) == ("Other way round", "group", True, 900)
    changed = teacher.patch(at, {"room_type": "webinar", "empty_timeout": 30}).json()
    assert (changed["room_type"], changed["empty_timeout"], changed["departure_timeout"]) == ("webinar", 30, 300)
    assert teacher.get(at).json() == changed


def test_change_and_end(teacher):
    room = make(teacher, name="A", description="d", scheduled_start="2030-01-01T10:00:00Z")
    at = f"/rooms/{room['id']}"
    changed = teacher.patch(at + "/", {"name": "B", "description": None, "scheduled_start": None, "recording_enabled": True, "sip_enabled": True, "max_participants": None}).json()
    assert (changed["name"], changed["description"], changed["scheduled_start"], changed["recording_enabled"], changed["sip_enabled"], changed["max_participants"]) == ("B", None, None, True, True, 50)
    opened = teacher.patch(at, {"status": "active"}).json()
    assert opened["status"] == "active" and opened["started_at"] and teacher.get(f"/sessions/{room['id']}").json()["status"] == "active"
    assert teacher.patch(at, {"status": "ended"}).json()["ended_at"]
    assert teacher.delete(at + "/").status_code == 204
    for method, path in [("GET", at), ("PATCH", at), ("DELETE", at), ("GET", "/rooms/nothing"), ("GET", "/rooms/0")]:
        fail(teacher.request(method, path, json={} if method == "PATCH" else None), 404, "Room not found")


def test_who_may(teacher, student, stranger, admin, anybody):
    room = make(teacher)
    at = f"/rooms/{room['id']}"
    student.join(room)
    assert student.get(at).json()["id"] == room["id"] and admin.get(at).status_code == 200
    fail(stranger.get(at), 403, "Not enough permissions")
    for person in (student, stranger):
        fail(person.patch(at, {"name": "mine"}), 403, "Not enough permissions")
        fail(person.delete(at), 403, "Not enough permissions")
    fail(anybody.get("/api/v1" + at), 401, "Not authenticated")
    assert admin.patch(at, {"name": "seen to"}).json()["name"] == "seen to"


def test_list_in_pages(start_roomd):
    server = start_roomd()
    ada, admin = server.person("Ada"), server.admin()
    rooms = [make(ada, name=str(i), room_type=TYPES[i % 4])["id"] for i in range(7)] + [ada.session()["id"]]
    make(server.person("Ben"))
    ada.patch(f"/rooms/{rooms[2]}", {"status": "active"})

    def ids(page):
        return [r["id"] for r in page["results"]]
    page = ada.get("/rooms").json()
    assert (page["count"], page["next"], page["previous"], ids(page)) == (8, None, None, rooms)
    seen, path = [], "/api/v1/rooms/?limit=3"
    while path:
        page = ada.http.get(path).json()
        seen.append(ids(page))
        path = page["next"] and page["next"].replace("localhost", "127.0.0.1")
    assert seen == [rooms[:3], rooms[3:6], rooms[6:]] and page["previous"].endswith("/api/v1/rooms/?limit=3&offset=3")
    assert ids(ada.get("/rooms?status=active").json()) == [rooms[2]]
    assert ids(ada.get("/rooms?room_type=group").json()) == [rooms[1], rooms[5], rooms[7]], "a session is a group room"
    assert "room_type=group&limit=1&offset=1" in ada.get("/rooms?room_type=group&limit=1").json()["next"]
    assert admin.get("/rooms").json()["count"] == 9 and admin.get("/rooms?offset=8").json()["count"] == 9
    assert ada.get("/rooms?offset=100").json() == {"count": 8, "next": None, "previous": ada.get("/rooms?offset=100").json()["previous"], "results": []}
    assert ada.get("/rooms?limit=101").status_code == 422 and ada.get("/rooms?status=open").status_code == 422


@pytest.mark.parametrize("kind, role", [("group", "student"), ("individual", "student"), ("webinar", "viewer"), ("broadcast", "viewer")])
def test_who_comes_to_a_broadcast_watches(server, teacher, student, kind, role):
    room = make(teacher, room_type=kind, max_participants=3)
    student.join(room)
    server.guest(room, "Guest")
    assert [p["role"] for p in teacher.get(f"/sessions/{room['id']}/participants").json()] == ["teacher", role, role]


def test_an_empty_room_closes_after_its_own_time(server, teacher, student):
    nobody_came, left, patient = make(teacher, empty_timeout=1, departure_timeout=3600), make(teacher, empty_timeout=3600, departure_timeout=1), make(teacher, empty_timeout=3600)
    for room in (nobody_came, patient):
        teacher.patch(f"/rooms/{room['id']}", {"status": "active"})
    call = server.call(teacher.join(left)).joined()
    assert teacher.get(f"/rooms/{left['id']}").json()["num_participants"] == 1
    call.leave()

    def status(room):
        return teacher.get(f"/rooms/{room['id']}").json()["status"]
    until(lambda: status(nobody_came) == "ended", "a room to which nobody came ends")
    until(lambda: status(left) == "ended", "a room that everybody left ends")
    assert status(patient) == "active"
