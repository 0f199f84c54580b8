"""The call's WebSocket where LiveKit carries the media: grants after the door, and the host's word is law at LiveKit too. LiveKit is test/fake_livekit.py."""
import pytest

from harness import DEADLINE, until
from livekit_calls import at_livekit
from test_call import VIDEO as SDP


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with at_livekit(tmp_path_factory.mktemp("livekit"), LIVEKIT_PUBLIC_URL="", RECONCILE_SECONDS="15", RECONNECT_SECONDS="4") as server:
        server.livekit.hook_url = None
        yield server


@pytest.fixture
def livekit(house):
    house.livekit.forget()
    return house.livekit


@pytest.fixture
def ada(house, livekit):
    return house.person("Ada")


@pytest.fixture
def ben(house):
    return house.person("Ben")


def enter(house, person, session, **more):
    """In, with the grant that followed, and at LiveKit."""
    call = house.call(person.join(session), **more)
    call.joined = call.expect("joined")
    call.connection = call.joined["connection"]
    call.grant = call.expect("grant")
    call.there = house.livekit.join(call.grant["access_token"])
    return call


def names(livekit, session):
    return sorted(p.identity.split("-")[1] for p in livekit.people.get(session["room_name"], []))


def test_the_grant_comes_after_the_door(house, livekit, ada):
    session = ada.session()
    call = enter(house, ada, session)
    assert call.joined["provider"] == "livekit" and call.joined["media"] is False
    assert call.grant["server_url"] == livekit.url.replace("http", "ws")
    assert call.there.identity.startswith(f"seat-{call.joined['you']['participant_id']}-")
    call.send("publish", sdp=SDP, tracks=[{"mid": "0", "kind": "camera"}])
    call.refused("media_unavailable", "publish")


def test_nobody_who_waits_is_granted_anything(house, livekit, ada, ben):
    session = ada.session(waiting_room=True)
    host = enter(house, ada, session)
    guest = house.call(ben.join(session))
    guest.expect("waiting")
    before = len(livekit.calls)
    host.send("admit", connection=host.expect("knock")["person"]["connection"])
    guest.expect("joined")
    assert guest.expect("grant") and len(livekit.calls) > before


def test_a_recorded_call_asks_for_consent_first(house, livekit, ada, ben):
    session = ada.session()
    enter(house, ada, session)
    assert ada.patch(f"/sessions/{session['id']}", {"enable_recording": True}).status_code == 200
    guest = house.call(ben.join(session))
    guest.expect("consent_needed")
    assert not [m for m in guest.pending if m["t"] == "grant"]


def test_what_the_page_sends_is_in_the_roster(house, livekit, ada, ben):
    session = ada.session()
    host, student = enter(house, ada, session), enter(house, ben, session)
    student.send("tracks", tracks=[{"kind": "mic", "muted": False}, {"kind": "camera", "muted": True}])
    host.peer("Ben", tracks=[{"kind": "mic", "muted": False}, {"kind": "camera", "muted": True}])
    student.send("tracks", tracks=[{"kind": "mic", "muted": False}] * 4)
    student.refused("bad_message", "tracks")


def test_tracks_are_for_calls_at_livekit_only(server, teacher):
    call = server.call(teacher.join(teacher.session()))
    call.expect("joined", provider="janus")
    call.send("tracks", tracks=[])
    call.refused("bad_message", "tracks")


def test_the_hosts_mute_holds_at_livekit(house, livekit, ada, ben):
    session = ada.session()
    host, student = enter(house, ada, session), enter(house, ben, session)
    track = student.there.publish("MICROPHONE")
    student.send("tracks", tracks=[{"kind": "mic", "muted": False}])
    host.peer("Ben", tracks=[{"kind": "mic", "muted": False}])
    host.send("mute_peer", connection=student.connection, kind="mic")
    assert student.expect("muted")["kind"] == "mic"
    host.peer("Ben", tracks=[{"kind": "mic", "muted": True}])
    until(lambda: track["muted"], "the track is muted at LiveKit")


def test_a_mute_that_livekit_refuses_is_told_to_the_host(house, livekit, ada, ben):
    session = ada.session()
    host, student = enter(house, ada, session), enter(house, ben, session)
    livekit.fault("RoomService/ListParticipants", 500, body={"code": "internal", "msg": "SECRET"}, times=9)
    host.send("mute_peer", connection=student.connection, kind="mic")
    told = host.expect("error", about="mute_peer")
    assert told["code"] == "provider_act" and "SECRET" not in told["message"]
    livekit.forget()


def test_a_forbidden_screen_is_forbidden_at_livekit(house, livekit, ada, ben):
    session = ada.session()
    host, student = enter(house, ada, session), enter(house, ben, session)
    assert student.there.allowed("SCREEN_SHARE")
    host.send("allow", participant_id=student.joined["you"]["participant_id"], screenshare=False)
    until(lambda: not student.there.allowed("SCREEN_SHARE"), "LiveKit does not take a screen of Ben's")
    assert student.there.allowed("MICROPHONE")


@pytest.mark.parametrize("how", ["removed", "left", "lost"])
def test_who_goes_here_is_put_out_there(house, livekit, ada, ben, how):
    session = ada.session()
    host, student = enter(house, ada, session), enter(house, ben, session)
    seat = str(student.joined["you"]["participant_id"])
    assert seat in names(livekit, session)
    if how == "removed":
        host.send("remove", participant_id=int(seat))
        student.expect("over", reason="removed")
    elif how == "left":
        student.send("leave")
    else:
        student.lose()
    until(lambda: seat not in names(livekit, session), "Ben is out at LiveKit")
    assert len(names(livekit, session)) == 1


def test_who_comes_back_keeps_the_media(house, livekit, ada, ben):
    session = ada.session()
    host, student = enter(house, ada, session), enter(house, ben, session)
    student.lose()
    host.peer("Ben", away=True)
    again = house.call(student.token, connection=student.connection, media=True)
    assert again.expect("joined")["media"] is True
    again.send("media_restart")
    again.expect("grant")
    assert not [m for m in again.pending if m["t"] == "grant"], "only the one that was asked for"
    assert len(names(livekit, session)) == 2


def test_the_end_closes_the_room(house, livekit, ada):
    session = ada.session()
    host = enter(house, ada, session)
    host.send("end")
    host.expect("over", reason="ended")
    until(lambda: session["room_name"] not in livekit.rooms, "the room is closed at LiveKit")


def test_livekit_is_away_and_comes_back(house, livekit, ada):
    session = ada.session()
    livekit.fault("RoomService/CreateRoom", 503, body={"code": "unavailable", "msg": "x"}, times=99)
    call = house.call(ada.join(session))
    call.expect("joined")
    call.expect("media_lost")
    livekit.forget()
    call.send("media_restart")
    assert livekit.join(call.expect("grant")["access_token"])


def test_who_is_in_without_our_page_is_in_the_roster(house, livekit, ada, ben):
    """A telephone, and an app with LiveKit's own client."""
    session = ada.session()
    livekit.hook_url = house.url + "/webhooks/livekit"
    host = enter(house, ada, session)
    phone = livekit.sip(session["room_name"])
    shown = host.peer("Phone +15550199", outside=True)
    assert shown["connection"] == phone.sid and shown["role"] == "student"
    page = enter(house, ben, session)
    assert sorted((p["name"], p["outside"]) for p in page.joined["people"]) == [("Ada", False), ("Ben", False), ("Phone +15550199", True)]
    track = phone.publish("MICROPHONE")
    host.send("mute_peer", connection=phone.sid, kind="mic")
    until(lambda: track["muted"], "the telephone is muted at LiveKit")
    host.send("remove", participant_id=shown["participant_id"])
    host.expect("peer_left", connection=phone.sid, reason="removed")
    until(lambda: phone.gone, "the telephone is out at LiveKit")
    assert len(ada.get(f"/sessions/{session['id']}/attendance").json()["people"]) == 3


def test_old_session_of_this_box_is_opened_again(start_roomd):
    """Its media engine does not run any more: there is talk, and no media, and whoever records it changes nothing about that."""
    server = start_roomd()
    ada = server.person("Ada")
    session = ada.session()
    ada.patch(f"/sessions/{session['id']}", {"status": "ended"})
    server.process.terminate()
    assert server.process.wait(DEADLINE) == 0
    server.env.update({"PROVIDER": "livekit", "LIVEKIT_SERVER_URL": "ws://127.0.0.1:9", "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "s" * 32})
    server.start()
    assert ada.patch(f"/sessions/{session['id']}", {"status": "active"}).status_code == 200
    call = server.call(ada.join(session))
    call.expect("joined")
    call.expect("media_lost")
    for action, shown in (("start", "recording"), ("stop", None)):
        call.send("record", action=action)
        until(lambda: call.expect("room")["room"]["recording"] == shown, f"{action} is told")
    call.leave()
    until(lambda: ada.get(f"/sessions/{session['id']}/recordings").json()["recordings"][0]["status"] == "failed", "nothing came of it")
