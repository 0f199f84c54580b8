"""Sessions whose media is with LiveKit: rooms made at the door, tokens by role, the host's controls. The stand-in is test/fake_livekit.py."""
import time

import pytest

from harness import until
from livekit_calls import act, at_livekit, claims, door


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with at_livekit(tmp_path_factory.mktemp("livekit")) as server:
        yield server


@pytest.fixture
def livekit(shared):
    shared.livekit.forget()
    return shared.livekit


@pytest.fixture
def ada(shared, livekit):
    return shared.person("Ada Lovelace")


@pytest.fixture
def grace(shared):
    return shared.person("Grace Hopper")


# ---- rooms

def test_a_session_asks_livekit_for_nothing_until_somebody_stands_at_the_door(shared, livekit, ada):
    s = ada.session(max_participants=7)
    assert s["provider"] == "livekit" and s["daily_room_url"] == f"{shared.url}/room/{s['room_name']}".replace("127.0.0.1", "localhost")
    token = ada.join(s)
    assert [c for c in livekit.calls if "List" not in c.method] == []  # who is where is asked now and then
    reply = door(shared, token)
    [made] = livekit.of("RoomService/CreateRoom")
    body = made.body
    assert body["name"] == s["room_name"] and body["maxParticipants"] == 7 and body["emptyTimeout"] == body["departureTimeout"] and 14000 < body["emptyTimeout"] <= 14400
    assert made.grants["video"] == {"roomCreate": True}
    assert reply["outcome"] == "in" and reply["provider"] == "livekit" and reply["server_url"] == "wss://media.example.org" and reply["role"] == "teacher"
    assert livekit.join(reply["access_token"])


def test_the_link_says_who_carries_the_call(shared, ada):
    s = ada.session()
    look = shared.client().post("/api/v1/sessions/lookup", json={"token": ada.join(s)}).json()
    assert look["provider"] == "livekit"


def test_tokens_by_role(shared, livekit, ada, grace):
    s = ada.session(enable_screenshare=False)
    watcher = shared.person("Wes")
    ada.post(f"/sessions/{s['id']}/participants", {"user_id": watcher.id, "role": "viewer"})
    host, student, viewer = (claims(door(shared, p.join(s))["access_token"]) for p in (ada, grace, watcher))
    room = {"roomJoin": True, "room": s["room_name"], "canSubscribe": True}
    assert host["video"] == {**room, "canPublish": True, "canPublishData": True, "canUpdateOwnMetadata": True}
    assert student["video"] == {**room, "canPublish": True, "canPublishData": True, "canPublishSources": ["camera", "microphone"]}
    assert viewer["video"] == {**room, "canPublish": False, "canPublishData": False}
    now = time.time()
    for c in (host, student, viewer):
        assert c["iss"] == livekit.key and now - 60 < c["nbf"] <= now and now + 200 < c["exp"] <= now + 301
    assert host["name"] == "Ada Lovelace" and host["attributes"] == {"roomd.identity": f"user-{ada.id}", "roomd.role": "host"}
    assert len({c["sub"] for c in (host, student, viewer)}) == 3 and all(c["sub"].startswith("seat-") and len(c["sub"].split("-", 4)[4]) == 16 for c in (host, student, viewer))


def test_a_room_that_went_is_made_again(shared, livekit, ada):
    s = ada.session()
    token = ada.join(s)
    assert livekit.join(door(shared, token)["access_token"])
    livekit.crash()
    assert not livekit.join(door(shared, token)["access_token"]) is False
    assert s["room_name"] in livekit.rooms


@pytest.mark.parametrize("status, body", [(500, {"code": "internal", "msg": "SECRET of LiveKit"}), (401, "invalid token: eyJ.SECRET.x, error: token is expired"), (404, {"code": "bad_route", "msg": "x"}),
                                          (503, {"code": "unavailable", "msg": "x"}), (200, "no JSON")])
def test_what_livekit_refuses_changes_nothing(shared, livekit, ada, status, body):
    s = ada.session()
    livekit.fault("RoomService/CreateRoom", status, body=body, times=9)
    reply = door(shared, ada.join(s), 502)
    assert reply == {"detail": "Failed to create room"}
    assert "SECRET.x" not in shared.log_text()
    livekit.forget()
    assert door(shared, ada.join(s))["outcome"] == "in"


def test_a_lost_answer_is_asked_for_again(shared, livekit, ada):
    s = ada.session()
    livekit.fault("RoomService/CreateRoom", drop="after")
    assert door(shared, ada.join(s))["outcome"] == "in"
    assert len(livekit.of("RoomService/CreateRoom")) == 2


def test_the_end_closes_the_room(shared, livekit, ada):
    s = ada.session()
    door(shared, ada.join(s))
    act(shared, ada.join(s), "end")
    until(lambda: s["room_name"] not in livekit.rooms, "the room is closed at LiveKit")
    assert ada.get(f"/sessions/{s['id']}").json()["status"] == "ended"
    assert livekit.of("RoomService/DeleteRoom")[0].grants["video"] == {"roomCreate": True}


# ---- the door

def test_waiting_room(shared, livekit, ada, grace):
    s = ada.session(waiting_room=True)
    host, student = ada.join(s), grace.join(s)
    waiting = door(shared, student)
    assert waiting["outcome"] == "wait" and waiting["access_token"] is None and waiting["server_url"] is None and not livekit.of("RoomService/CreateRoom")
    look = shared.client().post("/api/v1/call/look", json={"token": host}).json()
    assert [(k["name"], k["participant_id"]) for k in look["knocking"]] == [("Grace Hopper", waiting["participant_id"])]
    assert shared.client().post("/api/v1/call/look", json={"token": student}).json()["knocking"] == []
    assert act(shared, host, "deny", participant_id=waiting["participant_id"])["knocking"] == []
    assert door(shared, student)["outcome"] == "denied"
    assert door(shared, student)["outcome"] == "wait"
    assert act(shared, host, "admit", participant_id=waiting["participant_id"])["knocking"] == []
    assert livekit.join(door(shared, student)["access_token"])


def test_consent_is_asked_at_the_door(shared, livekit, ada, grace):
    s = ada.session(enable_recording=True)
    asked = door(shared, grace.join(s))
    assert asked["outcome"] == "consent" and asked["records"] and asked["access_token"] is None
    assert door(shared, grace.join(s), consent=True)["outcome"] == "in"
    assert door(shared, grace.join(s))["outcome"] == "in"


def test_a_lock_keeps_new_people_out(shared, ada, grace):
    s = ada.session()
    token = grace.join(s)
    act(shared, ada.join(s), "lock")
    assert door(shared, token, 403) == {"detail": "This session is locked"}
    assert act(shared, ada.join(s), "unlock")["room"]["locked"] is False
    assert door(shared, token)["outcome"] == "in"


def test_chat_is_kept(shared, ada, grace):
    s = ada.session()
    said = act(shared, grace.join(s), "say", text="hello")
    assert [(c["name"], c["text"]) for c in said["chat"]] == [("Grace Hopper", "hello")]
    assert door(shared, ada.join(s))["chat"] == said["chat"]
    assert act(shared, grace.join(s), "say", 400) == {"detail": "The message was not understood"}


@pytest.mark.parametrize("action", ["mute", "remove", "admit", "deny", "lock", "unlock", "allow_screen", "deny_screen", "record", "stop_recording", "end"])
def test_what_only_hosts_may(shared, ada, grace, action):
    s = ada.session()
    me = door(shared, grace.join(s))["participant_id"]
    assert act(shared, grace.join(s), action, 403, participant_id=me) == {"detail": "You may not do that in this session"}


# ---- the host's controls

def in_call(shared, livekit, person, s):
    reply = door(shared, person.join(s))
    return reply, livekit.join(reply["access_token"])


def test_mute(shared, livekit, ada, grace):
    s = ada.session()
    host = ada.join(s)
    me, at = in_call(shared, livekit, grace, s)
    mic, camera = at.publish("MICROPHONE"), at.publish("CAMERA")
    livekit.forget()
    act(shared, host, "mute", participant_id=me["participant_id"])
    assert mic["muted"] and not camera["muted"]
    act(shared, host, "mute", participant_id=me["participant_id"], kind="camera")
    assert camera["muted"]
    assert len(livekit.of("RoomService/MutePublishedTrack")) == 2
    assert all(c.grants["video"] == {"roomAdmin": True, "room": s["room_name"]} for c in livekit.of("RoomService/MutePublishedTrack"))
    at.leave()
    assert act(shared, host, "mute", participant_id=me["participant_id"])["outcome"] == "in"  # nobody there: nothing to mute
    livekit.fault("RoomService/ListParticipants", 500, times=9)
    assert act(shared, host, "mute", 502, participant_id=me["participant_id"]) == {"detail": "The provider of the media could not do that"}


def test_screen_sharing_is_taken_and_given(shared, livekit, ada, grace):
    s = ada.session()
    me, at = in_call(shared, livekit, grace, s)
    assert at.allowed("SCREEN_SHARE")
    act(shared, ada.join(s), "deny_screen", participant_id=me["participant_id"])
    assert at.allowed("CAMERA") and at.allowed("MICROPHONE") and not at.allowed("SCREEN_SHARE")
    assert at.info["permission"]["can_subscribe"] and at.info["permission"]["can_publish_data"]
    act(shared, ada.join(s), "allow_screen", participant_id=me["participant_id"])
    assert at.allowed("SCREEN_SHARE")


def test_removed_is_out(shared, livekit, ada, grace):
    s = ada.session()
    token = grace.join(s)
    me, at = in_call(shared, livekit, grace, s)
    kicked = ada.post(f"/sessions/{s['id']}/participants/{me['participant_id']}/kick")
    assert kicked.status_code == 200
    until(lambda: at.gone, "they are out at LiveKit")
    assert at.info["disconnect_reason"] == "PARTICIPANT_REMOVED"
    assert door(shared, token, 403) == {"detail": "You were removed from this session"}


# ---- tokens of the rooms API

def test_room_tokens_are_livekits(shared, livekit, ada, grace):
    room = ada.post("/rooms", {"name": "Consultation"}).json()
    made = ada.post(f"/rooms/{room['id']}/token", {"role": "viewer", "identity": "patient-17", "name": "Pat", "ttl": 7200, "max_uses": 2}).json()
    assert made["server_url"] == "wss://media.example.org" and made["livekit_room_name"] == room["livekit_room_name"]
    c = claims(made["token"])
    assert c["video"]["canPublish"] is False and c["name"] == "Pat" and c["attributes"]["roomd.identity"] == "patient-17" and abs(c["exp"] - time.time() - 7200) < 5
    assert c["sub"].split("-")[3] == str(made["id"])
    assert livekit.join(made["token"])
    page = door(shared, made["join_url"].split("?t=")[1])
    assert page["outcome"] == "in" and page["role"] == "viewer" and page["identity"] == c["sub"]
    assert "token" not in ada.get(f"/rooms/{room['id']}/tokens/{made['id']}").json()
    ada.post(f"/rooms/{room['id']}/tokens/{made['id']}/revoke")
    assert door(shared, made["join_url"].split("?t=")[1], 401) == {"detail": "This join link is not valid any more"}


# ---- settings

@pytest.mark.parametrize("env, said", [({"PROVIDER": "livekit"}, "PROVIDER=livekit needs LIVEKIT_SERVER_URL"),
                                       ({"PROVIDER": "livekit", "LIVEKIT_SERVER_URL": "example.org", "LIVEKIT_API_KEY": "k", "LIVEKIT_API_SECRET": "s"}, "LIVEKIT_SERVER_URL must be"),
                                       ({"LIVEKIT_SERVER_URL": "ws://a", "LIVEKIT_PUBLIC_URL": "ftp://x", "LIVEKIT_API_KEY": "k", "LIVEKIT_API_SECRET": "s"}, "LIVEKIT_PUBLIC_URL must")])
def test_settings_that_cannot_work_stop_the_start(server, tmp_path, env, said):
    done = server.tool("serve", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "data"), data=False, env=env)
    assert done.returncode != 0 and said in done.stderr


def test_no_secret_is_told(shared, livekit):
    assert livekit.secret not in shared.log_text() and livekit.key + ":" not in shared.log_text()
