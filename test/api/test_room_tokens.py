"""Join tokens of the rooms API: who may have which, what they open, and that a revoked one is dead at once."""
import pytest

from harness import until
from test_rooms import fail, make

FORBIDDEN = "Not enough permissions"
DEAD = "This join link is not valid any more"


def token(person, room, **fields):
    reply = person.post(f"/rooms/{room['id']}/token/", fields)
    assert reply.status_code == 201, reply.text
    return reply.json()


def tokens(person, room):
    return person.get(f"/rooms/{room['id']}/tokens").json()


def revoke(person, room, made):
    reply = person.post(f"/rooms/{room['id']}/tokens/{made['id']}/revoke")
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.fixture
def room(teacher):
    return make(teacher, name="Clinic", room_type="group")


def test_as_in_the_document(server, teacher, student, room):
    """create_room_token(room, user, role='host', ttl=7200); create_room_token(room, user, role='participant', ttl=3600)"""
    host, guest = token(teacher, room, role="host", ttl=7200), token(teacher, room, user=student.id, role="participant", ttl=3600)
    assert (host["role"], host["user"], guest["role"], guest["user"]) == ("host", teacher.id, "participant", student.id)
    assert guest["room"] == room["id"] and guest["livekit_room_name"] == room["livekit_room_name"] and guest["name"] == "Grace Hopper" and guest["identity"] == f"user-{student.id}"
    assert guest["join_url"] == f"{room['room_url']}?t={guest['token']}" and guest["is_active"] and guest["use_count"] == 0 and guest["last_used_at"] is None
    assert guest["issued_by"] == teacher.id and guest["max_uses"] is None and guest["revoked_at"] is None
    first, second = server.call(host["token"]).joined(), server.call(guest["token"]).joined()
    assert (first.me["you"]["role"], second.me["you"]["role"]) == ("teacher", "student")
    used = next(t for t in tokens(teacher, room)["results"] if t["id"] == guest["id"])
    assert used["use_count"] == 1 and used["last_used_at"]
    first.close(), second.close()


def test_ttl_is_kept(teacher, room):
    from datetime import datetime
    when = lambda t, field: datetime.fromisoformat(t[field].replace("Z", "+00:00")).timestamp()
    for fields, seconds in [({}, 3600), ({"ttl": 1}, 1), ({"ttl": 604800}, 604800)]:
        made = token(teacher, room, **fields)
        assert abs(when(made, "expires_at") - when(made, "created_at") - seconds) <= 1
    for ttl in (0, 604801, -1):
        assert teacher.post(f"/rooms/{room['id']}/token", {"ttl": ttl}).status_code == 422


def test_expired_lets_nobody_in(server, teacher, room):
    made = token(teacher, room, ttl=1, identity="late")
    until(lambda: not tokens(teacher, room)["results"][0]["is_active"], "it expires")
    call = server.call(made["token"])
    assert call.over("denied")["message"] == DEAD


def test_never_shown_again(teacher, room):
    made = token(teacher, room, identity="p-1", name="Grace")
    at = f"/rooms/{room['id']}/tokens/{made['id']}"
    for shown in (teacher.get(at).json(), tokens(teacher, room)["results"][0], revoke(teacher, room, made)):
        assert "token" not in shown and "join_url" not in shown and shown["id"] == made["id"] and shown["identity"] == "p-1"
    assert made["token"] not in teacher.server.log_text()


def test_who_may_have_which(teacher, student, stranger, admin, anybody, room):
    at = f"/rooms/{room['id']}/token"
    fail(stranger.post(at, {}), 403, FORBIDDEN)
    fail(anybody.post("/api/v1" + at, json={}), 401, "Not authenticated")
    student.join(room)
    assert token(student, room)["role"] == "participant" and token(student, room, role="viewer", user=student.id)["role"] == "viewer"
    for more in ({"role": "host"}, {"user": teacher.id}, {"user": stranger.id}, {"identity": "friend"}):
        fail(student.post(at, more), 403, FORBIDDEN)
    assert token(admin, room, user=stranger.id, role="viewer")["user"] == stranger.id
    fail(stranger.post(at, {"role": "participant"}), 403, FORBIDDEN)  # a viewer's seat gives a viewer's token
    assert token(stranger, room, role="viewer")["role"] == "viewer"
    made = token(teacher, room)
    for person in (student, stranger):
        for method, path in [("GET", "/tokens"), ("GET", f"/tokens/{made['id']}"), ("POST", f"/tokens/{made['id']}/revoke"), ("DELETE", f"/tokens/{made['id']}")]:
            fail(person.request(method, f"/rooms/{room['id']}{path}"), 403, FORBIDDEN)


def test_wrong_wishes(teacher, student, room):
    at = f"/rooms/{room['id']}/token"
    fail(teacher.post(at, {"user": 999999}), 404, "User not found")
    for identity in ("user-1", "guest-abc"):
        fail(teacher.post(at, {"identity": identity}), 400, "Identities that begin with user- or guest- are roomd's own; name an account by user")
    fail(teacher.post(at, {"identity": "a", "user": student.id}), 400, "Say either user or identity")
    fail(teacher.post("/rooms/999999/token", {}), 404, "Room not found")
    fail(teacher.get(f"/rooms/{room['id']}/tokens/999999"), 404, "Token not found")
    other = make(teacher)
    made = token(teacher, other)
    fail(teacher.post(f"/rooms/{room['id']}/tokens/{made['id']}/revoke"), 404, "Token not found")
    full = make(teacher, max_participants=1)
    fail(teacher.post(f"/rooms/{full['id']}/token", {"identity": "one too many"}), 400, "Session is full")
    teacher.patch(f"/rooms/{other['id']}", {"status": "ended"})
    fail(teacher.post(f"/rooms/{other['id']}/token", {}), 400, "Session is not active")
    seat = token(teacher, room, user=student.id)["participant"]
    teacher.post(f"/sessions/{room['id']}/participants/{seat}/kick")
    fail(teacher.post(at, {"user": student.id}), 403, "You were removed from this session")


def test_the_same_identity_is_the_same_seat(teacher, room):
    first, second = token(teacher, room, identity="p-1", name="Grace"), token(teacher, room, identity="p-1", role="viewer")
    assert first["participant"] == second["participant"] and second["name"] == "Grace" and second["role"] == "viewer"
    assert token(teacher, room, identity="p-2")["name"] == "p-2"


def test_role_is_the_tokens(server, teacher, student, room):
    """A host's token makes a host for the stay; the seat stays what it is."""
    student.join(room)
    made = token(teacher, room, user=student.id, role="host")
    call = server.call(made["token"]).joined()
    assert call.me["you"]["role"] == "teacher" and call.me["room"]["status"] == "active", "a host opens the room"
    call.send("lock", locked=True)
    assert call.expect("room")["room"]["locked"] is True
    call.leave()
    assert teacher.get(f"/sessions/{room['id']}/participants").json()[1]["role"] == "student"
    call = server.call(student.join(room)).joined()
    assert call.me["you"]["role"] == "student"
    call.send("lock", locked=False)
    call.refused("not_allowed", "lock")
    call.close()
    call = server.call(token(teacher, room, user=student.id, role="viewer")["token"]).joined()
    call.send("mute", kind="mic", muted=False)
    call.refused("not_allowed", "mute")
    assert call.me["you"]["role"] == "viewer" and call.me["you"]["screenshare"] is False
    call.close()


def test_role_outlives_a_restart(start_roomd):
    import signal
    server = start_roomd()
    ada, ben = server.person("Ada"), server.person("Ben")
    room = make(ada)
    made = token(ada, room, user=ben.id, role="host")
    call = server.call(made["token"]).joined()
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    server.start()
    back = server.call(made["token"], connection=call.connection).joined()
    assert back.connection == call.connection and back.me["you"]["role"] == "teacher"
    revoke(server_person(server, ada), room, made)
    back.over("removed")


def server_person(server, person):
    person.http = server.client(person.token)
    return person


def test_revoked_is_put_out_at_once_and_refused(server, teacher, student, room):
    seat_link = student.join(room)
    made = token(teacher, room, user=student.id)
    host, call = server.call(teacher.join(room)).joined(), server.call(made["token"]).joined()
    host.peer("Grace Hopper")
    shown = revoke(teacher, room, made)
    message = call.over("removed")
    assert message["message"] == "The link that you came in with was withdrawn"
    assert host.expect("peer_left")["reason"] == "removed"
    assert shown["revoked_at"] and shown["is_active"] is False
    for connection in (call.connection, None):
        again = server.call(made["token"], **({"connection": connection} if connection else {}))
        assert again.over("denied")["message"] == DEAD
    fail(server.client().post("/api/v1/sessions/lookup", json={"token": made["token"]}), 401, DEAD)
    assert server.call(seat_link).joined().me["you"]["name"] == "Grace Hopper", "the seat and its other links are as they were"
    assert revoke(teacher, room, made)["revoked_at"] == shown["revoked_at"], "twice is once"
    types = [e["event_type"] for e in teacher.get(f"/sessions/{room['id']}/events").json()["events"]]
    assert types.count("token.issued") == 1 and types.count("token.revoked") == 1
    host.close()


def test_revoking_one_leaves_who_came_with_another(server, teacher, room):
    one, two = token(teacher, room, identity="a"), token(teacher, room, identity="b")
    first, second = server.call(one["token"]).joined(), server.call(two["token"]).joined()
    assert teacher.delete(f"/rooms/{room['id']}/tokens/{one['id']}").status_code == 204
    first.over("removed")
    assert second.expect("peer_left")["connection"] == first.connection
    second.round_trip()
    second.close()


def test_revoked_while_away_or_waiting(server, teacher):
    room = make(teacher, waiting_room=True)
    host = server.call(teacher.join(room)).joined()
    knocks, away = token(teacher, room, identity="knocks"), token(teacher, room, identity="away", role="host")
    waiting = server.call(knocks["token"])
    waiting.expect("waiting")
    gone = server.call(away["token"]).joined()
    host.peer("away")
    gone.lose()
    host.peer("away", away=True)
    revoke(teacher, room, knocks)
    revoke(teacher, room, away)
    waiting.over("denied")
    assert host.expect("peer_left")["reason"] == "removed"
    assert tokens(teacher, room)["results"][0]["use_count"] == 0, "who only knocked used nothing"
    host.close()


def test_used_up(server, teacher, room):
    made = token(teacher, room, identity="once", max_uses=1)
    call = server.call(made["token"]).joined()
    call.lose()
    back = server.call(made["token"], connection=call.connection).joined()
    assert back.connection == call.connection, "coming back is the same stay"
    back.leave()
    assert server.call(made["token"]).over("denied")["message"] == "This join link has been used as often as it may"
    shown = tokens(teacher, room)["results"][0]
    assert (shown["use_count"], shown["max_uses"], shown["is_active"], shown["revoked_at"]) == (1, 1, False, None)


def test_pages_of_tokens(teacher, room):
    made = [token(teacher, room, identity=f"p{i}")["id"] for i in range(5)]
    first = teacher.get(f"/rooms/{room['id']}/tokens?limit=3").json()
    assert first["count"] == 5 and [t["id"] for t in first["results"]] == made[:3] and first["next"].endswith(f"/api/v1/rooms/{room['id']}/tokens?limit=3&offset=3")
    assert [t["id"] for t in teacher.get(f"/rooms/{room['uuid']}/tokens?limit=3&offset=3").json()["results"]] == made[3:]
