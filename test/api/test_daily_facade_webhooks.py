"""/v1/webhooks: the question at creation, Daily's envelope and signature, what comes of a call, circuit breaker and exponential."""
import base64
import hashlib
import hmac
import json
import re

import pytest

import daily_published
from facade import facade_of, refused
from harness import until
from receiver import Receiver
from test_daily_facade_calls import left, make_ready

SECRET = "NQrSA5z0FkJ44QPrFerW7uCc5kdNLv3l2FDEKDanL1U="
SEED = ["participant.joined", "participant.left", "recording.started", "recording.ready-to-download", "recording.error"]


def verify_webhook_signature(body, signature, timestamp, secret):
    """As the seed has it."""
    expected = base64.b64encode(hmac.new(base64.b64decode(secret), timestamp.encode() + b"." + body, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(expected, signature)


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.http.shutdown()


@pytest.fixture(scope="module")
def daily(server, admin):
    return facade_of(server, admin)


@pytest.fixture
def hook(daily, receiver):
    made = []

    def make(**fields):
        reply = daily.post("/webhooks", {"url": receiver.url + "/v1/daily/webhook", "hmac": SECRET, **fields})
        assert reply.status_code == 200, reply.text
        made.append(reply.json()["uuid"])
        return reply.json()

    yield make
    for uuid in made:
        daily.delete(f"/webhooks/{uuid}")


def events(receiver, count, room=None):
    """What came, each signed right."""
    mine = lambda m: b'"test"' not in m["body"][:7] and (not room or room.encode() in m["body"])
    came = receiver.wait(count, "events", where=mine)
    for message in came:
        assert verify_webhook_signature(message["body"], message["headers"]["x-webhook-signature"], message["headers"]["x-webhook-timestamp"], SECRET)
        assert message["headers"]["content-type"] == "application/json" and re.fullmatch(r"\d{13}", message["headers"]["x-webhook-timestamp"])
    told = [json.loads(m["body"]) for m in came]
    assert [daily_published.event(e) for e in told] == [[]] * len(told), "each is what Daily's own document says of it"
    return told


def test_life_of_a_webhook(daily, receiver, hook):
    made = hook(eventTypes=SEED, basicAuth="c2VjcmV0")
    assert made == {"uuid": made["uuid"], "url": receiver.url + "/v1/daily/webhook", "hmac": SECRET, "basicAuth": "c2VjcmV0", "retryType": "circuit-breaker", "eventTypes": SEED, "state": "ACTIVE",
                    "failedCount": 0, "domainId": daily.get("/").json()["domain_id"], "createdAt": made["createdAt"], "updatedAt": made["updatedAt"]}
    probe = receiver.messages[0]
    assert probe["body"] == b'{"test":"test"}' and probe["headers"]["authorization"] == "Basic c2VjcmV0"
    assert verify_webhook_signature(probe["body"], probe["headers"]["x-webhook-signature"], probe["headers"]["x-webhook-timestamp"], SECRET)
    its_own = lambda told: {name: value for name, value in told.items() if name != "lastMomentPushed"}  # rooms of other tests may be over just now
    assert its_own(daily.get(f"/webhooks/{made['uuid']}").json()) == made and made in map(its_own, daily.get("/webhooks").json())
    for change in (daily.post, lambda path, body: daily.request("PATCH", path, json=body)):
        reply = change(f"/webhooks/{made['uuid']}", {"eventTypes": ["meeting.ended"], "retryType": "exponential", "basicAuth": None})
        assert its_own(reply.json()) == {**made, "eventTypes": ["meeting.ended"], "retryType": "exponential", "basicAuth": None, "updatedAt": reply.json()["updatedAt"]}
    assert [m["body"] for m in receiver.messages].count(probe["body"]) == 3, "asked again at each change"
    assert daily.delete(f"/webhooks/{made['uuid']}").json() == {}
    for reply in (daily.get(f"/webhooks/{made['uuid']}"), daily.post(f"/webhooks/{made['uuid']}", {}), daily.delete(f"/webhooks/{made['uuid']}")):
        refused(reply, 404, "not-found", f"webhook {made['uuid']} not found")


def test_a_secret_is_made(daily, receiver, hook):
    made = hook(hmac=None)
    assert len(base64.b64decode(made["hmac"])) == 32 and "meeting.started" in made["eventTypes"] and made["basicAuth"] is None


def test_refusals(daily, receiver):
    receiver.answer = lambda message: {"/no": (204, {}, b""), "/away": (302, {"Location": "/"}, b"")}.get(message["path"], 200)
    make = lambda **body: daily.post("/webhooks", {"url": receiver.url, "hmac": SECRET, **body})
    refused(make(url=receiver.url + "/no"), 400, "invalid-request-error", "non-200 status code returned from webhook endpoint, recvd 204")
    refused(make(url=receiver.url + "/away"), 400, "invalid-request-error", "recvd 302")
    refused(make(url="http://127.0.0.1:9/"), 400, "invalid-request-error", "recvd undefined")
    refused(make(hmac="whsec_x"), 400, "invalid-request-error", '"hmac" must be a valid base64 string')
    refused(make(eventTypes=["participant.exploded"]), 400, "invalid-request-error", "participant.exploded")
    refused(make(url="ftp://example.org"), 400, "invalid-request-error")
    refused(daily.post("/webhooks", {}), 400, "invalid-request-error", '"url" is required')
    refused(make(event_types=[]), 400, "invalid-request-error", "unknown parameter 'event_types'")
    assert all(w["url"] != receiver.url for w in daily.get("/webhooks").json())


def test_what_comes_of_a_call(server, daily, receiver, hook):
    hook()
    room = daily.room()["name"]
    ann = daily.enter(room, user_name="Ann", user_id="teacher-1", is_owner=True, exp=4102444800, eject_at_token_exp=True).joined()
    bob = daily.enter(room, user_name="Bob").joined()
    here = daily.presence(room)
    meeting, ids = here[0]["mtgSessionId"], [p["id"] for p in here]
    left(bob), left(ann)
    came = events(receiver, 6, room)
    assert [e["type"] for e in came] == ["meeting.started", "participant.joined", "participant.joined", "participant.left", "participant.left", "meeting.ended"]
    assert all(e["version"] == "1.0.0" and isinstance(e["event_ts"], (int, float)) and set(e) == {"version", "type", "id", "payload", "event_ts"} for e in came)
    assert len({e["id"] for e in came}) == 6
    started, first, second, _, gone, ended = (e["payload"] for e in came)
    assert started == {"start_ts": started["start_ts"], "meeting_id": meeting, "room": room} and came[0]["id"].startswith(f"met-sta-{meeting}-")
    assert ended == {"start_ts": started["start_ts"], "end_ts": ended["end_ts"], "meeting_id": meeting, "room": room}
    permissions = {"hasPresence": True, "canSend": True, "canReceive": {"base": True}, "canAdmin": True}
    assert first == {"room": room, "user_id": "teacher-1", "user_name": "Ann", "session_id": ids[0], "joined_at": first["joined_at"], "will_eject_at": 4102444800, "owner": True, "permissions": permissions}
    assert second == {"room": room, "user_id": ids[1], "user_name": "Bob", "session_id": ids[1], "joined_at": second["joined_at"], "will_eject_at": None, "owner": False,
                      "permissions": {**permissions, "canAdmin": False}}
    assert gone == {**first, "duration": gone["duration"]} and 0 <= gone["duration"] < 60


def test_what_comes_of_a_recording(server, daily, receiver, hook):
    hook(eventTypes=SEED[2:])
    room, instance = daily.room()["name"], "0b5d5f2e-6c0a-4b52-9a0e-5a4f4d6c7b8a"
    call = daily.enter(room, user_name="Ann").joined()
    daily.post(f"/rooms/{room}/recordings/start", {"instanceId": instance, "layout": {"preset": "active-participant"}})
    rec = daily.get("/recordings", params={"room_name": room}).json()["data"][0]
    started = events(receiver, 1, room)[0]
    assert started["type"] == "recording.started" and started["payload"] == {
        "action": "start-cloud-recording", "recording_id": rec["id"], "layout": {"preset": "active-participant"}, "started_by": started["payload"]["started_by"], "instance_id": instance,
        "start_ts": rec["start_ts"], "room_name": room}
    daily.post(f"/rooms/{room}/recordings/stop", {})
    left(call)
    failed = events(receiver, 2, room)[1]  # nobody sent anything: there is nothing to make a film of
    assert failed["type"] == "recording.error" and failed["payload"] == {"action": "cloud-recording-error", "error_msg": failed["payload"]["error_msg"], "instance_id": instance, "room_name": room,
                                                                         "timestamp": failed["payload"]["timestamp"]}
    assert re.fullmatch(r"\d{10}", failed["payload"]["timestamp"]) and failed["payload"]["error_msg"]


def test_whose_events(server, admin, receiver):
    """An administrator's key is told of every room, another's of its own."""
    owner, other = (facade_of(server, admin, server.person(n)) for n in ("Owner", "Other"))
    hook = owner.post("/webhooks", {"url": receiver.url, "hmac": SECRET}).json()
    theirs, own = other.room()["name"], owner.room()["name"]
    left(other.enter(theirs).joined()), left(owner.enter(own).joined())
    assert {e["payload"]["room"] for e in events(receiver, 4)} == {own}
    assert other.get("/webhooks").json() == [] and other.get(f"/webhooks/{hook['uuid']}").status_code == 404
    owner.delete(f"/webhooks/{hook['uuid']}")


def test_the_circuit_breaks_and_is_mended(daily, receiver, hook):
    made = hook(eventTypes=["participant.joined"])
    state = lambda: daily.get(f"/webhooks/{made['uuid']}").json()
    receiver.answer = lambda message: 200 if message["body"] == b'{"test":"test"}' else 500
    room = daily.room()["name"]
    for _ in range(3):
        left(daily.enter(room).joined())
    broken = until(lambda: (s := state())["state"] == "FAILED" and s, "three failures in a row")
    assert broken["failedCount"] == 3 and broken["lastMomentPushed"].endswith("Z")
    left(daily.enter(room, user_name="Lost").joined())
    receiver.answer = lambda message: 200
    assert daily.post(f"/webhooks/{made['uuid']}", {}).json()["state"] == "ACTIVE" and state()["failedCount"] == 0
    left(daily.enter(room, user_name="Found").joined())
    came = receiver.wait(1, "Found", where=lambda m: b"Found" in m["body"])
    assert came and not [m for m in receiver.messages if b"Lost" in m["body"]], "what happened meanwhile is lost"


def test_exponential_never_breaks(daily, receiver, hook):
    made = hook(eventTypes=["participant.joined"], retryType="exponential")
    failing = [True]
    receiver.answer = lambda message: 500 if failing[0] and message["body"] != b'{"test":"test"}' else 200
    room = daily.room()["name"]
    for i in range(4):
        left(daily.enter(room, user_name=f"P{i}").joined())
    until(lambda: daily.get(f"/webhooks/{made['uuid']}").json()["failedCount"] >= 1, "a failure is counted")
    assert daily.get(f"/webhooks/{made['uuid']}").json()["state"] == "ACTIVE"
    failing[0] = False
    receiver.wait(1, "a second attempt", where=lambda m: b'"P0"' in m["body"], deadline=30)
    until(lambda: len([m for m in receiver.messages if b'"P0"' in m["body"]]) >= 2, "it is sent again", 30)
