"""What tests of recordings on LiveKit share. The fixtures are for files whose `roomd` is a server as livekit_calls.at_livekit gives it."""
from contextlib import closing

import pytest

from fake_livekit import FakeLiveKit
from fake_s3 import BUCKET, KEY, REGION, SECRET
from harness import until
from livekit_calls import come, settings


@pytest.fixture
def livekit(roomd):
    fake = roomd.livekit
    yield fake
    fake.forget()
    fake.mute_hooks, fake.redis = False, True
    e = fake.egress
    e.workers, e.active_after, e.fails_with, e.limit, e.stuck, e.content = True, 0.0, None, False, False, b"recorded sound"


@pytest.fixture
def ada(roomd):
    return roomd.person("Ada")


@pytest.fixture
def call(roomd, livekit, ada):
    return in_call(roomd, ada)


@pytest.fixture
def elsewhere(start_roomd):
    """elsewhere(SETTING=…): another server, with a LiveKit of its own."""
    with closing(FakeLiveKit(pace=0.01)) as fake:
        def begin(**env):
            server = start_roomd(settings(fake, **env))
            fake.hook_url, server.livekit = server.url + "/webhooks/livekit/", fake
            return server
        yield begin


def in_call(server, host, source="MICROPHONE"):
    """A session with its host in (`host`), who sends one track (`track`)."""
    s = host.session()
    s["host"] = come(server, host, s)
    s["track"] = s["host"].publish(source)
    return s


def recorder_to(store):
    """Settings: the recorder writes to this bucket, and roomd reads there."""
    return {"EGRESS_S3_BUCKET": BUCKET, "EGRESS_S3_ENDPOINT": store.url, "EGRESS_S3_REGION": REGION, "EGRESS_S3_ACCESS_KEY": KEY, "EGRESS_S3_SECRET": SECRET}


def start(host, s, status=201):
    reply = host.post(f"/sessions/{s['id']}/recordings")
    assert reply.status_code == status, reply.text
    return reply.json()


def stop(host, recording):
    reply = host.patch(f"/recordings/{recording['id']}", {"action": "stop"})
    assert reply.status_code == 200, reply.text


def of(host, recording):
    return host.get(f"/recordings/{recording['id']}").json()


def becomes(host, recording, status, deadline=20):
    try:
        return until(lambda: (r := of(host, recording))["status"] == status and r, f"recording is {status}", deadline)
    except AssertionError as late:
        raise AssertionError(f"{late}, but {of(host, recording)}") from None


def item(livekit, recording):
    """The egress of the whole call."""
    whole = [i for i in list(livekit.egress.items.values()) if "room_composite" in i]
    return next(i for i in whole if recording["uuid"] in i["room_composite"]["file_outputs"][0]["filepath"])


def active(livekit, recording):
    until(lambda: item(livekit, recording)["status"] == "EGRESS_ACTIVE", "the recorder is in")
    return item(livekit, recording)["egress_id"]


def age(livekit, egress, seconds):
    for name in ("updated_at", "started_at"):
        livekit.egress.items[egress][name] = str(int(livekit.egress.items[egress][name]) - seconds * 10**9)
