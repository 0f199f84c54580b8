"""Endpoints for webhooks: made, changed, listed, tested, by administrators."""
import base64
import json

import pytest
from standardwebhooks import Webhook

from receiver import Receiver

ENDPOINTS = "/webhooks/endpoints"
DEAD = "http://127.0.0.1:9/hook"


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


def make(admin, **fields):
    reply = admin.post(ENDPOINTS, json={"url": DEAD, "event_types": ["service_session.*"], **fields})
    assert reply.status_code == 201, reply.text
    return reply.json()


def refusal(reply):
    return reply.status_code, reply.json()["detail"]


def test_an_endpoint_has_a_life(admin):
    made = make(admin, description="shop", event_types=["session.ended", "recording.*"])
    assert made["secret"].startswith("whsec_") and len(base64.b64decode(made["secret"][6:])) == 32
    assert (made["state"], made["shape"], made["retry"], made["failed_count"], made["last_attempt_at"]) == ("active", "standard", "patient", 0, None)
    path = f"{ENDPOINTS}/{made['id']}"
    shown = admin.get(path).json()
    assert shown == {k: v for k, v in made.items() if k != "secret"}
    page = admin.get(ENDPOINTS, params={"limit": 1000}).json()
    assert shown in page["endpoints"] and page["total"] == len(page["endpoints"])
    changed = admin.patch(path, json={"url": DEAD + "2", "description": None, "event_types": None, "retry": "exponential"}).json()
    assert (changed["url"], changed["description"], changed["event_types"], changed["retry"]) == (DEAD + "2", None, None, "exponential")
    for state in ["paused", "disabled"]:
        stopped = admin.patch(path, json={"state": state}).json()
        assert (stopped["state"], stopped["reason"]) == (state, "by hand")
    back = admin.patch(path, json={"state": "active", "skip_missed": True}).json()
    assert (back["state"], back["reason"]) == ("active", None)
    assert admin.delete(path).status_code == 204
    assert refusal(admin.get(path)) == (404, "Webhook endpoint not found")


def test_a_secret_of_ones_own_and_another_one(admin):
    own = "whsec_" + base64.b64encode(b"x" * 24).decode()
    made = make(admin, secret=own)
    assert made["secret"] == own
    path = f"{ENDPOINTS}/{made['id']}/secret"
    rotated = admin.post(path, json={}).json()
    assert rotated["secret"] not in (own, None) and rotated["secret"].startswith("whsec_")
    assert admin.post(path, json={"secret": own, "old_hours": 0}).json()["secret"] == own
    for wrong in ["x", "whsec_", "whsec_!!!", "whsec_" + base64.b64encode(b"short").decode(), base64.b64encode(b"x" * 24).decode()]:
        assert refusal(admin.post(path, json={"secret": wrong})) == (400, "The secret must be whsec_ and the base64 of 24 to 64 bytes"), wrong


@pytest.mark.parametrize("url", ["ftp://example.org/", "example.org", "http://", "http://a:b@example.org/", "http://exa mple.org"])
def test_a_url_that_is_none(admin, url):
    assert refusal(admin.post(ENDPOINTS, json={"url": url})) == (400, "The URL must be an absolute http or https URL without user and password")
    made = make(admin)
    assert admin.patch(f"{ENDPOINTS}/{made['id']}", json={"url": url}).status_code == 400


def test_types_and_sessions_are_looked_at(admin, teacher):
    for wrong in ["session.over", "nonsense.*", "", "a b"]:
        code, text = refusal(admin.post(ENDPOINTS, json={"url": DEAD, "event_types": ["session.ended", wrong]}))
        assert code == 400 and text.startswith("Unknown event type"), wrong
    assert refusal(admin.post(ENDPOINTS, json={"url": DEAD, "session_id": 1 << 40})) == (404, "Session not found")
    s = teacher.session()
    assert make(admin, session_id=s["id"])["session_id"] == s["id"]


def test_only_for_administrators(admin, teacher, anybody):
    made = make(admin)
    path = f"{ENDPOINTS}/{made['id']}"
    asked = [("POST", ENDPOINTS, {"url": DEAD}), ("GET", ENDPOINTS, None), ("GET", path, None), ("PATCH", path, {}), ("DELETE", path, None), ("POST", path + "/secret", {}), ("POST", path + "/test", None),
             ("GET", path + "/deliveries", None), ("GET", path + "/deliveries/1", None), ("POST", path + "/deliveries/1/replay", None), ("POST", path + "/replay", {})]
    for method, where, body in asked:
        how = {} if body is None else {"json": body}
        assert teacher.request(method, where, **how).status_code == 403, (method, where)
        assert anybody.request(method, "/api/v1" + where, **how).status_code == 401, (method, where)


def test_a_test_says_what_came_of_it(admin, receiver):
    made = make(admin, url=receiver.url + "/hook?a=b")
    path = f"{ENDPOINTS}/{made['id']}"
    told = admin.post(path + "/test").json()
    assert (told["delivered"], told["status"], told["answer"], told["error"]) == (True, 200, "ok", None)
    [message] = receiver.wait(1)
    assert message["path"] == "/hook?a=b" and message["headers"]["content-type"] == "application/json"
    assert Webhook(made["secret"]).verify(message["body"], message["headers"])["type"] == "webhook.test"
    receiver.answer = lambda m: (503, {}, b"\xff\0 no")
    told = admin.post(path + "/test").json()
    assert (told["delivered"], told["status"], told["answer"], told["error"]) == (False, 503, "?? no", "HTTP 503")
    admin.patch(path, json={"state": "paused", "url": DEAD})
    told = admin.post(path + "/test").json()
    assert (told["delivered"], told["status"]) == (False, None) and told["error"].startswith('"127.0.0.1:9": ')
    page = admin.get(path + "/deliveries").json()
    assert page["total"] == 3 and [d["state"] for d in page["deliveries"]] == ["failed", "failed", "delivered"]
    first = page["deliveries"][-1]
    whole = admin.get(f"{path}/deliveries/{first['id']}").json()
    assert whole["body"].encode() == message["body"] and whole["message_id"] == message["headers"]["webhook-id"] and whole["failed_attempts"] == []
    assert admin.get(path + "/deliveries", params={"state": "delivered"}).json()["deliveries"] == [first]
    assert refusal(admin.post(f"{path}/deliveries/{first['id']}/replay")) == (409, "A test is not replayed; send another")
    assert refusal(admin.get(f"{path}/deliveries/{1 << 40}")) == (404, "Delivery not found")


def test_both_secrets_sign_for_a_while(admin, receiver):
    made = make(admin, url=receiver.url)
    path = f"{ENDPOINTS}/{made['id']}"
    rotated = admin.post(path + "/secret", json={}).json()
    admin.post(path + "/test")
    for secret in [made["secret"], rotated["secret"]]:
        assert Webhook(secret).verify(receiver.messages[0]["body"], receiver.messages[0]["headers"])
    last = admin.post(path + "/secret", json={"old_hours": 0}).json()
    admin.post(path + "/test")
    assert len(receiver.messages[1]["headers"]["webhook-signature"].split()) == 1
    assert Webhook(last["secret"]).verify(receiver.messages[1]["body"], receiver.messages[1]["headers"])


def test_a_private_address_is_refused_on_a_public_server(start_roomd):
    """Behind a proxy it counts as one."""
    public = start_roomd(env={"TRUST_PROXY": "on"})
    admin = public.admin()
    for url in [DEAD, "http://localhost/", "http://[::1]/", "http://0x7f.1/", "https://169.254.169.254/latest/meta-data"]:
        assert refusal(admin.post(ENDPOINTS, json={"url": url})) == (400, "The URL leads to a private address; the administrator can allow it with OUTBOUND_ALLOW"), url


def test_allowed_networks_are(start_roomd, receiver):
    house = start_roomd(env={"TRUST_PROXY": "on", "OUTBOUND_ALLOW": "127.0.0.0/8"})
    admin = house.admin()
    made = make(admin, url=receiver.url)
    assert admin.post(f"{ENDPOINTS}/{made['id']}/test").json()["delivered"]
    assert admin.post(ENDPOINTS, json={"url": "http://10.0.0.1/"}).status_code == 400


def test_a_network_that_is_none_stops_the_start(server):
    done = server.tool("migrate", env={"OUTBOUND_ALLOW": "10.0.0.0/99"})
    assert done.returncode == 1 and 'OUTBOUND_ALLOW: "10.0.0.0/99" is no network such as 10.0.0.0/8' in done.stderr


def test_the_database_keeps_no_secret(admin, server):
    made = make(admin)
    with server.db() as db:
        [row] = list(db.execute(f"SELECT secret FROM webhook_endpoints WHERE id = {made['id']}"))
    assert made["secret"][6:] not in row[0] and made["secret"] not in server.log_text()


def test_replay_of_what_was_never_sent(admin, teacher, receiver):
    s = teacher.session()
    made = make(admin, url=receiver.url, session_id=s["id"], event_types=None)
    admin.patch(f"{ENDPOINTS}/{made['id']}", json={"state": "paused"})
    asked = admin.post(f"{ENDPOINTS}/{made['id']}/replay", json={})
    assert asked.status_code == 200, asked.text
    log = lambda **state: admin.get(f"{ENDPOINTS}/{made['id']}/deliveries", params=state).json()
    waiting = log(state="waiting")  # but for one that was on its way when it was paused
    assert asked.json() == {"count": log()["total"], "last_event": None} and waiting["total"] >= 2
    again = admin.post(f"{ENDPOINTS}/{made['id']}/deliveries/{waiting['deliveries'][0]['id']}/replay")
    assert again.json()["state"] == "waiting"
    assert admin.post(f"{ENDPOINTS}/{made['id']}/replay", json={"only_failed": True}).json() == {"count": 0, "last_event": None}
    assert admin.post(f"{ENDPOINTS}/{made['id']}/replay", json={"until": "2001-01-01T00:00:00Z"}).json() == {"count": 0, "last_event": None}
