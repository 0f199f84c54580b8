"""Apps written for Daily, on roomd by another base URL and key: their clients make rooms and tokens, real browsers hold the call on Janus."""
import json
import os
import pathlib
import subprocess
import sys
import time
import uuid

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "test" / "api"))
import daily_published  # noqa: E402
import parts  # noqa: E402
from conftest import need  # noqa: E402
from facade import facade_of  # noqa: E402
from harness import Server  # noqa: E402
from playing import cast_of  # noqa: E402
from receiver import Receiver  # noqa: E402
from stage import SLOW, Recording, heard, seconds, until  # noqa: E402

PYTHON = pathlib.Path(os.environ.get("INTEROP_DIR", ROOT / ".interop")) / "venv" / "bin" / "python"
SECRET = "NQrSA5z0FkJ44QPrFerW7uCc5kdNLv3l2FDEKDanL1U="


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """roomd whose sessions are on its own Janus."""
    need("daily-clients", "chromium")
    server = Server(tmp_path_factory.mktemp("facade")).start()
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="module")
def daily(own):
    return facade_of(own, own.admin())


@pytest.fixture
def client(own, daily):
    def call(who, word, **given):
        folder = os.environ.get("INTEROP_SEED_CLIENT", "")
        done = subprocess.run([PYTHON, HERE / "daily_clients.py", who, own.url + "/v1", daily.key, word], input=json.dumps(given), capture_output=True, text=True, timeout=60,
                              env={"PATH": os.environ["PATH"], "PYTHONPATH": folder, "HOME": str(own.folder)})
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.strip().splitlines()[-1])
    return call


async def come(actor, own, url, token, by_hand=False):
    """By the room's own address, as Daily's clients give it out, to the prejoin page and in."""
    await actor.open(f"{url.replace('localhost', '127.0.0.1')}?t={token}")
    await actor.see("title")
    await actor.page.goto(actor.page.url.replace("localhost", "127.0.0.1") + "&raw=1&auto=1")
    await actor.joined(SLOW)
    return actor


async def test_pipecat_makes_a_recorded_call(stage, own, daily, client, tmp_path):
    cast = cast_of(stage, own)
    receiver = Receiver()
    hook = daily.post("/webhooks", {"url": receiver.url + "/hook", "hmac": SECRET}).json()
    name = f"pipecat-{uuid.uuid4().hex[:8]}"
    made = client("pipecat", "make", name=name, record=True)
    assert made["url"].endswith("/" + name)
    ada, ben = cast("Ada", colour="red"), cast("Ben", colour="lime")
    await come(ada, own, made["url"], made["host"])
    await come(ben, own, made["url"], made["guest"])
    await ada.meets(ben)
    await ben.meets(ada)
    here = {p["userId"]: p["userName"] for p in daily.presence(name)}
    assert here == {"teacher-1": "Ada", "student-7": "Ben"}
    (running,) = daily.get("/recordings", params={"room_name": name}).json()["data"]
    assert running["status"] == "in-progress"
    await until(lambda: enough(ada), bool, SLOW, "three seconds of it")
    assert daily.post(f"/rooms/{name}/recordings/stop", {}).json() == {"status": "sent"}
    done = await until(lambda: finished(daily, running["id"]), bool, 60, "the film is made")
    link = daily.get(f"/recordings/{done['id']}/access-link").json()["download_link"]
    (tmp_path / "film.mp4").write_bytes(own.client().get(link.replace("localhost", "127.0.0.1")).content)
    film = Recording(str(tmp_path / "film.mp4"))
    assert abs(seconds(film) - done["duration"]) <= 2 and heard(film, ada.tone, seconds(film) - 1)
    assert client("pipecat", "gone", url=made["url"]) == {"deleted": True, "then": f"Room not found: {name}"}
    await ada.over("ended")
    receiver.wait(8, "events of the call", deadline=30, where=lambda m: name.encode() in m["body"])
    told = [json.loads(m["body"]) for m in receiver.messages if name.encode() in m["body"]]
    assert [daily_published.event(e) for e in told] == [[]] * len(told), "each has the shape that Daily publishes"
    ready = next(e["payload"] for e in told if e["type"] == "recording.ready-to-download")
    assert (ready["recording_id"], ready["duration"], ready["room_name"], ready["s3_key"]) == (done["id"], done["duration"], name, done["s3key"])
    assert all(e["payload"]["user_id"] in ("teacher-1", "student-7") for e in told if e["type"].startswith("participant."))
    types = sorted(e["type"] for e in told)
    assert types == sorted(["meeting.started", "participant.joined", "participant.joined", "recording.started", "recording.ready-to-download", "participant.left", "participant.left", "meeting.ended"])
    assert ada.errors == ben.errors == []
    daily.delete(f"/webhooks/{hook['uuid']}")
    receiver.http.shutdown()


async def enough(actor):
    stats = await actor.stats()
    return any(kinds.get("camera", {}).get("framesDecoded", 0) > 60 for kinds in stats.values())


async def finished(daily, uuid_):
    row = daily.get(f"/recordings/{uuid_}").json()
    assert row["status"] != "canceled", row
    return row if row["status"] == "finished" else None


async def test_achatbot_makes_a_call(stage, own, daily, client):
    cast = cast_of(stage, own)
    made = client("achatbot", "make", name=f"achatbot-{uuid.uuid4().hex[:8]}")
    ada, ben = cast("Ada", colour="red"), cast("Ben", colour="lime")
    await come(ada, own, made["url"], made["host"])
    await come(ben, own, made["url"], made["guest"])
    await ada.meets(ben)
    room, instance = made["url"].rsplit("/", 1)[1], str(uuid.uuid4())
    assert daily.post(f"/rooms/{room}/recordings/start", {"type": "cloud", "instanceId": instance}).json() == {"status": "sent"}
    (running,) = daily.get("/recordings", params={"room_name": room}).json()["data"]
    assert running["status"] == "in-progress" and running["max_participants"] == 2
    assert daily.post(f"/rooms/{room}/recordings/stop", {"instanceId": instance}).json() == {"status": "sent"}
    assert ada.errors == ben.errors == []


async def test_the_seeds_own_client_sees_a_call(stage, own, daily, client, tmp_path):
    """Everything of the seed's README that needs a call, with its own code and models."""
    if not os.environ.get("INTEROP_SEED_CLIENT"):
        pytest.skip("INTEROP_SEED_CLIENT names no folder with the seed's package")
    cast, receiver, name, instance = cast_of(stage, own), Receiver(), f"seed-{uuid.uuid4().hex[:8]}", str(uuid.uuid4())
    hook = client("seed", "hook", url=receiver.url + "/v1/daily/webhook", hmac=SECRET)
    assert hook["state"] == "ACTIVE" and hook["failedCount"] == 0
    room = client("seed", "make", name=name)
    ada = cast("Ada", colour="red")
    await come(ada, own, room["url"], client("seed", "token", room_name=name, user_id="user_123", is_owner=True)["token"])
    presence = client("seed", "presence", room=name)
    assert presence["total_count"] == 1 and presence["data"][0]["userId"] == "user_123"
    meeting = client("seed", "meeting", id=daily.presence(name)[0]["mtgSessionId"])
    assert meeting["ongoing"] and meeting["room"] == name
    assert client("seed", "people", id=meeting["id"])["data"][0]["participant_id"] == presence["data"][0]["id"]
    (running,) = client("seed", "record", room=name, instance=instance)
    await until(lambda: some_of(daily, running["id"]), bool, SLOW, "some seconds of it")
    daily.post(f"/rooms/{name}/recordings/stop", {"instanceId": instance})
    await until(lambda: finished(daily, running["id"]), bool, 60, "the film is made")
    done = client("seed", "recording", id=running["id"])
    assert done["status"] == "finished" and done["duration"] >= 1 and done["mtgSessionId"] == meeting["id"] and client("seed", "recordings", room=name) == [done]
    await ada.act("e.leave()")
    receiver.wait(4, "events", deadline=30, where=lambda m: name.encode() in m["body"])
    messages = [{"body": m["body"].decode(), "signature": m["headers"]["x-webhook-signature"], "timestamp": m["headers"]["x-webhook-timestamp"]} for m in receiver.messages if name.encode() in m["body"]]
    read = client("seed", "events", messages=messages, hmac=SECRET, room=name)
    assert sorted((r["type"], r["model"]) for r in read) == [
        ("participant.joined", "ParticipantJoinedPayload"), ("participant.left", "ParticipantLeftPayload"),
        ("recording.ready-to-download", "RecordingReadyToDownloadPayload"), ("recording.started", "RecordingStartedPayload")]
    joined, left, ready, started = (r["payload"] for r in sorted(read, key=lambda r: r["type"]))
    assert joined.items() <= left.items() and joined["user_id"] == "user_123" and joined["session_id"] == presence["data"][0]["id"] and joined["room_name"] == name
    assert left["duration"] >= 4 and all(abs(r["sent"] - time.time()) < 120 for r in read)
    assert started["recording_id"] == ready["recording_id"] == done["id"] and started["start_ts"] == ready["start_ts"] == done["start_ts"]
    assert ready["type"] == "cloud" and ready["status"] == "finished" and ready["duration"] == done["duration"] and ready["s3_key"] == done["s3key"] and ready["tracks"] is None
    assert client("seed", "unhook", uuid=hook["uuid"]) == []
    receiver.http.shutdown()


async def some_of(daily, uuid_):
    row = daily.get(f"/recordings/{uuid_}").json()
    return time.time() - row["start_ts"] > 4
