"""Dial-in on LiveKit: a rule on the trunk for each room's PIN, there as long as the session is active, whatever fails on the way."""
import signal
import threading

import pytest
from fake_livekit import FakeLiveKit
from harness import DEADLINE, until

NUMBERS = '{"US": "+1-555-0100", "UK": "+44-20-7946-0000"}'


def settings(fake, **more):
    return {"PROVIDER": "livekit", "LIVEKIT_SERVER_URL": fake.url, "LIVEKIT_API_KEY": fake.key, "LIVEKIT_API_SECRET": fake.secret, "PROVIDER_TIMEOUT_SECONDS": "10",
            "LIVEKIT_SIP_ENABLED": "on", "LIVEKIT_SIP_TRUNK_ID": fake.number, "LIVEKIT_DIAL_IN_NUMBERS": NUMBERS, **more}


def new_fake():
    fake = FakeLiveKit(pace=0.01)
    fake.number = fake.trunk("+15550100", "+442079460000")
    return fake


@pytest.fixture
def livekit():
    fake = new_fake()
    yield fake
    fake.close()


@pytest.fixture
def server(start_roomd, livekit):
    server = start_roomd(env=settings(livekit))
    livekit.hook_url = server.url + "/webhooks/livekit/"
    return server


class Room:
    """Room.objects.create(…, sip_enabled=True)"""

    def __init__(self, server, fake, active=True, **fields):
        self.server, self.fake, self.host = server, fake, server.person("Ada")
        reply = self.host.post("/rooms", {"name": "Algebra", "sip_enabled": True, **fields})
        assert reply.status_code == 201, reply.text
        self.row = reply.json()
        self.at, self.name = f"/rooms/{self.row['id']}", self.row["livekit_room_name"]
        if active:
            self.set("active")

    def set(self, status):
        assert self.host.patch(self.at, {"status": status}).status_code == 200

    def pin(self):
        return self.host.get(self.at).json()["sip_pin"]

    def info(self, **query):
        return self.host.get(self.at + "/dial-in", params=query)

    def rules(self):
        return [r for r in list(self.fake.rules.values()) if r["rule"].get("dispatch_rule_direct", {}).get("room_name") == self.name]

    def has_rule(self, hurried=False):
        return until(lambda: (hurried and self.hurry()) or self.rules(), "the rule is there")[0]

    def has_none(self, hurried=False):
        until(lambda: (hurried and self.hurry()) or not self.rules(), "the rule is gone")

    def events(self):
        return [e["event_type"] for e in self.host.get(f"/sessions/{self.row['id']}/events", params={"limit": 100}).json()["events"] if e["event_type"].startswith("dial_in")]

    def hurry(self):
        """What is due later is due now; again and again, since a round that is under way puts the next one off."""
        with self.server.db() as db:
            db.execute("UPDATE jobs SET due_at = 0 WHERE kind = 'dial_in' AND status = 'waiting'")


# ---- the rule and its session

def test_dial_in_as_the_document_has_it(server, livekit):
    room = Room(server, livekit)
    told = room.info().json()
    assert told["number"] == "+1-555-0100" and told["pin"] == room.pin() and len(told["pin"]) == 6
    assert told["instructions"] == f"Call +1-555-0100 and enter the PIN {told['pin']} followed by #"
    assert room.info(country="uk").json()["number"] == "+44-20-7946-0000"
    [rule] = room.rules()  # it works when it is told
    assert rule["rule"] == {"dispatch_rule_direct": {"room_name": room.name, "pin": told["pin"]}}
    assert rule["trunk_ids"] == [livekit.number] and rule["hide_phone_number"] is True
    assert all(call.grants["sip"] == {"admin": True} for call in livekit.of("SIP/.*"))


def test_the_rule_comes_and_goes_with_the_session(server, livekit):
    room = Room(server, livekit, active=False)
    assert room.info().json()["pin"] == room.pin() and not room.rules()  # before it opens the PIN is known, and lets nobody in
    room.set("active")
    assert room.has_rule()["rule"]["dispatch_rule_direct"]["pin"] == room.pin()
    room.set("ended")
    room.has_none()
    assert room.info().status_code == 400
    room.set("active")
    room.has_rule()
    assert room.host.delete(room.at).status_code == 204
    room.has_none()


def test_events_and_switches(server, livekit):
    room = Room(server, livekit)
    room.has_rule()
    until(lambda: room.events() == ["dial_in.opened"], "it is told")
    assert room.host.patch(room.at, {"sip_enabled": False}).json()["sip_pin"] is None
    room.has_none()
    until(lambda: room.events() == ["dial_in.opened", "dial_in.closed"], "it is told")
    room.host.patch(room.at, {"sip_enabled": True})
    assert room.has_rule()["rule"]["dispatch_rule_direct"]["pin"] == room.pin()


def test_rooms_without_dial_in_ask_for_nothing(server, livekit):
    room = Room(server, livekit, sip_enabled=False)
    assert room.pin() is None and room.info().status_code == 409
    room.set("ended")
    with server.db() as db:
        assert db.execute("SELECT count(*) FROM dial_in_rules").fetchone()[0] == 0
    assert not livekit.of("SIP/Create.*")


def test_numbers_are_shown_where_that_is_wanted(start_roomd, livekit):
    room = Room(start_roomd(env=settings(livekit, LIVEKIT_SIP_HIDE_PHONE_NUMBER="off")), livekit)
    assert room.has_rule()["hide_phone_number"] is False


def test_trunks_of_a_rule_that_is_there(start_roomd, livekit):
    pattern = livekit.SIP_CreateSIPDispatchRule({"rule": {"dispatchRuleIndividual": {"roomPrefix": "call-"}}, "trunkIds": [livekit.number], "name": "all"}, None)[1]["sip_dispatch_rule_id"]
    room = Room(start_roomd(env=settings(livekit, LIVEKIT_SIP_TRUNK_ID="", LIVEKIT_SIP_DISPATCH_RULE_ID=pattern)), livekit)
    assert room.has_rule()["trunk_ids"] == [livekit.number] and pattern in livekit.rules


def test_no_trunk(start_roomd, livekit, tmp_path):
    with pytest.raises(AssertionError, match="LIVEKIT_SIP_ENABLED needs LIVEKIT_SIP_TRUNK_ID"):
        start_roomd(env=settings(livekit, LIVEKIT_SIP_TRUNK_ID=""))


# ---- PINs

def test_a_pin_of_somebody_else_on_the_trunk(server, livekit):
    room = Room(server, livekit, active=False)
    before = room.pin()
    other = livekit.SIP_CreateSIPDispatchRule({"rule": {"dispatchRuleDirect": {"roomName": "elsewhere", "pin": before}}, "trunkIds": [livekit.number], "name": "other"}, None)[1]
    room.set("active")
    told = room.info().json()
    assert told["pin"] == room.pin() != before
    assert [r["rule"]["dispatch_rule_direct"]["pin"] for r in room.rules()] == [told["pin"]]
    assert livekit.rules[other["sip_dispatch_rule_id"]]["rule"]["dispatch_rule_direct"] == {"room_name": "elsewhere", "pin": before}
    assert "dial_in.renumbered" in room.events()


def test_pins_are_unlike(server, livekit):
    rooms = [Room(server, livekit) for _ in range(8)]
    pins = [room.has_rule()["rule"]["dispatch_rule_direct"]["pin"] for room in rooms]
    assert len(set(pins)) == 8 and all(pin.isdigit() and len(pin) == 6 for pin in pins)


# ---- faults of the SIP service

def test_lost_and_made_again(server, livekit):
    room = Room(server, livekit)
    first = room.has_rule()
    until(lambda: room.events() == ["dial_in.opened"], "it is told")
    livekit.rules.clear()  # its Redis was emptied
    again = room.has_rule(hurried=True)
    assert again["sip_dispatch_rule_id"] != first["sip_dispatch_rule_id"] and again["rule"] == first["rule"]
    assert "dial_in.lost" in server.log_text()


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_reply_that_is_lost(server, livekit, drop):
    """Made or not: in the end there is one rule, and the PIN is still the room's."""
    room = Room(server, livekit, active=False)
    pin = room.pin()
    fault = livekit.fault("SIP/CreateSIPDispatchRule", drop=drop)
    room.set("active")
    fault.met.wait(DEADLINE)
    until(lambda: "dial_in.again" in server.log_text(), "it has failed")
    until(lambda: room.hurry() or "dial_in.opened" in room.events(), "it is known")
    assert [r["rule"]["dispatch_rule_direct"]["pin"] for r in room.rules()] == [pin] and room.pin() == pin


def test_removal_outlasts_the_service_being_away(server, livekit):
    room = Room(server, livekit)
    room.has_rule()
    until(lambda: room.events() == ["dial_in.opened"], "it is known")
    fault = livekit.fault("SIP/DeleteSIPDispatchRule", 503, times=100)
    room.set("ended")
    fault.met.wait(DEADLINE)
    until(lambda: "dial_in.again" in server.log_text(), "it has failed")
    assert room.rules()
    fault.left = 0
    room.has_none(hurried=True)


def test_removal_outlasts_roomd_being_down(start_roomd, livekit):
    server = start_roomd(env=settings(livekit))
    room = Room(server, livekit)
    room.has_rule()
    until(lambda: room.events() == ["dial_in.opened"], "it is known")
    hold = livekit.fault("SIP/DeleteSIPDispatchRule", hold=threading.Event(), drop="before")
    room.set("ended")
    assert hold.met.wait(DEADLINE)
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    hold.hold.set()
    assert room.rules()
    server.start()
    room.has_none()


def test_dial_in_while_the_service_is_away(server, livekit):
    room = Room(server, livekit, active=False)
    livekit.fault("SIP/.*", 500, body={"code": "internal", "msg": "twirp error unknown: sip not connected (redis required)"}, times=100)
    room.set("active")
    reply = room.info()
    assert (reply.status_code, reply.json()) == (502, {"detail": "Failed to open dial-in"})
    assert "redis required" in server.log_text() and room.pin() not in server.log_text()
    livekit.faults.clear()
    assert room.info().json()["pin"] == room.rules()[0]["rule"]["dispatch_rule_direct"]["pin"]


def test_switched_off_for_all(start_roomd, livekit):
    server = start_roomd(env=settings(livekit))
    room = Room(server, livekit)
    room.has_rule()
    until(lambda: room.events() == ["dial_in.opened"], "it is known")
    assert server.stop(signal.SIGTERM) == 0
    server.env["LIVEKIT_SIP_ENABLED"] = "off"
    server.start()
    room.has_none()
