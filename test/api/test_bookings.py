"""Services, bookings and sessions of services, and the rooms that follow them: the document's signals."""
import pytest

from test_rooms import fail, make

WHEN = "2030-01-01T10:00:00Z"
FORBIDDEN = "Not enough permissions"


def service(person, **fields):
    reply = person.post("/services/", {"name": "Physiotherapy", "duration_minutes": 30, **fields})
    assert reply.status_code == 201, reply.text
    return reply.json()


def book(person, offered, **fields):
    reply = person.post("/bookings/", {"service": offered["id"], "scheduled_start": WHEN, **fields})
    assert reply.status_code == 201, reply.text
    return reply.json()


def plan(person, offered, **fields):
    reply = person.post("/service-sessions/", {"service": offered["id"], "scheduled_start": WHEN, **fields})
    assert reply.status_code == 201, reply.text
    return reply.json()


def change(person, path, **fields):
    reply = person.patch(path, fields)
    assert reply.status_code == 200, reply.text
    return reply.json()


def events(person, room):
    return [e["event_type"] for e in person.get(f"/sessions/{room}/events").json()["events"]]


# ---- services

@pytest.mark.parametrize("mode, video", [("online", True), ("hybrid", True), ("in_person", False)])
def test_a_service(teacher, student, stranger, mode, video):
    made = service(teacher, delivery_mode=mode, description="d")
    at = f"/services/{made['id']}"
    assert (made["owner"], made["delivery_mode"], made["requires_video"], made["is_active"], made["max_participants"]) == (teacher.id, mode, video, True, 50)
    assert student.get(at + "/").json() == made and made in student.get(f"/services?owner={teacher.id}&limit=100").json()["results"]
    changed = change(teacher, at, requires_video=not video, description=None, is_active=False)
    assert (changed["requires_video"], changed["description"], changed["is_active"]) == (not video, None, False)
    for method in ("PATCH", "DELETE"):
        fail(stranger.request(method, at, json={} if method == "PATCH" else None), 403, FORBIDDEN)
    fail(student.post("/bookings", {"service": made["id"]}), 400, "This service takes no bookings")
    assert teacher.delete(at).status_code == 204
    for method, path in [("GET", at), ("PATCH", at), ("DELETE", at)]:
        fail(teacher.request(method, path, json={} if method == "PATCH" else None), 404, "Service not found")
    fail(student.post("/bookings", {"service": made["id"]}), 404, "Service not found")


# ---- bookings

def test_a_confirmed_booking_has_a_room(teacher, student):
    """A booking is confirmed and the service requires video."""
    booking = book(student, service(teacher), notes="first visit")
    at = f"/bookings/{booking['id']}"
    assert (booking["status"], booking["room"], booking["customer"], booking["duration_minutes"], booking["notes"]) == ("pending", None, student.id, 30, "first visit")
    confirmed = change(teacher, at, status="confirmed")
    room = student.get(f"/rooms/{confirmed['room']}").json()
    assert (room["room_type"], room["booking"], room["host"], room["name"], room["scheduled_start"], room["duration_minutes"]) == ("individual", booking["id"], teacher.id, "Physiotherapy", WHEN, 30)
    assert room["status"] == "scheduled" and room["max_participants"] == 2 and confirmed["room_url"] == room["room_url"]
    assert student.post(f"/rooms/{room['id']}/token", {"role": "participant"}).status_code == 201, "the customer has a seat"
    assert events(teacher, room["id"]).count("booking.confirmed") == 1


def test_confirming_twice_makes_one_room(teacher, student):
    booking = book(student, service(teacher))
    rooms = {change(teacher, f"/bookings/{booking['id']}", status="confirmed")["room"] for _ in range(3)}
    assert len(rooms) == 1 and events(teacher, rooms.pop()).count("booking.confirmed") == 1
    assert [r for r in teacher.get("/rooms?limit=100").json()["results"] if r["booking"] == booking["id"]][1:] == []
    fail(teacher.post("/rooms", {"booking": booking["id"]}), 409, "There is a room for it already")


def test_no_room_without_video(teacher, student):
    booking = book(student, service(teacher, delivery_mode="in_person"))
    assert change(teacher, f"/bookings/{booking['id']}", status="confirmed")["room"] is None
    room = make(teacher, booking=booking["id"])
    assert (room["room_type"], room["booking"]) == ("individual", booking["id"]), "one may be made by hand: Room.objects.create(booking=booking, room_type='individual')"


def test_the_room_follows_the_booking(teacher, student):
    booking = book(student, service(teacher))
    at = f"/bookings/{booking['id']}"
    room = change(teacher, at, status="confirmed")["room"]

    def seen():
        r = teacher.get(f"/rooms/{room}").json()
        return r["status"], r["scheduled_start"], r["duration_minutes"]
    change(teacher, at, scheduled_start="2030-02-02T09:00:00Z", duration_minutes=45)
    assert seen() == ("scheduled", "2030-02-02T09:00:00Z", 45)
    assert change(student, at, status="cancelled")["room"] == room
    assert seen()[0] == "cancelled" and "booking.cancelled" in events(teacher, room)
    assert change(teacher, at, status="confirmed")["room"] == room and seen()[0] == "scheduled", "the same room again"
    change(teacher, at, scheduled_start=None)
    assert seen()[1] is None
    change(teacher, at, status="completed")
    assert seen()[0] == "ended"


def test_a_room_that_was_deleted_is_made_anew(teacher, student):
    booking = book(student, service(teacher))
    at = f"/bookings/{booking['id']}"
    first = change(teacher, at, status="confirmed")["room"]
    teacher.delete(f"/rooms/{first}")
    assert teacher.get(at).json()["room"] is None
    assert change(teacher, at, status="confirmed")["room"] not in (None, first)


def test_who_may_book_what(teacher, student, stranger, admin):
    offered = service(teacher)
    for more in ({"customer": stranger.id}, {"status": "confirmed"}):
        fail(student.post("/bookings", {"service": offered["id"], **more}), 403, FORBIDDEN)
    fail(teacher.post("/bookings", {"service": offered["id"], "customer": 999999}), 404, "User not found")
    booking = book(teacher, offered, customer=student.id, status="confirmed")
    assert booking["room"] and booking["customer"] == student.id
    at = f"/bookings/{booking['id']}"
    for more in ({"status": "completed"}, {"scheduled_start": WHEN}, {"scheduled_start": None}, {"duration_minutes": 5}):
        fail(student.patch(at, more), 403, FORBIDDEN)
    assert change(student, at, notes="late")["notes"] == "late" and student.get(at).json()["notes"] == "late"
    fail(stranger.get(at), 403, FORBIDDEN)
    fail(stranger.post("/rooms", {"booking": booking["id"]}), 403, FORBIDDEN)
    fail(student.post("/rooms", {"booking": booking["id"]}), 403, FORBIDDEN)
    assert change(admin, at, status="pending")["status"] == "pending"
    hosted = teacher.get(f"/rooms/{change(admin, at, status='confirmed')['room']}").json()
    assert hosted["host"] == teacher.id, "whoever confirms, the service's owner is the host"


def test_lists_and_deletion(start_roomd):
    server = start_roomd()
    ada, ben, eve, admin = server.person("Ada"), server.person("Ben"), server.person("Eve"), server.admin()
    one, two = service(ada), service(ada)
    mine = [book(ben, offered)["id"] for offered in (one, two, one)]
    room = change(ada, f"/bookings/{mine[1]}", status="confirmed")["room"]
    ids = lambda person, query="": [b["id"] for b in person.get("/bookings" + query).json()["results"]]
    assert ids(ben) == ids(ada) == ids(admin) == mine and ids(eve) == []
    assert ids(ben, f"?service={one['id']}") == [mine[0], mine[2]] and ids(ben, "?status=confirmed") == [mine[1]] and ids(ben, "?limit=1&offset=1") == [mine[1]]
    assert ben.delete(f"/bookings/{mine[1]}").status_code == 204
    assert ada.get(f"/rooms/{room}").json()["status"] == "cancelled" and ids(ben) == [mine[0], mine[2]]
    for method in ("GET", "PATCH", "DELETE"):
        fail(ben.request(method, f"/bookings/{mine[1]}", json={} if method == "PATCH" else None), 404, "Booking not found")


# ---- sessions of a service

@pytest.mark.parametrize("mode, video", [("online", True), ("hybrid", True), ("in_person", False)])
def test_a_session_that_is_online_has_a_room(teacher, mode, video):
    """A service session is created for online/hybrid services."""
    planned = plan(teacher, service(teacher, delivery_mode=mode, max_participants=12), title="Back school")
    assert (planned["status"], planned["delivery_mode"], planned["max_participants"], planned["duration_minutes"]) == ("scheduled", mode, 12, 30)
    assert (planned["room"] is not None) is video
    if video:
        room = teacher.get(f"/rooms/{planned['room']}").json()
        assert (room["room_type"], room["service_session"], room["name"], room["max_participants"], room["scheduled_start"]) == ("group", planned["id"], "Back school", 12, WHEN)
        assert "service_session.created" in events(teacher, room["id"])


def test_the_room_follows_the_session(teacher, student):
    planned = plan(teacher, service(teacher))
    at, room = f"/service-sessions/{planned['id']}", planned["room"]
    assert planned["title"] == "Physiotherapy" and student.get(at).json() == planned

    def status():
        return teacher.get(f"/rooms/{room}").json()["status"]
    change(teacher, at, status="cancelled")
    assert status() == "cancelled" and "service_session.cancelled" in events(teacher, room)
    assert change(teacher, at, status="scheduled")["room"] == room and status() == "scheduled"
    change(teacher, at, delivery_mode="in_person")
    assert status() == "cancelled"
    change(teacher, at, delivery_mode="hybrid", scheduled_start="2030-03-03T08:00:00Z", title="Moved", max_participants=9)
    assert status() == "scheduled" and teacher.get(f"/rooms/{room}").json()["scheduled_start"] == "2030-03-03T08:00:00Z"
    fail(student.patch(at, {}), 403, FORBIDDEN)
    fail(student.delete(at), 403, FORBIDDEN)
    fail(student.post("/service-sessions", {"service": planned["service"]}), 403, FORBIDDEN)
    page = student.get(f"/service-sessions/?service={planned['service']}&status=scheduled").json()
    assert page["count"] == 1 and page["results"][0]["title"] == "Moved"
    change(teacher, at, status="completed")
    assert status() == "ended"
    assert teacher.delete(at).status_code == 204
    fail(teacher.get(at), 404, "Service session not found")


def test_a_room_for_a_session_by_hand(teacher, student):
    """Room.objects.create(service_session=session, room_type='group', max_participants=50, recording_enabled=True, sip_enabled=True)"""
    planned = plan(teacher, service(teacher, delivery_mode="in_person"))
    fields = {"service_session": planned["id"], "room_type": "group", "max_participants": 50, "recording_enabled": True, "sip_enabled": True}
    fail(student.post("/rooms", fields), 403, FORBIDDEN)
    room = make(teacher, **fields)
    assert {k: room[k] for k in fields} == fields
    assert teacher.get(f"/service-sessions/{planned['id']}").json()["room"] == room["id"]
    fail(teacher.post("/rooms", fields), 409, "There is a room for it already")
    fail(teacher.post("/rooms", {"service_session": planned["id"], "booking": 1}), 400, "A room is for a booking or for a service session, not for both")
