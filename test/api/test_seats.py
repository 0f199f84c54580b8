"""Joining, leaving, codes, guests, kicks, and what a join token opens."""
import pytest


def seats(person, session):
    return {p["name"]: p for p in person.get(f"/sessions/{session['id']}/participants").json()}


def test_teacher_has_the_first_seat(teacher):
    s = teacher.session()
    [seat] = teacher.get(f"/sessions/{s['id']}/participants").json()
    assert seat == {"id": seat["id"], "session_id": s["id"], "user_id": teacher.id, "role": "teacher", "connection_status": "invited", "joined_at": None, "left_at": None,
                    "identity": f"user-{teacher.id}", "name": "Ada Lovelace", "present": False}


def test_join_again_is_the_same_seat(teacher, student):
    s = teacher.session()
    replies = [student.post(f"/sessions/{s['id']}/join").json() for _ in range(3)]
    assert all(r["room_name"] == s["room_name"] and r["join_url"] == f"{s['daily_room_url']}?t={r['token']}" for r in replies)
    seat = seats(teacher, s)["Grace Hopper"]
    assert (seat["role"], seat["connection_status"], seat["present"]) == ("student", "joined", False) and seat["joined_at"]
    assert len(seats(teacher, s)) == 2 and teacher.get(f"/sessions/{s['id']}").json()["status"] == "scheduled"


def test_teacher_opens_the_session(teacher):
    s = teacher.session()
    teacher.join(s)
    opened = teacher.get(f"/sessions/{s['id']}").json()
    assert opened["status"] == "active" and opened["actual_start"]
    teacher.join(s)
    assert teacher.get(f"/sessions/{s['id']}").json()["actual_start"] == opened["actual_start"]


@pytest.mark.parametrize("shape", ["{}", " {} ", "{}\t", "lower"])
def test_code_in_every_shape(teacher, student, shape):
    s = teacher.session()
    code = s["room_code"].lower() if shape == "lower" else shape.format(s["room_code"])
    reply = student.post("/sessions/join-by-code", {"room_code": code}).json()
    assert reply["session_id"] == s["id"] and reply["room_name"] == s["room_name"]


@pytest.mark.parametrize("code", ["", "ABC", "ABCDEFG", "      ", "AB CDEF", "ÄÖÜ", "A" * 1000, "%00"])
def test_no_such_code(student, code):
    for path, more in (("join-by-code", {}), ("guest-join", {"name": "G"}), ("lookup", {})):
        reply = student.post(f"/sessions/{path}", {"room_code": code, **more})
        assert (reply.status_code, reply.json()) == (404, {"detail": "Session not found"})


@pytest.mark.parametrize("status", ["ended", "cancelled"])
def test_nobody_joins_what_is_over(server, teacher, student, status):
    s = teacher.session()
    student.join(s)
    teacher.patch(f"/sessions/{s['id']}", {"status": status})
    guest = server.client().post("/api/v1/sessions/guest-join", json={"room_code": s["room_code"], "name": "G"})
    for reply in (student.post(f"/sessions/{s['id']}/join"), teacher.post(f"/sessions/{s['id']}/join"), student.post("/sessions/join-by-code", {"room_code": s["room_code"]}), guest,
                  teacher.post(f"/sessions/{s['id']}/recordings")):
        assert (reply.status_code, reply.json()) == (400, {"detail": "Session is not active"})
    assert student.post(f"/sessions/{s['id']}/leave").json()["connection_status"] == "left"


def test_full(server, teacher, student, stranger):
    s = teacher.session(max_participants=2)
    student.join(s)
    guest = server.client().post("/api/v1/sessions/guest-join", json={"room_code": s["room_code"], "name": "G"})
    for reply in (stranger.post(f"/sessions/{s['id']}/join"), guest, teacher.post(f"/sessions/{s['id']}/participants", {"user_id": stranger.id})):
        assert (reply.status_code, reply.json()) == (400, {"detail": "Session is full"})
    student.join(s)
    teacher.join(s)
    teacher.post(f"/sessions/{s['id']}/participants/{seats(teacher, s)['Grace Hopper']['id']}/kick")
    stranger.join(s)


def test_lock_keeps_new_people_out(server, teacher, student, stranger):
    s = teacher.session()
    student.join(s)
    teacher.post(f"/sessions/{s['id']}/lock")
    guest = server.client().post("/api/v1/sessions/guest-join", json={"room_code": s["room_code"], "name": "G"})
    for reply in (stranger.post(f"/sessions/{s['id']}/join"), guest):
        assert (reply.status_code, reply.json()) == (403, {"detail": "This session is locked"})
    student.join(s)
    teacher.join(s)
    assert teacher.post(f"/sessions/{s['id']}/participants", {"user_id": stranger.id}).status_code == 201  # the host may
    stranger.join(s)


def test_guests(server, teacher):
    s = teacher.session()
    names = ["Grace", "Grace", "=cmd|' /C calc'!A0", "🙂" * 200]
    tokens = {server.guest(s, name) for name in names}
    assert len(tokens) == 4
    found = teacher.get(f"/sessions/{s['id']}/participants").json()[1:]
    assert [p["name"] for p in found] == names and all(p["user_id"] is None and p["identity"].startswith("guest-") for p in found)
    assert len({p["identity"] for p in found}) == 4 and {p["connection_status"] for p in found} == {"invited"}
    for name, status in (("", 422), ("x" * 201, 422), (5, 422), (None, 422)):
        assert server.client().post("/api/v1/sessions/guest-join", json={"room_code": s["room_code"], "name": name}).status_code == status
    closed = teacher.session(allow_guests=False)
    reply = server.client().post("/api/v1/sessions/guest-join", json={"room_code": closed["room_code"], "name": "G"})
    assert (reply.status_code, reply.json()) == (403, {"detail": "This session is for people with an account"})


def test_lookup(server, teacher):
    s = teacher.session(title="Algebra", waiting_room=True)
    look = lambda **body: server.client().post("/api/v1/sessions/lookup", json=body)
    by_code = look(room_code=s["room_code"]).json()
    assert by_code == {"session_id": s["id"], "title": "Algebra", "teacher_name": "Ada Lovelace", "status": "scheduled", "scheduled_start": None, "waiting_room": True, "allow_guests": True, "records": False, "provider": "janus",
                       "name": None, "role": None, "consent_wording": "I agree that my picture, my voice, my name and what I share are recorded"}
    assert look(token=server.guest(s, "Gus")).json() == {**by_code, "name": "Gus", "role": "student"}
    assert look(token=teacher.join(s)).json()["role"] == "teacher"
    assert look().status_code == 404
    for token in ("x", "a.b.c", teacher.token):
        assert (look(token=token).status_code, look(token=token).json()["detail"]) == (401, "This join link is not valid any more")
    assert look(room_code=teacher.session(enable_recording=True)["room_code"]).json()["records"] is True


def test_add_and_roles(teacher, student, stranger, admin):
    s = teacher.session()
    at = f"/sessions/{s['id']}/participants"
    added = teacher.post(at, {"user_id": student.id, "role": "viewer"})
    assert added.status_code == 201 and added.json()["role"] == "viewer" and added.json()["connection_status"] == "invited"
    assert teacher.post(at, {"user_id": student.id, "role": "student"}).json() == added.json()  # who has a seat keeps it
    assert teacher.post(at, {"user_id": stranger.id}).json()["role"] == "student"
    reply = teacher.post(at, {"user_id": admin.id, "role": "teacher"})
    assert (reply.status_code, reply.json()) == (403, {"detail": "You may not do that in this session"})
    reply = teacher.post(at, {"user_id": 999999})
    assert (reply.status_code, reply.json()) == (404, {"detail": "User not found"})
    for body in ({}, {"user_id": 0}, {"user_id": "x"}, {"user_id": student.id, "role": "king"}):
        assert teacher.post(at, body).status_code == 422


def test_kick_is_for_good(server, teacher, student):
    s = teacher.session()
    token = student.join(s)
    at = f"/sessions/{s['id']}/participants"
    kick = lambda seat: teacher.post(f"{at}/{seat}/kick")
    seat = seats(teacher, s)["Grace Hopper"]
    kicked = kick(seat["id"]).json()
    assert kicked["connection_status"] == "kicked" and kicked["left_at"]
    assert kick(seat["id"]).json() == kicked
    for reply in (student.post(f"/sessions/{s['id']}/join"), student.post("/sessions/join-by-code", {"room_code": s["room_code"]}), server.client().post("/api/v1/sessions/lookup", json={"token": token})):
        assert (reply.status_code, reply.json()) == (403, {"detail": "You were removed from this session"})
    assert student.post(f"/sessions/{s['id']}/leave").json()["connection_status"] == "kicked"
    reply = kick(seats(teacher, s)["Ada Lovelace"]["id"])
    assert (reply.status_code, reply.json()) == (403, {"detail": "You may not do that in this session"})
    elsewhere = seats(teacher, teacher.session())["Ada Lovelace"]["id"]
    for number in (0, -1, 999999, elsewhere, 2**63 - 1, 10**30):
        reply = kick(number)
        assert (reply.status_code, reply.json()) == (404, {"detail": "Participant not found"})
    assert kick("x").json()["detail"][0]["loc"] == ["path", "participant_id"]


def test_leave(teacher, student, stranger):
    s = teacher.session()
    student.join(s)
    leave = lambda person: person.post(f"/sessions/{s['id']}/leave")
    left = leave(student).json()
    assert left["connection_status"] == "left" and left["left_at"]
    assert leave(student).json()["left_at"] == left["left_at"]
    reply = leave(stranger)
    assert (reply.status_code, reply.json()) == (404, {"detail": "Not a participant of this session"})
    student.join(s)
    assert seats(teacher, s)["Grace Hopper"]["connection_status"] == "joined"
    assert leave(teacher).json()["role"] == "teacher"
    assert "participant.gave_up" in [e["event_type"] for e in teacher.get(f"/sessions/{s['id']}/events").json()["events"]]


def test_codes_are_unique(teacher):
    codes = [teacher.session()["room_code"] for _ in range(100)]
    assert len(set(codes)) == 100
