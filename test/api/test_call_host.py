"""What the host may, who may not, and how it reaches the others in the call."""
import pytest

from harness import until
from test_call import VIDEO


def seat_of(teacher, session, name):
    return next(p["id"] for p in teacher.get(f"/sessions/{session['id']}/participants").json() if p["name"] == name)


def kinds(teacher, session):
    return [e["event_type"] for e in teacher.get(f"/sessions/{session['id']}/events").json()["events"]]


@pytest.fixture
def room(server, teacher, student):
    """(session, host's call, student's call, the student's seat)"""
    session = teacher.session()
    host = server.call(teacher.join(session)).joined()
    guest = server.call(student.join(session)).joined()
    host.peer("Grace Hopper")
    yield session, host, guest, guest.me["you"]["participant_id"]
    host.close()
    guest.close()


HOST_ONLY = [("mute_peer", {"connection": "x", "kind": "mic"}), ("remove", {"participant_id": 1}), ("admit", {"connection": "x"}), ("lock", {"locked": True}), ("allow", {"participant_id": 1, "screenshare": False}),
             ("record", {"action": "start"}), ("end", {})]


@pytest.mark.parametrize("t, fields", HOST_ONLY)
def test_students_may_not(room, t, fields):
    guest = room[2]
    guest.send(t, **fields)
    guest.refused("not_allowed", t)


def test_viewers_only_watch(server, teacher, student):
    session = teacher.session()
    teacher.post(f"/sessions/{session['id']}/participants", {"user_id": student.id, "role": "viewer"})
    call = server.call(student.join(session)).joined()
    assert call.me["you"]["role"] == "viewer" and call.me["you"]["screenshare"] is False
    for t, fields in [("publish", {"sdp": "v=0", "tracks": []}), ("mute", {"kind": "mic", "muted": False}), *HOST_ONLY]:
        call.send(t, **fields)
        call.refused("not_allowed", t)
    call.send("say", text="a viewer may talk in the chat")
    call.expect("chat")
    call.leave()


def test_remove_is_for_good(server, teacher, student, room):
    session, host, guest, seat = room
    host.send("remove", participant_id=seat)
    assert guest.over("removed")["message"] == "You were removed from this session"
    assert host.expect("peer_left", connection=guest.connection)["reason"] == "removed"
    server.call(guest.token).over("removed")
    server.call(guest.token, connection=guest.connection).over("removed")
    assert student.post(f"/sessions/{session['id']}/join").status_code == 403
    until(lambda: "participant.kicked" in kinds(teacher, session), "the event")
    for number, code in ((host.me["you"]["participant_id"], "not_allowed"), (999999, "participant_not_found"), (0, "bad_message"), ("1", "bad_message")):
        host.send("remove", participant_id=number)
        host.refused(code, "remove")


def test_kick_by_api_reaches_the_call(server, teacher, room):
    session, host, guest, seat = room
    assert teacher.post(f"/sessions/{session['id']}/participants/{seat}/kick").status_code == 200
    guest.over("removed")
    host.expect("peer_left", connection=guest.connection)
    left = until(lambda: [p for p in teacher.get(f"/sessions/{session['id']}/attendance").json()["people"] if p["name"] == "Grace Hopper" and p["spans"][-1]["left_at"]], "the span is closed")
    assert len(left[0]["spans"]) == 1


def test_leave_by_api_reaches_the_call(student, room):
    session, host, guest, _ = room
    assert student.post(f"/sessions/{session['id']}/leave").json()["connection_status"] == "left"
    assert guest.over("replaced")["message"] == "You left this session"
    assert host.expect("peer_left", connection=guest.connection)["reason"] == "left"


@pytest.mark.parametrize("how", ["message", "PATCH ended", "PATCH cancelled", "DELETE"])
def test_end(server, teacher, student, room, how):
    session, host, guest, _ = room
    at = f"/sessions/{session['id']}"
    if how == "message":
        host.send("end")
    elif how == "DELETE":
        teacher.delete(at)
    else:
        teacher.patch(at, {"status": how.split()[1]})
    for call in (host, guest):
        call.over("ended")
    again = server.call(guest.token)
    again.over("denied" if how == "DELETE" else "ended")
    if how == "message":
        assert teacher.get(at).json()["status"] == "ended"
        people = until(lambda: (p := teacher.get(at + "/attendance").json()["people"]) and all(s["left_at"] for x in p for s in x["spans"]) and p, "all spans are closed")
        assert len(people) == 2


def test_waiting_room(server, teacher, student):
    session = teacher.session(waiting_room=True)
    early = server.call(server.guest(session, "Early"))  # knocks before the host is there
    early.expect("waiting")
    host = server.call(teacher.join(session)).joined()
    assert [k["name"] for k in host.me["knocking"]] == ["Early"]
    grace = server.call(student.join(session))
    waiting = grace.expect("waiting")
    assert waiting["title"] == "Algebra I"
    knock = host.expect("knock")["person"]
    assert knock["name"] == "Grace Hopper" and knock["connection"] == waiting["connection"]
    grace.send("say", text="let me in")
    grace.refused("not_joined", "say")
    host.send("admit", connection="nobody")
    host.refused("participant_not_found", "admit")
    host.send("admit", connection=knock["connection"])
    grace.joined()
    host.expect("knock_gone", connection=knock["connection"])
    host.send("admit", connection=host.me["knocking"][0]["connection"], admit=False)
    assert early.over("denied")["message"] == "The host did not let you in"
    gone = server.call(server.guest(session, "Gone"))
    gone.expect("waiting")
    knock = host.expect("knock")["person"]
    gone.close()
    host.expect("knock_gone", connection=knock["connection"])
    grace.leave()
    again = server.call(student.join(session)).joined()  # once let in, always let in
    again.leave()
    assert {"participant.admitted", "participant.denied"} <= set(kinds(teacher, session))
    last = server.call(server.guest(session, "Last"))
    last.expect("waiting")
    teacher.patch(f"/sessions/{session['id']}", {"status": "ended"})
    last.over("ended")
    host.over("ended")


def test_waiting_room_that_is_opened(server, teacher):
    """Who waits comes in when nobody has to knock any more, whether the host is there or not."""
    session = teacher.session(waiting_room=True)
    early = server.call(server.guest(session, "Early"))
    early.expect("waiting")
    teacher.patch(f"/sessions/{session['id']}", {"waiting_room": False})
    early.joined()
    teacher.patch(f"/sessions/{session['id']}", {"waiting_room": True})
    host = server.call(teacher.join(session)).joined()
    late = server.call(server.guest(session, "Late"))
    knock = host.expect("knock")["person"]
    teacher.patch(f"/sessions/{session['id']}", {"waiting_room": False})
    host.expect("knock_gone", connection=knock["connection"])
    late.joined().leave()
    early.leave()
    host.leave()


def test_end_that_is_committed_with_a_knock(server, teacher, student):
    """Both are decided in one transaction: nobody waits at a session that is over."""
    session, other = teacher.session(waiting_room=True), teacher.session()
    host, talker, guest = server.call(teacher.join(session)).joined(), server.call(student.join(other)).joined(), server.call()
    token = server.guest(session, "Gus")
    heard = lambda: server.metric("call_messages_total")
    with server.database_held():
        for call, t, fields in ((talker, "say", {"text": "this batch waits for the database"}), (guest, "join", {"token": token}), (host, "end", {}), (talker, "hand", {"raised": True})):
            before = heard()
            call.send(t, **fields)
            until(lambda: heard() > before, f"{t} has come")
    host.over("ended")
    guest.over("ended")
    talker.leave()


def test_mute_and_screen_permission(teacher, room):
    session, host, guest, seat = room
    host.send("mute_peer", connection=guest.connection, kind="mic")
    guest.expect("muted", kind="mic")
    host.send("mute_peer", connection="nobody", kind="mic")
    host.refused("participant_not_found", "mute_peer")
    host.send("allow", participant_id=seat, screenshare=False)
    assert guest.peer("Grace Hopper", screenshare=False)
    guest.send("publish", sdp="v=0", tracks=[{"mid": "0", "kind": "screen"}])
    guest.expect("stop_share")
    guest.refused("not_allowed", "publish")
    host.send("allow", participant_id=seat, screenshare=True)
    assert guest.peer("Grace Hopper", screenshare=True)
    assert kinds(teacher, session).count("participant.updated") == 2


def test_mute_of_what_is_not_sent(room):
    """It holds nothing back later: a page that switches the camera on for the first time says so, and nothing more."""
    session, host, guest, seat = room
    host.send("mute_peer", connection=guest.connection, kind="camera")
    guest.expect("muted", kind="camera")
    guest.send("publish", sdp=VIDEO, tracks=[{"mid": "0", "kind": "camera"}])
    assert host.peer("Grace Hopper", tracks=[{"kind": "camera", "muted": False}])
    host.send("mute_peer", connection=guest.connection, kind="camera")
    assert host.peer("Grace Hopper", tracks=[{"kind": "camera", "muted": True}])


def test_recording_and_consent_in_the_call(server, teacher, room):
    session, host, guest, seat = room
    host.send("record", action="stop")
    host.refused("recording_not_running", "record")
    host.send("record", action="start")
    for call in (host, guest):
        assert call.expect("room")["room"]["recording"] == "recording"
    guest.expect("consent_needed")  # the host, who started it, is not asked
    host.send("record", action="start")
    host.refused("recording_running", "record")
    gus = server.call(server.guest(session, "Gus"))  # who comes later is asked at the door
    assert gus.expect("consent_needed")["title"] == "Algebra I"
    gus.send("join", token=gus.token, consent=True)
    gus.joined()
    guest.send("consent", given=False)
    guest.over("denied")
    assert host.expect("peer_left", connection=guest.connection)
    for action, status in (("pause", "paused"), ("resume", "recording"), ("stop", None)):
        host.send("record", action=action)
        until(lambda: host.expect("room")["room"]["recording"] == status, f"{action} is told")
    gus.leave()
    consents = [e["event_data"] for e in teacher.get(f"/sessions/{session['id']}/events").json()["events"] if e["event_type"] == "recording.consent"]
    assert [c["given"] for c in consents] == [True, True, False]
    assert [c["name"] for c in consents[:2]] == ["Ada Lovelace", "Gus"]


def test_consent_is_asked_of_who_was_away(server, teacher, room):
    session, host, guest, seat = room
    guest.lose()
    host.peer("Grace Hopper", away=True)
    host.send("record", action="start")
    until(lambda: host.expect("room")["room"]["recording"] == "recording", "it is recorded")
    back = server.call(guest.token, connection=guest.connection).joined()
    assert back.expect("consent_needed")["title"] == "Algebra I"
    back.lose()
    host.peer("Grace Hopper", away=True)
    back = server.call(guest.token, connection=guest.connection).joined()
    back.expect("consent_needed")  # still not answered
    back.send("consent", given=True)
    until(lambda: kinds(teacher, session).count("recording.consent") == 2, "it is noted, as the host's was")
    back.lose()
    host.peer("Grace Hopper", away=True)
    again = server.call(guest.token, connection=guest.connection).joined()
    again.round_trip()
    assert not again.has("consent_needed")
    again.leave()


def test_recorded_from_the_start(server, teacher, student):
    session = teacher.session(enable_recording=True)
    call = server.call(student.join(session))
    call.expect("consent_needed")
    call.send("join", token=call.token, consent=True)
    assert call.joined().me["room"]["recording"] == "recording"
    assert len(teacher.get(f"/sessions/{session['id']}/recordings").json()["recordings"]) == 1
    call.leave()
    again = server.call(call.token).joined()  # asked once
    assert len(teacher.get(f"/sessions/{session['id']}/recordings").json()["recordings"]) == 1
    again.leave()


def test_empty_room_ends(server, teacher, student):
    session = teacher.session()
    server.call(teacher.join(session)).joined().leave()
    row = lambda: teacher.get(f"/sessions/{session['id']}").json()
    with server.db() as db:
        until(lambda: db.execute("SELECT empty_since FROM sessions WHERE id = ?", (session["id"],)).fetchone()[0], "it is known to be empty")
    with server.db() as db:
        db.execute("UPDATE sessions SET empty_since = empty_since - 301000 WHERE id = ?", (session["id"],))
    until(lambda: row()["status"] == "ended", "everybody left: it ends")
    [ended] = [e["event_data"] for e in teacher.get(f"/sessions/{session['id']}/events").json()["events"] if e["event_type"] == "session.ended"]
    assert ended["reason"] == "departed"
