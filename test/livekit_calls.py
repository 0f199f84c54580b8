"""What tests of sessions on LiveKit share."""
import json
from contextlib import contextmanager

from fake_livekit import FakeLiveKit
from harness import DEADLINE, Server, until
from livekit_wire import unb64url


def settings(fake, **more):
    return {"PROVIDER": "livekit", "LIVEKIT_SERVER_URL": fake.url, "LIVEKIT_API_KEY": fake.key, "LIVEKIT_API_SECRET": fake.secret, "PROVIDER_TIMEOUT_SECONDS": "4",
            "LIVEKIT_PUBLIC_URL": "wss://media.example.org/", "RECONCILE_SECONDS": "1", **more}


@contextmanager
def at_livekit(folder, pace=0.01, **more):
    """A roomd (`server.livekit`: its LiveKit, which tells it what happens), for all tests of a file that break neither."""
    fake = FakeLiveKit(pace=pace)
    server = Server(folder, settings(fake, **more)).start()
    fake.hook_url = server.url + "/webhooks/livekit/"
    server.livekit = fake
    yield server
    assert server.stop() == 0
    fake.close()


def door(server, token, status=200, **more):
    reply = server.client().post("/api/v1/call/door", json={"token": token, **more})
    assert reply.status_code == status, reply.text
    return reply.json()


def act(server, token, action, status=200, **more):
    reply = server.client().post("/api/v1/call/act", json={"token": token, "action": action, **more})
    assert reply.status_code == status, reply.text
    return reply.json()


def claims(token):
    return json.loads(unb64url(token.split(".")[1]))


def come(server, person, session):
    """Through the door and into the room."""
    reply = door(server, person.join(session), consent=True)
    assert reply["outcome"] == "in"
    return server.livekit.join(reply["access_token"])


def people(host, session):
    reply = host.get(f"/sessions/{session['id']}/attendance")
    assert reply.status_code == 200, reply.text
    return {p["name"]: p["spans"] for p in reply.json()["people"] if p["spans"]}


def inside(host, session):
    return {name for name, spans in people(host, session).items() if any(s["left_at"] is None for s in spans)}


def wait_inside(host, session, names, deadline=DEADLINE):
    until(lambda: inside(host, session) == set(names), f"in the call: {names}", deadline)
