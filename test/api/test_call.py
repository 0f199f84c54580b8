"""The call WebSocket without media: the door, coming back, talk, and messages that make no sense."""
import base64
import csv
import hmac
import io
import json
import os
import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from harness import jwt, until


def span_count(teacher, session):
    return {p["name"]: len(p["spans"]) for p in teacher.get(f"/sessions/{session['id']}/attendance").json()["people"]}


def people(call):
    return [p["name"] for p in call.me["people"]]


@pytest.fixture
def pair(server, teacher, student):
    """A session with its teacher and a student in: (session, teacher's call, student's call)."""
    session = teacher.session()
    host = server.call(teacher.join(session)).joined()
    guest = server.call(student.join(session)).joined()
    host.peer("Grace Hopper")
    yield session, host, guest
    host.close()
    guest.close()


def test_coming_in(server, teacher, student):
    session = teacher.session(title="Algebra", scheduled_start=int(time.time()) + 600)
    call = server.call(student.join(session)).joined()
    me = call.me
    assert me["you"] == me["people"][0] and me["you"] == {**me["you"], "name": "Grace Hopper", "role": "student", "hand": False, "screenshare": True, "away": False, "quality": "good", "tracks": []}
    assert me["room"] == {**me["room"], "title": "Algebra", "status": "scheduled", "locked": False, "chat": True, "recording": None, "room_code": None} and me["room"]["ends_at"]
    assert me["media"] is False and me["knocking"] == [] and me["chat"] == []
    host = server.call(teacher.join(session)).joined()
    assert people(host) == ["Grace Hopper", "Ada Lovelace"] and host.me["room"]["room_code"] == session["room_code"] and host.me["room"]["status"] == "active"
    assert call.peer("Ada Lovelace")["role"] == "teacher"
    assert {p["name"]: p["present"] for p in teacher.get(f"/sessions/{session['id']}/participants").json()} == {"Ada Lovelace": True, "Grace Hopper": True}
    host.close()
    call.close()


def test_ways_through_firewalls(start_roomd):
    """Some let UDP pass, some only TCP, some only what looks like https: a TURN server has an address for each."""
    turn = ["turn:turn.example.org:3478", "turn:turn.example.org:3478?transport=tcp", "turns:[2001:db8::1]:5349?transport=tcp"]
    server = start_roomd(env={"STUN_SERVER": "stun.example.org:3478", "TURN_URL": ", ".join(turn), "TURN_SECRET": "hush"})
    ada = server.person("Ada")
    call = server.call(ada.join(ada.session())).joined()
    first, *others = call.me["ice_servers"]
    assert first == {"urls": "stun:stun.example.org:3478"} and [one["urls"] for one in others] == turn
    for one in others:
        assert int(one["username"].split(":")[0]) > time.time() + 3600
        assert one["credential"] == base64.b64encode(hmac.digest(b"hush", one["username"].encode(), "sha1")).decode()
    call.close()


def tokens(server, teacher, session):
    now, other = int(time.time()), teacher.session()
    join = teacher.join(session)
    return {"nonsense": "x", "bearer": teacher.token, "cut": join[:-1], "forged": jwt(server.secret, {"sid": session["id"], "pid": 1, "gen": 0, "exp": now + 60}),
            "alg none": jwt("", {"sid": session["id"], "pid": 1, "gen": 0, "exp": now + 60}, {"alg": "none"}).rsplit(".", 1)[0] + ".", "gone": deleted_token(teacher, other)}


def deleted_token(teacher, session):
    token = teacher.join(session)
    teacher.delete(f"/sessions/{session['id']}")
    return token


def test_bad_tokens(server, teacher):
    session = teacher.session()
    for name, token in tokens(server, teacher, session).items():
        over = server.call(token).over("denied")
        assert over["message"] == "This join link is not valid any more", name


def join_key(server):
    import hashlib
    import hmac
    return hmac.new(server.secret.encode(), b"roomd join token", hashlib.sha256).digest()


def test_claims_that_do_not_fit(server, teacher, student):
    """Signed with the real key: seat and session must belong together, the generation must be the seat's."""
    one, two = teacher.session(), teacher.session()
    student.join(one)
    seats = {p["name"]: p["id"] for p in teacher.get(f"/sessions/{one['id']}/participants").json()}
    good = {"sid": one["id"], "pid": seats["Grace Hopper"], "gen": 0, "exp": int(time.time()) + 60}
    server.call(jwt(join_key(server), good)).joined().leave()
    for claims in ({**good, "sid": two["id"]}, {**good, "pid": 999999}, {**good, "gen": 1}, {**good, "exp": int(time.time()) - 1}, {**good, "pid": None}, {}):
        server.call(jwt(join_key(server), claims)).over("denied")


def test_nothing_before_joining(server, teacher):
    call = server.call()
    for t, fields in (("say", {"text": "x"}), ("hand", {"raised": True}), ("publish", {"sdp": "x", "tracks": []}), ("end", {}), ("remove", {"participant_id": 1})):
        call.send(t, **fields)
        call.refused("not_joined", t)
    call.send("join", token=teacher.join(teacher.session()))
    call.joined()
    call.send("join", token="x")
    call.refused("bad_message", "join")
    assert call.leave() == 1000


def test_second_window_replaces_the_first(server, teacher, pair):
    session, host, guest = pair
    second = server.call(guest.token).joined()
    assert "another window" in guest.over("replaced")["message"]
    assert host.expect("peer_left", connection=guest.connection)["reason"] == "replaced"
    assert host.peer("Grace Hopper")["connection"] == second.connection != guest.connection
    assert people(second).count("Grace Hopper") == 1
    second.leave()
    assert host.expect("peer_left", connection=second.connection)["reason"] == "left"
    until(lambda: span_count(teacher, session)["Grace Hopper"] == 1, "touching spans are one")


def test_second_window_that_must_wait_replaces_nothing(server, teacher, pair):
    session, host, guest = pair
    teacher.patch(f"/sessions/{session['id']}", {"waiting_room": True})
    second = server.call(guest.token)
    second.expect("waiting")
    guest.send("say", text="still here")
    host.expect("chat")
    seat = teacher.get(f"/sessions/{session['id']}/participants").json()[1]
    assert seat["present"] is True
    second.close()


def test_seats_in_the_call(server, teacher, student, stranger):
    session = teacher.session(max_participants=2)
    host, late = teacher.join(session), student.join(session)
    teacher.patch(f"/sessions/{session['id']}", {"max_participants": 1})
    first = server.call(late).joined()
    waiting = server.call(host)
    waiting.refused("session_full", "join")
    server.call(late).joined().leave()  # one's own second window takes no seat
    waiting.send("join", token=host)
    waiting.joined()
    first.close()
    waiting.close()


def test_lock_in_the_call(server, teacher, student, stranger):
    session = teacher.session()
    host = server.call(teacher.join(session)).joined()
    known, new = server.call(student.join(session)).joined(), teacher.post(f"/sessions/{session['id']}/participants", {"user_id": stranger.id})
    assert new.status_code == 201
    guest_token = server.guest(session, "Gus")
    host.send("lock", locked=True)
    assert known.expect("room")["room"]["locked"] is True
    gus = server.call(guest_token)
    gus.refused("session_locked", "join")
    known.leave()
    server.call(student.join(session)).joined().close()  # who was in may come back
    teacher.post(f"/sessions/{session['id']}/lock", {"locked": False})
    until(lambda: host.expect("room")["room"]["locked"] is False, "unlocked")
    gus.send("join", token=guest_token)
    gus.joined()
    gus.leave()
    host.leave()


def test_chat_and_backlog(server, teacher, pair):
    session, host, guest = pair
    lines = ["hello", "ünïcödé 🙂 \u2028 \"quoted\" <b>", "x" * 4000]
    for text in lines:
        guest.send("say", text=text)
        for call in (host, guest):
            line = call.expect("chat")["line"]
            assert (line["name"], line["text"]) == ("Grace Hopper", text)
    for text in ("", "x" * 4001, 5, None):
        guest.send("say", text=text)
        guest.refused("bad_message", "say")
    late = server.call(server.guest(session, "Gus")).joined()
    assert [line["text"] for line in late.me["chat"]] == lines and [line["id"] for line in late.me["chat"]] == sorted(line["id"] for line in late.me["chat"])
    late.leave()
    teacher.patch(f"/sessions/{session['id']}", {"enable_chat": False})
    until(lambda: guest.expect("room")["room"]["chat"] is False, "chat is off")
    guest.send("say", text="psst")
    guest.refused("not_allowed", "say")
    assert "chat.message" in [e["event_type"] for e in teacher.get(f"/sessions/{session['id']}/events").json()["events"]]


def test_hands_mutes_and_quality(pair):
    session, host, guest = pair
    guest.send("hand", raised=True)
    assert host.peer("Grace Hopper", hand=True)
    guest.send("hand", raised=False, connection=host.connection)
    guest.refused("not_allowed", "hand")
    host.send("hand", raised=True, connection=guest.connection)
    host.refused("not_allowed", "hand")
    host.send("hand", raised=False, connection=guest.connection)
    assert guest.peer("Grace Hopper", hand=False)
    host.send("hand", raised=False, connection="nobody")
    host.refused("participant_not_found", "hand")
    guest.send("report", quality="poor")
    assert host.peer("Grace Hopper", quality="poor")
    guest.send("mute", kind="mic", muted=True)
    guest.round_trip()


def test_lost_line_and_back_within_grace(server, teacher, pair):
    session, host, guest = pair
    guest.lose()
    assert host.peer("Grace Hopper", away=True)
    back = server.call(guest.token, connection=guest.connection).joined()
    assert back.connection == guest.connection and not host.has("peer_left")
    assert host.peer("Grace Hopper", away=False)
    assert span_count(teacher, session) == {"Ada Lovelace": 1, "Grace Hopper": 1}
    taken = server.call(back.token, connection=back.connection).joined()  # before the old line was known to be lost
    assert taken.connection == back.connection and back.closed() == 4000
    stolen = server.call(server.guest(session, "Eve"), connection=taken.connection).joined()
    assert stolen.connection != taken.connection and stolen.me["you"]["name"] == "Eve"
    stolen.leave()
    taken.leave()


def test_not_back_in_time(start_roomd):
    server = start_roomd(env={"RECONNECT_SECONDS": "2"})
    teacher, student = server.person("Ada"), server.person("Grace")
    session = teacher.session()
    host, before = server.call(teacher.join(session)).joined(), time.time()
    guest = server.call(student.join(session)).joined()
    guest.lose()
    most = time.time() - before
    assert host.expect("peer_left", connection=guest.connection)["reason"] == "lost"
    grace = until(lambda: next((p for p in teacher.get(f"/sessions/{session['id']}/attendance").json()["people"] if p["name"] == "Grace" and p["spans"][0]["left_at"]), None), "her span is closed")
    assert grace["total_seconds"] <= most + 1  # she was there until the line broke, not until it was given up
    again = server.call(guest.token, connection=guest.connection).joined()
    assert again.connection != guest.connection
    again.leave()
    host.leave()


def test_back_while_the_database_is_slow(start_roomd):
    """Who asks for their place in time has it, however long the answer takes."""
    server = start_roomd(env={"RECONNECT_SECONDS": "3"})
    teacher = server.person("Ada")
    session = teacher.session()
    host = server.call(teacher.join(session)).joined()
    back, gone = server.call(server.guest(session, "Back")).joined(), server.call(server.guest(session, "Gone")).joined()
    with server.database_held():
        back.lose()
        host.peer("Back", away=True)
        again = server.call(back.token, connection=back.connection)
        gone.lose()
        assert host.expect("peer_left", connection=gone.connection)["reason"] == "lost"  # the time of both has run out
    assert again.joined().connection == back.connection
    again.round_trip()
    assert not host.has("peer_left") and span_count(teacher, session)["Back"] == 1
    again.leave()
    host.leave()


def test_attendance(server, teacher, student):
    session = teacher.session()
    names = ["=1+1", "+x", "@sum", "-2", 'quo"te, comma', "Zoë 🙂"]
    for name in names:
        server.call(server.guest(session, name)).joined().leave()
    call = server.call(student.join(session)).joined()
    closed = lambda: [p for p in teacher.get(f"/sessions/{session['id']}/attendance").json()["people"] if p["name"] != "Grace Hopper" and p["spans"][0]["left_at"]]
    people_ = until(lambda: len(closed()) == len(names) and teacher.get(f"/sessions/{session['id']}/attendance").json()["people"], "everybody's span is closed")
    assert [p["name"] for p in people_] == [*names, "Grace Hopper"]
    assert people_[-1]["spans"][0]["left_at"] is None and people_[-1]["user_id"] == student.id and people_[0]["user_id"] is None
    reply = teacher.get(f"/sessions/{session['id']}/attendance?format=csv")
    assert reply.headers["content-type"] == "text/csv; charset=utf-8" and reply.headers["content-disposition"] == 'attachment; filename="attendance.csv"'
    rows = list(csv.reader(io.StringIO(reply.text, newline="")))
    assert rows[0][:7] == ["identity", "user_id", "name", "role", "joined_at", "left_at", "total_seconds"] and reply.text.endswith("\r\n")
    assert [r[2] for r in rows[1:]] == ["'=1+1", "'+x", "'@sum", "'-2", 'quo"te, comma', "Zoë 🙂", "Grace Hopper"]
    assert rows[-1][5] == "" and rows[1][5].endswith("Z")
    call.leave()


def test_messages_that_make_no_sense(pair):
    session, host, guest = pair
    for text in ("", "{", "[]", "null", "5", "\"t\"", "{}", '{"t": 5}', '{"t": "nothing"}', '{"t": "joined"}', '{"t": "say"}', '{"t": "say", "text": {}}', '{"t":"say","text":"\\u0000"}', "[" * 5000,
                 '{"t": "mute", "kind": "ear", "muted": true}', '{"t": "mute", "kind": "mic", "muted": 1}', '{"t": "publish", "sdp": "v=0", "tracks": [1]}', '{"t": "publish", "sdp": "v=0", "tracks": [{},{},{},{}]}'):
        guest.ws.send(text)
        error = guest.expect("error")
        assert error["code"] in ("bad_json", "bad_message"), (text, error)
    guest.ws.send(os.urandom(1000))  # a binary frame: the page is hung up on, nobody else is
    guest.closed()
    assert host.peer("Grace Hopper", away=True)
    host.round_trip()


SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=fingerprint:sha-256 " + ":".join(["AB"] * 32) + \
      "\r\nm={0} 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=setup:actpass\r\na=rtcp-mux\r\na=rtpmap:96 {1}\r\n"
VIDEO = SDP.format("video", "VP8/90000")


@pytest.mark.parametrize("sdp, tracks", [
    ("x", []), ("v=0", [{"mid": "0", "kind": "mic"}]), (VIDEO, []), (VIDEO, [{"mid": "1", "kind": "camera"}]), (VIDEO, [{"mid": "0", "kind": "mic"}]),
    (VIDEO, [{"mid": "0", "kind": "camera"}, {"mid": "0", "kind": "screen"}]), (VIDEO.replace("m=video", "m=application"), [{"mid": "0", "kind": "camera"}]), ("v=0\r\n" + "a=x\r\n" * 10000, [])])
def test_publish_with_a_bad_sdp(pair, sdp, tracks):
    guest = pair[2]
    guest.send("publish", sdp=sdp, tracks=tracks)
    guest.refused("bad_sdp", "publish")
    guest.round_trip()


def test_publish_of_a_screen_is_told(teacher, pair):
    session, host, guest = pair
    guest.send("publish", sdp=VIDEO, tracks=[{"mid": "0", "kind": "screen"}])
    assert host.peer("Grace Hopper", tracks=[{"kind": "screen", "muted": False}])
    kinds = lambda: [e["event_type"] for e in teacher.get(f"/sessions/{session['id']}/events").json()["events"]]
    until(lambda: "screenshare.started" in kinds(), "the share is in the log")


def test_huge_message(pair):
    session, host, guest = pair
    guest.ws.send(json.dumps({"t": "say", "text": "x" * 400_000}))
    assert guest.closed() == 1009
    host.round_trip()


def test_flood(pair):
    session, host, guest = pair
    try:
        for _ in range(2000):
            guest.send("report", quality="good")
    except ConnectionClosed:
        pass
    guest.refused("too_many_messages")
    assert guest.closed() == 1008
    host.round_trip()


def test_no_websocket(server, anybody, teacher):
    for headers in ({}, {"Upgrade": "websocket", "Connection": "Upgrade"}, {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "short"},
                    {"Upgrade": "h2c", "Connection": "Upgrade"}):
        assert anybody.get("/api/v1/call", headers=headers).status_code in (400, 426)
    assert anybody.post("/api/v1/call").status_code in (400, 405, 426)
    with pytest.raises(InvalidStatus):
        connect(server.url.replace("http", "ws") + "/api/v1/info", proxy=None, legacy=True)
    for bytes_ in (b"\xff" * 500, b"\x81\x05hello", b"\x88\x02\x00\x00", b"\xc1\xff" + b"\xff" * 8, b"\x89\xfe" + b"\x00" * 200):
        call = server.call()
        call.ws.socket.sendall(bytes_)
        call.closed()
    server.call(teacher.join(teacher.session())).joined().leave()


def test_many_sockets_that_say_nothing(server, teacher):
    silent = [server.call() for _ in range(50)]
    call = server.call(teacher.join(teacher.session())).joined()
    for s in silent:
        s.lose()
    call.round_trip()
    call.leave()
