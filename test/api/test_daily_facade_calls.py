"""/v1, calls: presence, meetings, meeting tokens and the door they open, ejection by the clock, recordings. People come by the call's WebSocket."""
import base64
import hashlib
import json
import random
import time

import pytest

from facade import expire, facade_of, name, refused, soon
from harness import base64url, jwt, until
from recorded import withhold

FILM = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def daily(server, admin):
    return facade_of(server, admin)


def claims_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def left(call):
    call.leave()
    return call


# ---- presence and meetings

def test_presence_and_meetings(server, daily):
    room = daily.room()["name"]
    ann = daily.enter(room, user_name="Ann", user_id="teacher-1", is_owner=True).joined()
    bob = daily.enter(room, user_name="Bob").joined()
    one, two = daily.presence(room)
    assert one == {"room": room, "id": one["id"], "userId": "teacher-1", "userName": "Ann", "mtgSessionId": one["mtgSessionId"], "joinTime": one["joinTime"], "duration": one["duration"]}
    assert (two["userId"], two["userName"], two["mtgSessionId"]) == (None, "Bob", one["mtgSessionId"]) and one["joinTime"].endswith(".000Z") and one["id"] != two["id"]
    assert [p["userName"] for p in daily.presence(room, userName="Bob")] == ["Bob"] and [p["userName"] for p in daily.presence(room, userId="teacher-1")] == ["Ann"]
    assert len(daily.presence(room, limit=1)) == 1
    assert daily.get("/presence").json()[room] == daily.presence(room)
    refused(daily.get("/rooms/nobody/presence"), 404, "not-found", "room nobody not found")

    running = daily.get(f"/meetings/{one['mtgSessionId']}").json()
    assert (running["room"], running["ongoing"], running["max_participants"]) == (room, True, 2)
    assert [(p["user_id"], p["user_name"], p["participant_id"]) for p in running["participants"]] == [("teacher-1", "Ann", one["id"]), (None, "Bob", two["id"])]
    assert [m["id"] for m in daily.get("/meetings", params={"room": room, "ongoing": "true"}).json()["data"]] == [running["id"]]
    left(ann), left(bob)
    over = until(lambda: not (m := daily.get(f"/meetings/{running['id']}").json())["ongoing"] and m, "it is over")
    assert over["start_time"] == running["start_time"] and daily.presence(room) == []
    cid = daily.enter(room, user_name="Cid").joined()
    listed = daily.get("/meetings", params={"room": room}).json()
    assert listed["total_count"] == 2 and [m["id"] for m in listed["data"]][1] == over["id"] and listed["data"][0]["participants"][0]["user_name"] == "Cid"
    assert [m["ongoing"] for m in listed["data"]] == [True, False]
    assert [m["id"] for m in daily.get("/meetings", params={"room": room, "ongoing": "false", "no_participants": "true"}).json()["data"]] == [over["id"]]
    newest = listed["data"][0]["id"]
    assert [m["id"] for m in daily.get("/meetings", params={"room": room, "starting_after": newest}).json()["data"]] == [over["id"]]
    assert [m["id"] for m in daily.get("/meetings", params={"room": room, "ending_before": "OLDEST", "limit": 1}).json()["data"]] == [over["id"]]
    assert daily.get("/meetings", params={"room": room, "timeframe_start": soon()}).json() == {"total_count": 0, "data": []}
    assert daily.get("/meetings", params={"room": room, "timeframe_end": soon()}).json()["total_count"] == 2
    assert daily.get("/meetings", params={"room": "nobody"}).json() == {"total_count": 0, "data": []}
    left(cid)
    daily.delete(f"/rooms/{room}")
    assert [m["room"] for m in daily.get("/meetings", params={"room": room}).json()["data"]] == [room, room], "what was, was"


def test_people_of_a_meeting_by_pages(server, daily):
    room = daily.room()["name"]
    calls = [daily.enter(room, user_name=n).joined() for n in ("Ann", "Bob", "Cid")]
    meeting = daily.presence(room)[0]["mtgSessionId"]
    everybody = daily.get(f"/meetings/{meeting}/participants").json()["data"]
    assert [p["user_name"] for p in everybody] == ["Ann", "Bob", "Cid"]
    names, after = [], None
    while True:  # the seed's loop: 404 after the last one
        reply = daily.get(f"/meetings/{meeting}/participants", params={"limit": 2, **({"joined_after": after} if after else {})})
        if reply.status_code == 404:
            break
        names += [p["user_name"] for p in reply.json()["data"]]
        after = reply.json()["data"][-1]["participant_id"]
    assert names == ["Ann", "Bob", "Cid"]
    before = daily.get(f"/meetings/{meeting}/participants", params={"joined_before": everybody[2]["participant_id"], "limit": 1}).json()["data"]
    assert [p["user_name"] for p in before] == ["Bob"]
    refused(daily.get(f"/meetings/{meeting}/participants", params={"joined_after": "nobody"}), 400, "invalid-request-error")
    room_id = daily.get(f"/rooms/{room}").json()["id"]
    for wrong in (room_id, "nobody", "0b5d5f2e-6c0a-4b52-9a0e-5a4f4d6c7b8a"):
        refused(daily.get(f"/meetings/{wrong}"), 404, "not-found", f"meeting {wrong} not found")
    [left(c) for c in calls]


def test_meetings_of_others(server, admin, daily):
    owner, other = (facade_of(server, admin, server.person(n)) for n in ("Owner", "Other"))
    room = owner.room()["name"]
    call = owner.enter(room, user_name="Ann").joined()
    meeting = owner.presence(room)[0]["mtgSessionId"]
    refused(other.get(f"/meetings/{meeting}"), 403, "forbidden-error")
    assert other.get("/meetings").json()["data"] == [] and other.get("/presence").json() == {} and list(owner.get("/presence").json()) == [room]
    left(call)


# ---- meeting tokens

EVERY = {"room_name": "algebra-1", "eject_at_token_exp": True, "eject_after_elapsed": 3600, "nbf": 1700000000, "exp": 4102444800, "is_owner": True, "user_name": "Zoë", "user_id": "teacher-1",
         "enable_screenshare": True, "start_video_off": False, "start_audio_off": True, "enable_recording": "cloud", "enable_prejoin_ui": True, "enable_live_captions_ui": False,
         "enable_recording_ui": False, "enable_terse_logging": True, "knocking": True, "start_cloud_recording": True, "start_cloud_recording_opts": {"width": 1280, "height": 720},
         "auto_start_transcription": False, "close_tab_on_exit": True, "redirect_on_meeting_exit": "https://example.org/bye", "lang": "de",
         "permissions": {"hasPresence": True, "canSend": ["audio", "screenVideo"], "canReceive": {"base": {"video": False, "customVideo": {"*": True}}, "byUserId": {"video": True, "ann": {"audio": True}}},
                         "canAdmin": ["participants", "transcription"]}}


def shown(daily, token, **how):
    """What is told of a token; beside the permissions' long words are the short ones that Daily answers with."""
    told = daily.get(f"/meeting-tokens/{token}", params=how).json()
    if "permissions" in told:
        short = {k: told["permissions"].pop(k) for k in ("hp", "cs", "cr", "ca") if k in told["permissions"]}
        assert short == claims_of(token)["p"]
    return told


def test_every_property_of_a_token_comes_back(daily):
    token = daily.token(**EVERY)
    assert shown(daily, token) == EVERY
    short = claims_of(token)
    assert {k: short[k] for k in ("r", "ejt", "eje", "nbf", "exp", "o", "u", "ud", "ss", "vo", "ao", "er", "erui", "k", "sr", "ast", "ctoe", "rome", "uil")} == {
        "r": "algebra-1", "ejt": True, "eje": 3600, "nbf": 1700000000, "exp": 4102444800, "o": True, "u": "Zoë", "ud": "teacher-1", "ss": True, "vo": False, "ao": True, "er": "cloud",
        "erui": False, "k": True, "sr": True, "ast": False, "ctoe": True, "rome": "https://example.org/bye", "uil": "de"}
    assert short["p"] == {"hp": True, "cs": "a,sv", "cr": {"b": {"v": False, "cv": {"*": True}}, "u": {"video": True, "ann": {"a": True}}}, "ca": "p,t"}
    assert short["d"] == daily.get("/").json()["domain_id"] and len(EVERY) == 24
    for key, value in EVERY.items():
        if key != "nbf":
            assert shown(daily, daily.token(**{key: value})) == {key: value}
    assert daily.get(f"/meeting-tokens/{daily.token()}").json() == {}
    number = daily.get(f"/meeting-tokens/{daily.token(user_id=5, exp=soon(), enable_recording_ui=False)}").json()
    assert number["user_id"] == 5, "a number stays one"
    assert daily.post("/meeting-tokens", {}).status_code == 200, "good for every room, for ever"


def test_random_tokens_come_back(daily):
    dice = random.Random(11)
    other = {"user_id": 17, "is_owner": False, "enable_recording": ["cloud", "local"], "lang": "pt-BR", "user_name": "Ünïcode 😀 \"quoted\"", "exp": soon(900), "eject_after_elapsed": 1,
             "permissions": {"canSend": False, "canAdmin": True, "canReceive": {"base": True}}}
    for _ in range(40):
        given = {k: dice.choice([EVERY[k], other.get(k, EVERY[k])]) for k in dice.sample(sorted(EVERY), dice.randrange(25))}
        assert shown(daily, daily.token(**given), ignoreNbf="true") == given


def test_tokens_that_are_refused(daily):
    refused(daily.post("/meeting-tokens", {"properties": {"exp": 1000}}), 400, "invalid-request-error", "exp was '1000', which is in the past")
    refused(daily.post("/meeting-tokens", {"properties": {"invalid": 1}}), 400, "invalid-request-error", "unknown parameter 'invalid'")
    refused(daily.post("/meeting-tokens", {"properties": {"user_id": "x" * 37}}), 400, "invalid-request-error", "36")
    domain = daily.get("/").json()["domain_id"]
    later, signed = daily.token(nbf=soon(), exp=soon(7200)), lambda key, header=None, **claims: jwt(key, {"r": "algebra-1", "iat": 1700000000, "d": domain, **claims}, header)
    refused(daily.get(f"/meeting-tokens/{later}"), 400, "invalid-request-error", "not valid yet")
    assert daily.get(f"/meeting-tokens/{later}", params={"ignoreNbf": "true"}).json()["exp"] > soon()
    for bad in ("nonsense", later[:-2] + "xx", signed("somebody else's key"), signed(daily.key, {"alg": "none"}), signed(daily.key, d="30f866c3-9123-452a-8723-ff58322d09c5"), signed(daily.key, exp=1000)):
        refused(daily.get(f"/meeting-tokens/{bad}"), 400, "invalid-request-error")


def test_tokens_signed_by_their_holders(server, admin, daily):
    """With the text of an API key, as Daily documents it; also with floats, unknown claims, and without typ."""
    domain = daily.get("/").json()["domain_id"]
    token = jwt(daily.key, {"r": "algebra-1", "iat": 1700000000.5, "d": domain, "exp": 4102444800.25, "o": True, "u": "Ann", "ud": "teacher-1", "ss": True, "zz": 1, "p": {"cs": "a,v"}}, {"alg": "HS256"})
    assert shown(daily, token) == {"room_name": "algebra-1", "exp": 4102444800.25, "is_owner": True, "user_name": "Ann", "user_id": "teacher-1",
                                   "enable_screenshare": True, "permissions": {"canSend": ["audio", "video"]}}
    minimal = lambda key: jwt(key, {"r": "test", "iat": 1610596413, "d": domain})
    assert daily.get(f"/meeting-tokens/{minimal(daily.key)}").json() == {"room_name": "test"}
    reader = facade_of(server, admin, scope="rooms:read")
    refused(daily.get(f"/meeting-tokens/{minimal(reader.key)}"), 400, "invalid-request-error")
    gone = admin.post("/api-keys", {"name": "gone"}).json()
    token = minimal(gone["key"])
    assert daily.get(f"/meeting-tokens/{token}").status_code == 200
    admin.delete(f"/api-keys/{gone['id']}")
    refused(daily.get(f"/meeting-tokens/{token}"), 400, "invalid-request-error")


# ---- the door

def test_a_self_signed_token_opens_the_door(server, daily):
    room = daily.room(privacy="private")["name"]
    token = jwt(daily.key, {"r": room, "iat": int(time.time()), "d": daily.get("/").json()["domain_id"], "u": "Ann", "o": True})
    call = server.call(daily.door(room, token).split("?t=")[1]).joined()
    assert [p["userName"] for p in daily.presence(room)] == ["Ann"]
    left(call)


def test_where_a_rooms_address_leads(server, daily, anybody):
    private, public, knocking = daily.room(privacy="private"), daily.room(), daily.room(privacy="private", enable_knocking=True)
    assert daily.door(private["name"]) == f"http://localhost:{server.port}/room/{private['name']}", "no word of a code: one needs a token"
    for room in (public, knocking):
        where = daily.door(room["name"])
        assert where.startswith(f"http://localhost:{server.port}/join/")
        look = anybody.post("/api/v1/sessions/lookup", json={"room_code": where[-6:]}).json()
        assert look["allow_guests"] and look["waiting_room"] == (room is knocking)
    seat = daily.door(private["name"], daily.token(room_name=private["name"], user_name="Ann"))
    assert seat.startswith(f"http://localhost:{server.port}/room/{private['name']}?t=")
    look = anybody.post("/api/v1/sessions/lookup", json={"token": seat.split("?t=")[1]}).json()
    assert (look["name"], look["role"]) == ("Ann", "student")
    for wrong in (daily.token(room_name=public["name"]), "nonsense", daily.token(room_name=private["name"], nbf=soon())):
        assert daily.door(private["name"], wrong).endswith("?t=" + wrong), "the page says what is wrong"
    refused(anybody.get("/v1/door/nobody"), 404, "not-found")
    reply = anybody.get(f"/v1/door/{private['name']}", params={"t": daily.token()})
    assert reply.status_code == 302 and "?t=" in reply.headers["location"] and reply.headers["cache-control"] == "no-store"
    assert anybody.get("/nobody-is-here").status_code != 302


def test_guests_of_public_rooms_only(server, daily, anybody):
    public = daily.room(max_participants=2)
    guests = [server.call(anybody.post("/api/v1/sessions/guest-join", json={"room_code": daily.door(public["name"])[-6:], "name": f"Guest {i}"}).json()["token"]).joined() for i in range(2)]
    full = anybody.post("/api/v1/sessions/guest-join", json={"room_code": daily.door(public["name"])[-6:], "name": "Late"})
    assert full.json() == {"detail": "Session is full"}
    left(guests[0])
    until(lambda: len(daily.presence(public["name"])) == 1, "one has left")
    again = anybody.post("/api/v1/sessions/guest-join", json={"room_code": daily.door(public["name"])[-6:], "name": "Late"})
    assert again.status_code == 200, "who is in counts, not who was"
    assert [p["userId"] for p in daily.presence(public["name"])] == [None]
    left(guests[1])
    session = daily.get(f"/rooms/{public['name']}").json()["id"]
    daily.post(f"/rooms/{public['name']}", {"privacy": "private"})
    with server.db() as db:
        code = db.execute("SELECT room_code FROM sessions WHERE uuid = ?", (session,)).fetchone()[0]
    assert anybody.post("/api/v1/sessions/guest-join", json={"room_code": code, "name": "Eve"}).status_code == 403


def test_who_knocks_and_who_does_not(server, daily):
    room = daily.room(privacy="private", enable_knocking=True)["name"]
    daily.enter(room, user_name="Ann").joined().leave()
    daily.enter(room, user_name="Bob", knocking=True).expect("waiting")


def test_what_a_token_lets_one_do(server, daily):
    room = daily.room(enable_screenshare=True, permissions={"canSend": False})["name"]
    look = lambda **p: server.client().post("/api/v1/sessions/lookup", json={"token": daily.door(room, daily.token(room_name=room, **p)).split("?t=")[1]}).json()["role"]
    assert look() == "viewer" and look(is_owner=True) == "teacher" and look(permissions={"canSend": ["audio"]}) == "student"
    seats = {}
    for label, properties in {"free": {"permissions": {"canSend": True}}, "no share": {"enable_screenshare": False, "permissions": {"canSend": True}}, "voice": {"permissions": {"canSend": ["audio"]}}}.items():
        daily.enter(room, user_name=label, **properties).joined().leave()
    with server.db() as db:
        seats = dict(db.execute("SELECT name, screenshare FROM participants p JOIN sessions s ON s.id = p.session_id WHERE s.room_name = ?", (room,)).fetchall())
    assert (seats["free"], seats["no share"], seats["voice"]) == (1, 0, 0)


def test_the_same_user_twice(server, daily):
    free, unique = daily.room()["name"], daily.room(enforce_unique_user_ids=True)["name"]
    calls = [daily.enter(free, user_id="user-1").joined() for _ in range(2)]
    assert [p["userId"] for p in daily.presence(free)] == ["user-1", "user-1"]
    first = daily.enter(unique, user_id="ann", user_name="Ann").joined()
    second = daily.enter(unique, user_id="ann", user_name="Ann").joined()
    first.over("replaced")
    assert len(daily.presence(unique)) == 1
    [left(c) for c in [*calls, second]]


# ---- the clock

def test_not_before_nbf_and_not_after_exp(server, daily):
    early = daily.room(nbf=soon())["name"]
    daily.enter(early).refused("session_not_open")
    made = daily.room(exp=soon())
    room = made["name"]
    inside, link = daily.enter(room, user_name="Ann").joined(), daily.door(room, daily.token(room_name=room)).split("?t=")[1]
    expire(server, made)
    until(lambda: daily.get(f"/rooms/{room}").status_code == 404, "it has expired")
    server.call(link).refused("session_closed")
    assert inside.round_trip() is None, "who is in stays"
    left(inside)


def early_enough(come):
    """What `come` gives, called with an end (UTC seconds) that it has to be done before; a later one where the box is slow."""
    for seconds in (2, 8, 30):
        ends = soon(seconds)
        try:
            return ends, *come(ends)
        except AssertionError:
            if time.time() < ends:
                raise
    raise AssertionError("not even within 30 s")


def test_put_out_at_the_end(server, daily):
    def come(ends):
        room, stays = (daily.room(exp=ends, eject_at_room_exp=True)["name"] for _ in range(2))
        ann, bob = daily.enter(room, user_name="Ann").joined(), daily.enter(stays, user_name="Bob", eject_after_elapsed=3600).joined()
        changed = daily.post(f"/rooms/{room}", {"properties": {"exp": soon(), "eject_at_room_exp": False}})
        assert changed.status_code == 200, changed.text
        return room, ann, bob
    _, room, ann, bob = early_enough(come)
    ann.over("removed")
    assert bob.round_trip() is None, "what a token says of the end beats the room"
    ends, cid, eve = early_enough(lambda ends: (daily.enter(room, user_name="Cid", exp=ends, eject_at_token_exp=True).joined(), daily.enter(room, user_name="Eve", exp=ends).joined()))
    dan = daily.enter(room, user_name="Dan", eject_after_elapsed=1).joined()
    cid.over("removed"), dan.over("removed")
    until(lambda: time.time() > ends, "Eve's time is over too")
    assert eve.round_trip() is None and daily.enter(room, user_name="Dan").joined(), "and may come in again"
    left(bob), left(eve)


def test_eject(server, daily):
    room = daily.room()["name"]
    ann, bob = daily.enter(room, user_id="ann").joined(), daily.enter(room, user_name="Bob").joined()
    ids = [p["id"] for p in daily.presence(room)]
    assert daily.post(f"/rooms/{room}/eject", {"ids": ["nobody"], "user_ids": ["nobody"]}).json() == {"ejectedIds": []}
    assert daily.post(f"/rooms/{room}/eject", {"user_ids": ["ann"], "ids": [ids[1], "nobody"]}).json() == {"ejectedIds": ids}
    ann.over("removed"), bob.over("removed")
    again = daily.enter(room, user_id="ann").joined()
    assert len(daily.post(f"/rooms/{room}/eject", {"user_ids": ["ann"], "ban": True}).json()["ejectedIds"]) == 1
    again.over("removed")
    refused(daily.post("/rooms/nobody/eject", {}), 404, "not-found")
    refused(daily.post(f"/rooms/{room}/eject", {"ids": ["x"] * 101}), 400, "invalid-request-error")


def test_a_ban_holds_for_a_seat(server, daily):
    """As doc/daily-facade.md says: for good where a user_id has one seat, else only until the next meeting token."""
    def ban(room, user_id):
        return len(daily.post(f"/rooms/{room}/eject", {"user_ids": [user_id], "ban": True}).json()["ejectedIds"])
    one, many = daily.room(enforce_unique_user_ids=True)["name"], daily.room()["name"]
    for room in (one, many):
        ann = daily.enter(room, user_id="ann").joined()
        assert ban(room, "ann") == 1 and ban(room, "later") == 0
        ann.over("removed")
    token = daily.token(room_name=one, user_id="ann")
    refused(server.client().get(f"/{one}", params={"t": token}), 403, "forbidden-error", "You were removed")
    left(daily.enter(many, user_id="ann").joined()), left(daily.enter(one, user_id="later").joined())


def test_a_room_stays_when_everybody_left(start_roomd):
    server = start_roomd({"DEPARTURE_TIMEOUT_SECONDS": "5", "EMPTY_TIMEOUT_SECONDS": "5"})
    admin = server.admin()
    daily = facade_of(server, admin)
    room, session = daily.room()["name"], admin.session()
    left(daily.enter(room, is_owner=True).joined())
    left(server.call(admin.join(session)).joined())
    until(lambda: admin.get(f"/sessions/{session['id']}").json()["status"] == "ended", "the other API's ends", 30)
    assert daily.get(f"/rooms/{room}").status_code == 200


def test_deleting_puts_everybody_out(server, daily):
    room = daily.room()["name"]
    call = daily.enter(room).joined()
    daily.delete(f"/rooms/{room}")
    call.over("ended")


def test_messages_of_an_app(server, daily):
    room = daily.room()["name"]
    send = lambda **body: daily.post(f"/rooms/{room}/send-app-message", body)  # noqa: E731
    refused(send(data={"hello": "world"}), 404, "not-found", f"room {room} does not seem to be hosting a call currently")
    ann, bob = daily.enter(room, user_name="Ann").joined(), daily.enter(room, user_name="Bob").joined()
    ids = {p["userName"]: p["id"] for p in daily.presence(room)}
    assert send(data={"hello": "wörld", "n": [1, None, {"x": 1.5}]}).json() == {"sent": "true"}
    for call in (ann, bob):
        assert call.expect("app_message")["data"] == {"hello": "wörld", "n": [1, None, {"x": 1.5}]}
    assert send(data={"to": "one"}, recipient=ids["Bob"]).json() == send(data={"to": "all"}, recipient="*").json() == {"sent": "true"}
    assert [bob.expect("app_message")["data"]["to"] for _ in range(2)] == ["one", "all"]
    assert ann.expect("app_message")["data"] == {"to": "all"}, "the other one was not for her"
    assert send(data={"x": "y" * 4000}).status_code == 200
    refused(send(data={"x": "y" * 4096}), 400, "invalid-request-error", "4 kB")
    refused(send(data=[1]), 400, "invalid-request-error", '"data" must be of type object')
    refused(send(), 400, "invalid-request-error", '"data" is required')
    refused(send(data={}, recipient="nobody"), 400, "invalid-request-error", "nobody who is in the call")
    refused(daily.post("/rooms/nobody/send-app-message", {"data": {}}), 404, "not-found", "room nobody not found")
    left(ann), left(bob)


def test_permissions_in_a_call(server, daily):
    room = daily.room(enable_screenshare=True)["name"]
    update = lambda data: daily.post(f"/rooms/{room}/update-permissions", {"data": data})  # noqa: E731
    refused(update({"*": {"canSend": True}}), 404, "not-found", "does not seem to be hosting a call currently")
    ann, bob = daily.enter(room, user_name="Ann", is_owner=True).joined(), daily.enter(room, user_name="Bob").joined()
    ids = {p["userName"]: p["id"] for p in daily.presence(room)}

    def sharing():
        with server.db() as db:
            return dict(db.execute("SELECT name, screenshare FROM participants p JOIN sessions s ON s.id = p.session_id WHERE s.room_name = ? AND name IN ('Ann', 'Bob')", (room,)).fetchall())

    assert sharing() == {"Ann": 1, "Bob": 1}
    assert update({ids["Bob"]: {"canSend": ["audio", "video"]}}).json() == {"status": "sent"} and sharing() == {"Ann": 1, "Bob": 0}
    assert bob.peer("Bob", screenshare=False)
    assert update({"*": {"canSend": True, "hasPresence": True}}).json() == {"status": "sent"} and sharing() == {"Ann": 1, "Bob": 1}
    assert update({"*": {"canSend": ["audio", "video"]}, ids["Ann"]: {"canSend": True, "canAdmin": ["participants"], "canReceive": {"base": True}}}).status_code == 200
    assert sharing() == {"Ann": 1, "Bob": 0}, "who is named is not meant by *"
    for bad in ({ids["Bob"]: {"canSend": False}}, {ids["Bob"]: {"canSend": ["video"]}}, {ids["Bob"]: {"canAdmin": True}}, {"*": {"hasPresence": False}}, {"*": {"canReceive": {"base": False}}}):
        refused(update(bad), 400, "invalid-request-error", "only whether they may share their screen")
    for bad in ({}, {ids["Bob"]: 5}, {"*": {"canSend": ["smell"]}}, {"*": {"canFly": True}}, {"*": {"canAdmin": ["everything"]}}, [1]):
        refused(update(bad), 400, "invalid-request-error", '"data" must be an object of permissions')
    refused(update({"nobody": {"canSend": True}, ids["Bob"]: {"canSend": True}}), 400, "invalid-request-error", "nobody who is in the call")
    assert sharing() == {"Ann": 1, "Bob": 0}, "all or nothing"
    refused(daily.post("/rooms/nobody/update-permissions", {"data": {"*": {}}}), 404, "not-found")
    left(ann), left(bob)


def test_session_data(server, daily):
    room = daily.room()["name"]
    data = lambda: daily.get(f"/rooms/{room}/get-session-data").json()["data"]
    put = lambda **body: daily.post(f"/rooms/{room}/set-session-data", body)
    assert data() == {} and put(data={"a": 1, "b": {"c": 2}}).json() == {"sent": "true"} and data() == {"a": 1, "b": {"c": 2}}
    put(data={"d": 3}, mergeStrategy="shallow-merge", keysToDelete=["a"])
    assert data() == {"b": {"c": 2}, "d": 3}
    put(data={"e": 4})
    assert data() == {"e": 4}
    refused(put(keysToDelete=["a"]), 400, "invalid-request-error", '"keysToDelete" needs the mergeStrategy shallow-merge')
    assert data() == {"e": 4}, "nothing was replaced by nothing"
    refused(put(data=[1]), 400, "invalid-request-error", "must be of type object")
    refused(put(data={}, mergeStrategy="deep"), 400, "invalid-request-error", "mergeStrategy")
    other = server.person("Ada").session()["room_name"]  # made by another API: nothing to keep it with
    refused(daily.post(f"/rooms/{other}/set-session-data", {"data": {"a": 1}}), 400, "invalid-request-error", "This server does not support that")


# ---- recordings

def make_ready(server, uuid, seconds=40):
    folder = server.data / "recordings" / uuid
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recording.mp4").write_bytes(FILM)
    with server.db() as db:
        number = db.execute("SELECT id FROM recordings WHERE uuid = ?", (uuid,)).fetchone()[0]
    withhold(server, number)
    with server.db() as db:
        db.execute("UPDATE recordings SET status = 'ready', error = NULL, progress = 100, duration_ms = ?, ended_at = started_at + ? WHERE id = ?", (seconds * 1000, seconds * 1000, number))
        db.execute("INSERT INTO recording_files (recording_id, kind, name, sink, key, content_type, size_bytes, sha256, duration_ms) VALUES (?, 'video', 'recording.mp4', 'local', ?, 'video/mp4', ?, ?, ?)",
                   (number, f"recordings/{uuid}/recording.mp4", len(FILM), hashlib.sha256(FILM).hexdigest(), seconds * 1000))


def test_life_of_a_recording(server, daily):
    room, instance = daily.room()["name"], "0b5d5f2e-6c0a-4b52-9a0e-5a4f4d6c7b8a"
    start = lambda **body: daily.post(f"/rooms/{room}/recordings/start", body)
    refused(start(), 404, "not-found", f"room {room} does not seem to be hosting a call currently")
    call = daily.enter(room, user_name="Ann").joined()
    refused(start(type="raw-tracks"), 400, "invalid-request-error", "recordings_bucket")
    refused(start(width=641), 400, "invalid-request-error", "even")
    refused(start(quality="best"), 400, "invalid-request-error", "unknown parameter 'quality'")
    refused(daily.post(f"/rooms/{room}/recordings/stop", {}), 400, "invalid-request-error", "no stream to stop")
    assert start(type="cloud", instanceId=instance, layout={"preset": "active-participant"}).json() == {"status": "sent"}
    refused(start(type="cloud", instanceId=instance), 400, "invalid-request-error", "has an active stream")
    running = daily.get("/recordings", params={"room_name": room}).json()
    assert running["total_count"] == 1
    rec = running["data"][0]
    assert rec == {"id": rec["id"], "room_name": room, "start_ts": rec["start_ts"], "status": "in-progress", "max_participants": 1, "s3key": rec["s3key"], "mtgSessionId": daily.presence(room)[0]["mtgSessionId"]}
    assert daily.get(f"/recordings/{rec['id']}").json() == rec
    refused(daily.get(f"/recordings/{rec['id']}/access-link"), 400, "invalid-request-error", "not finished")
    refused(daily.delete(f"/recordings/{rec['id']}"), 400, "invalid-request-error")
    assert daily.post(f"/rooms/{room}/recordings/update", {"instanceId": instance, "layout": {"preset": "default"}}).json() == {"status": "sent"}
    refused(daily.post(f"/rooms/{room}/recordings/stop", {"instanceId": "c3df927c-f738-4471-a2b7-066fa7e95a6b"}), 400, "invalid-request-error", "no stream to stop")
    assert daily.post(f"/rooms/{room}/recordings/stop", {"instanceId": instance}).json() == {"status": "sent"}
    left(call)
    make_ready(server, rec["id"])
    done = daily.get(f"/recordings/{rec['id']}").json()
    assert done == {**rec, "status": "finished", "duration": 40}
    link = daily.get(f"/recordings/{rec['id']}/access-link", params={"valid_for_secs": 43200}).json()
    assert abs(link["expires"] - soon(43200)) < 60
    assert server.client().get(link["download_link"].replace("localhost", "127.0.0.1")).content == FILM
    refused(daily.get(f"/recordings/{rec['id']}/access-link", params={"valid_for_secs": 43201}), 400, "invalid-request-error")
    assert daily.delete(f"/recordings/{rec['id']}").json() == {"deleted": True, "id": rec["id"], "s3_bucket": "", "s3_region": "", "s3_key": rec["s3key"]}
    for reply in (daily.get(f"/recordings/{rec['id']}"), daily.delete(f"/recordings/{rec['id']}"), daily.get(f"/recordings/{rec['id']}/access-link")):
        refused(reply, 404, "not-found", f"recording {rec['id']} not found")


def test_a_token_starts_recording(server, daily):
    room = daily.room()["name"]
    call = daily.enter(room, user_name="Ann", is_owner=True, start_cloud_recording=True).joined()
    assert [r["status"] for r in daily.get("/recordings", params={"room_name": room}).json()["data"]] == ["in-progress"]
    daily.post(f"/rooms/{room}/recordings/stop", {})
    left(call)


def test_recordings_by_pages(server, admin):
    owner = server.person("Owner")
    daily, other = facade_of(server, admin, owner), facade_of(server, admin, server.person("Other"))
    room = daily.room()["name"]
    call = daily.enter(room).joined()
    for _ in range(4):
        daily.post(f"/rooms/{room}/recordings/start", {})
        daily.post(f"/rooms/{room}/recordings/stop", {})
        with server.db() as db:
            uuid = db.execute("SELECT uuid FROM recordings ORDER BY id DESC LIMIT 1").fetchone()[0]
        make_ready(server, uuid, 1)
    left(call)
    page = lambda **q: daily.get("/recordings", params=q).json()
    ids = [r["id"] for r in page()["data"]]
    assert len(ids) == 4 == page(limit=1)["total_count"]
    assert [r["id"] for r in page(limit=2, starting_after=ids[0])["data"]] == ids[1:3] and [r["id"] for r in page(limit=2, ending_before="OLDEST")["data"]] == ids[2:]
    assert page(room_name="nobody") == {"total_count": 0, "data": []} and page(room_name=room)["total_count"] == 4
    refused(daily.get("/recordings", params={"starting_after": "nobody"}), 400, "invalid-request-error")
    assert other.get("/recordings").json() == {"total_count": 0, "data": []}
    refused(other.get(f"/recordings/{ids[0]}"), 403, "forbidden-error")
    with server.db() as db:
        db.execute("UPDATE recordings SET status = 'failed' WHERE uuid = ?", (ids[0],))
    assert page()["total_count"] == 3 and daily.get(f"/recordings/{ids[0]}").json()["status"] == "canceled"
    daily.delete(f"/rooms/{room}")
    assert [r["room_name"] for r in page(room_name=room)["data"]] == [room] * 3
