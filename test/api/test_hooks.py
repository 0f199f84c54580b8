"""What providers tell: signed, kept before the answer, once, and looked at afterwards."""
import base64
import hashlib
import hmac
import json
import time
import uuid

import pytest

from harness import DEADLINE, jwt, until

SECRET = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
LIVEKIT = {"LIVEKIT_API_KEY": "devkey", "LIVEKIT_API_SECRET": "a-livekit-secret-of-32-characters"}
V1, ALWAYS = "/api/v1/webhooks/daily", "/sessions/webhook/daily"
OK, RECEIVED = (200, {"status": "ok"}), (200, {"received": True})
FORGED = (401, {"detail": "Invalid signature"})


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    from harness import Server
    server = Server(tmp_path_factory.mktemp("hooks"), {"DAILY_WEBHOOK_SECRET": SECRET, **LIVEKIT}).start()
    yield server
    assert server.stop() == 0


def signature(body, timestamp, secret=SECRET):
    return base64.b64encode(hmac.new(base64.b64decode(secret), f"{timestamp}.".encode() + body, hashlib.sha256).digest()).decode()


def send(server, path, event, signed=True, at=None, **headers):
    body = event if isinstance(event, bytes) else json.dumps(event, separators=(",", ":")).encode()
    stamp = str(at or int(time.time()))
    proof = {"X-Webhook-Timestamp": stamp, "X-Webhook-Signature": signature(body, stamp)} if signed else {}
    reply = server.client().post(path, content=body, headers={"Content-Type": "application/json", **proof, **headers})
    return reply.status_code, reply.json()


def rows(server, **wanted):
    names = ["id", "provider", "event_type", "room_name", "state", "proof", "body", "encoded", "attempts", "error", "processed_at"]
    with server.db() as db:
        found = [dict(zip(names, row)) for row in db.execute(f"SELECT {', '.join(names)} FROM inbox ORDER BY id")]
    return [row for row in found if all(row[k] == v for k, v in wanted.items())]


def settled(server, **wanted):
    return until(lambda: [r for r in rows(server, **wanted) if r["processed_at"]], f"an event {wanted} was looked at")


def event(kind, room, **payload):
    return {"version": "1.0.0", "type": kind, "id": f"ev-{uuid.uuid4()}", "payload": {"room": room, **payload}, "event_ts": 1708526033.049}


def room_of(person, **fields):
    s = person.session(**fields)
    return s, s["room_name"]


@pytest.mark.parametrize("path, answer", [(V1, OK), (ALWAYS, RECEIVED)])
def test_a_signed_event_is_kept_once_and_noted(house, path, answer):
    ada = house.person("Ada")
    s, room = room_of(ada)
    told = event("meeting.started", room, meeting_id="m")
    assert [send(house, path, told), send(house, path, told), send(house, path, told, at=int(time.time() * 1000))] == [answer] * 3
    [row] = settled(house, room_name=room)
    assert (row["provider"], row["event_type"], row["state"], row["attempts"], row["error"]) == ("daily", "meeting.started", "waiting", 1, None)
    assert json.loads(row["body"]) == told and row["proof"]
    [noted] = [e for e in ada.get(f"/sessions/{s['id']}/events").json()["events"] if e["event_type"] == "provider.event"]
    assert noted["event_data"] == {"name": "meeting.started", "text": "daily"}


def test_the_bytes_are_there_before_the_answer(house):
    told = event("transcript.started", "nowhere")
    assert send(house, V1, told) == OK
    assert json.loads(rows(house, room_name="nowhere")[0]["body"]) == told  # no waiting
    [row] = settled(house, room_name="nowhere")
    assert (row["state"], row["error"]) == ("processed", "no session has this room")


@pytest.mark.parametrize("flat", [True, False])
def test_a_signed_end_of_the_room_ends_the_session(house, flat):
    ada = house.person("Ada")
    s, room = room_of(ada)
    ada.patch(f"/sessions/{s['id']}", {"status": "active"})
    told = {"type": "room.exp", "room": room} if flat else event("room.exp", room)
    assert send(house, ALWAYS, told) == RECEIVED
    until(lambda: ada.get(f"/sessions/{s['id']}").json()["status"] == "ended", "the session is over")
    ended = next(e for e in ada.get(f"/sessions/{s['id']}/events").json()["events"] if e["event_type"] == "session.ended")
    assert ended["event_data"]["reason"] == "expired"
    assert send(house, ALWAYS, told) == RECEIVED
    until(lambda: len(rows(house, room_name=room)) == 1, "what came twice is there once")


@pytest.mark.parametrize("how", [{"signed": False}, {"at": 1}, {"at": int(time.time()) - 400}, {"X-Webhook-Signature": "AAAA"}, {"X-Webhook-Timestamp": "soon"}])
def test_what_is_not_signed_is_never_believed(house, how):
    ada = house.person("Ada")
    s, room = room_of(ada)
    assert send(house, V1, event("room.exp", room), **how) == FORGED and not rows(house, room_name=room)
    told = event("room.exp", room)
    assert send(house, ALWAYS, told, **how) == RECEIVED
    [row] = rows(house, room_name=room)
    assert (row["state"], row["processed_at"]) == ("unverified", None)
    assert send(house, ALWAYS, told) == RECEIVED  # the true one is not taken for a repetition
    until(lambda: ada.get(f"/sessions/{s['id']}").json()["status"] == "ended", "the signed one counts")
    log = [e["event_type"] for e in ada.get(f"/sessions/{s['id']}/events").json()["events"]]
    assert log.count("provider.event") == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b'"x"', b"x" * (1 << 21)])
def test_seed_s2_says_200_to_everything(house, body):
    for signed in (True, False):
        assert send(house, ALWAYS, body, signed=signed) == RECEIVED
    assert send(house, ALWAYS, body, signed=False, **{"Content-Type": "text/plain"}) == RECEIVED
    kept = [r for r in rows(house, provider="daily") if r["body"] == body.decode("latin-1") or (r["encoded"] and base64.urlsafe_b64decode(r["body"] + "==") == body)]
    assert [r["state"] != "unverified" for r in kept] == ([] if len(body) > 1 << 20 else [True, False])


def test_v1_tells_what_is_wrong(house):
    assert send(house, V1, b"{") == (400, {"detail": "Invalid JSON"}) == send(house, V1, b"[]")
    assert send(house, V1, b"{", signed=False) == FORGED
    assert send(house, V1, b"x" * (1 << 21))[0] == 413
    assert house.client().get(V1).status_code == 405


def test_the_probe_of_a_new_webhook(house):
    before = len(rows(house))
    for path, answer in ((V1, OK), (ALWAYS, RECEIVED)):
        for signed in (True, False):
            assert send(house, path, {"test": "test"}, signed=signed) == answer
    assert len(rows(house)) == before


def test_who_comes_and_goes_is_told_twice_with_different_ids(house):
    _, room = room_of(house.person("Ada"))
    stay = str(uuid.uuid4())
    for _ in range(2):
        assert send(house, V1, event("participant.joined", room, session_id=stay)) == OK
    assert send(house, V1, event("participant.left", room, session_id=stay)) == OK
    until(lambda: [r["event_type"] for r in rows(house, room_name=room)] == ["participant.joined", "participant.left"], "each is there once")


def test_without_a_secret_nothing_is_believed(server):
    ada = server.person("Ada")
    s, room = room_of(ada)
    for path, answer in ((V1, OK), (ALWAYS, RECEIVED)):
        assert send(server, path, event("room.exp", room)) == answer
    body = json.dumps({"event": "room_finished", "room": {"name": room}, "id": "EV_1"}).encode()
    assert server.client().post("/webhooks/livekit/", content=body, headers={"Authorization": livekit_token(body)}).status_code == 200
    assert {r["state"] for r in rows(server, room_name=room)} == {"unverified"} and ada.get(f"/sessions/{s['id']}").json()["status"] == "scheduled"


def test_unsigned_ones_do_not_fill_the_disk(start_roomd):
    server = start_roomd({"DAILY_WEBHOOK_SECRET": SECRET, "RATE_LIMITS": "on"})
    for n in range(70):
        assert send(server, ALWAYS, {"type": "x", "n": n}, signed=False) == RECEIVED
    assert len(rows(server)) <= 60
    assert send(server, ALWAYS, {"type": "x", "text": "x" * 70000}, signed=False) == RECEIVED
    assert max(len(r["body"]) for r in rows(server)) < 100
    with server.db() as db:
        many = ", ".join(f"('daily', '{n}', 'unverified', '{{}}', 0, 0, 99999999999999)" for n in range(2000))
        db.execute(f"INSERT INTO inbox (provider, dedupe, state, body, encoded, attempts, received_at) VALUES {many}")
        db.execute("INSERT INTO inbox (provider, dedupe, state, body, encoded, attempts, received_at) VALUES ('daily', 'old', 'processed', '{}', 0, 0, 1)")
        db.execute("UPDATE inbox SET received_at = 1 WHERE id = (SELECT min(id) FROM inbox)")
    assert send(server, V1, event("x", "y")) == OK
    until(lambda: len(rows(server, state="unverified")) <= 1000, "only the newest are kept")


# ---- LiveKit

def livekit_token(body, **claims):
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return jwt(LIVEKIT["LIVEKIT_API_SECRET"], {"iss": "devkey", "nbf": int(time.time()), "exp": int(time.time()) + 300, "sha256": digest, **claims})


def tell(server, path, told, token=None):
    body = json.dumps(told).encode()
    reply = server.client().post(path, content=body, headers={"Content-Type": "application/webhook+json", "Authorization": token or livekit_token(body)})
    return reply.status_code, reply.json()


@pytest.mark.parametrize("path", ["/webhooks/livekit", "/webhooks/livekit/", "/rooms/webhooks/livekit", "/rooms/webhooks/livekit/"])
def test_livekit(house, path):
    ada = house.person("Ada")
    s, room = room_of(ada)
    told = {"event": "participant_joined", "room": {"name": room, "sid": "RM_1"}, "participant": {"identity": "user-1"}, "id": f"EV_{uuid.uuid4()}", "createdAt": "1"}
    assert [tell(house, path, told), tell(house, path, told)] == [OK, OK]
    [row] = settled(house, room_name=room)
    assert (row["provider"], row["event_type"], row["state"]) == ("livekit", "participant_joined", "waiting")
    assert tell(house, path, {"event": "brand_new", "id": f"EV_{uuid.uuid4()}"}) == OK
    body = json.dumps(told).encode()
    for token in ("", "x", "Bearer x", livekit_token(b"another body"), livekit_token(body, iss="other"), livekit_token(body, exp=1), livekit_token(body, nbf=int(time.time()) + 600),
                  jwt("wrong secret", {"iss": "devkey", "exp": 9999999999}), jwt(LIVEKIT["LIVEKIT_API_SECRET"], {"iss": "devkey", "exp": 9999999999, "video": {"roomJoin": True}})):
        assert tell(house, path, told, token or "none") == FORGED
    assert tell(house, path, told, "Bearer " + livekit_token(body)) == OK
    assert tell(house, path, []) == (400, {"detail": "Invalid JSON"})


def test_a_crash_loses_nothing(start_roomd):
    """kill -9 right after the answer: what was answered is looked at by the next one."""
    import signal
    server = start_roomd({"DAILY_WEBHOOK_SECRET": SECRET})
    ada = server.person("Ada")
    rooms = [room_of(ada) for _ in range(20)]
    for s, room in rooms:
        assert send(server, ALWAYS, {"type": "room.exp", "room": room}) == RECEIVED
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(DEADLINE)
    server.start()
    ada = type(ada)(server, {"id": ada.id, "email": ada.email, "full_name": "Ada"}, ada.token)
    until(lambda: all(ada.get(f"/sessions/{s['id']}").json()["status"] == "ended" for s, _ in rooms), "all are over")
    assert all(len([e for e in ada.get(f"/sessions/{s['id']}/events").json()["events"] if e["event_type"] == "session.ended"]) == 1 for s, _ in rooms)
