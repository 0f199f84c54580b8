"""Recordings of sessions on LiveKit, made by its egress service: begun, ended, found again, lost, salvaged. The stand-in is test/fake_egress.py."""
import threading

import pytest

from fake_s3 import BUCKET, KEY, REGION, SECRET
from harness import until
from livekit_calls import act, at_livekit, come
from livekit_recordings import active, ada, age, becomes, call, elsewhere, in_call, item, livekit, of, recorder_to, start, stop  # noqa: F401


@pytest.fixture(scope="module")
def roomd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("livekit")
    out = folder / "out"
    with at_livekit(folder, EGRESS_OUTPUT_PATH=f"{out}/{{room_name}}/{{egress_id}}", EGRESS_AUDIO_CODEC="opus", EGRESS_BITRATE="128000", EGRESS_SECONDS="5") as server:
        server.out = out
        yield server


def test_from_start_to_file(roomd, livekit, ada, call):
    r = start(ada, call)
    assert r["status"] == "recording"
    [asked] = livekit.of("Egress/StartRoomCompositeEgress")
    assert asked.grants["video"] == {"roomRecord": True}
    path = f"{roomd.out}/{call['room_name']}/{r['uuid']}.mp3"
    file = asked.body["fileOutputs"][0]
    assert asked.body["roomName"] == call["room_name"] and asked.body["audioOnly"] is True and "layout" not in asked.body
    assert file["filepath"] == path and file["fileType"] == "MP3" and file["disableManifest"] is True and "s3" not in file
    assert asked.body["advanced"] == {"audioCodec": "AC_MP3", "audioBitrate": 128}
    active(livekit, r)
    stop(ada, r)
    ready = becomes(ada, r, "ready")
    [f] = ready["files"]
    assert (f["kind"], f["name"], f["content_type"], f["size_bytes"]) == ("audio", "recording.mp3", "audio/mpeg", len(livekit.egress.content))
    assert ready["duration_ms"] == int(item(livekit, r)["file_results"][0]["duration"]) // 1000000
    assert roomd.client().get(f["url"].replace("localhost", "127.0.0.1")).content == livekit.egress.content
    assert not (roomd.out / call["room_name"] / f"{r['uuid']}.mp3").exists()  # it has moved
    assert "devsecret" not in roomd.log_text()


def test_the_host_records_from_the_call(roomd, livekit, ada, call):
    token = ada.join(call)
    assert act(roomd, token, "record")["room"]["recording"] == "recording"
    assert act(roomd, token, "record", 409) == {"detail": "A recording is already running"}
    [r] = ada.get(f"/sessions/{call['id']}/recordings").json()["recordings"]
    active(livekit, r)
    assert act(roomd, token, "stop_recording")["room"]["recording"] is None
    becomes(ada, r, "ready")


def test_nobody_sends_anything(roomd, livekit, ada):
    s = ada.session()
    assert start(ada, s, 409) == {"detail": "Nobody in the call sends sound or pictures yet"}
    come(roomd, ada, s)
    assert start(ada, s, 409) == {"detail": "Nobody in the call sends sound or pictures yet"}
    assert livekit.of("Egress/Start.*") == [] and ada.get(f"/sessions/{s['id']}/recordings").json()["total"] == 0


def test_encrypted_calls_are_refused(roomd, livekit, ada):
    s = ada.session()
    come(roomd, ada, s).publish(encryption="GCM")
    assert start(ada, s, 409) == {"detail": "This call is end-to-end encrypted, and cannot be recorded"}
    assert not livekit.of("Egress/Start.*")


def test_no_recorder_is_free(roomd, livekit, ada, call):
    livekit.egress.workers = False
    assert start(ada, call, 503) == {"detail": "No recorder is free; try again in a moment"}
    livekit.redis = False
    assert start(ada, call, 503) == {"detail": "No recorder is free; try again in a moment"}
    assert len(livekit.of("Egress/Start.*")) == 2  # never asked twice
    livekit.redis = livekit.egress.workers = True
    assert start(ada, call)["status"] == "recording"


def test_a_start_whose_answer_was_lost_is_found(roomd, livekit, ada, call):
    livekit.fault("Egress/StartRoomCompositeEgress", drop="after")
    r = start(ada, call)
    assert len(livekit.of("Egress/StartRoomCompositeEgress")) == 1 and len([i for i in livekit.egress.items.values() if i["room_name"] == call["room_name"]]) == 1
    active(livekit, r)
    stop(ada, r)
    becomes(ada, r, "ready")


def test_a_start_that_takes_too_long_is_found_later(roomd, livekit, ada, call):
    """roomd has given up waiting; the recorder begins all the same, and is neither doubled nor forgotten."""
    hold = threading.Event()
    livekit.fault("Egress/StartRoomCompositeEgress", hold=hold)
    r = start(ada, call)
    assert r["status"] == "recording" and not [i for i in livekit.egress.items.values() if i["room_name"] == call["room_name"]]
    hold.set()
    until(lambda: [i for i in livekit.egress.items.values() if i["room_name"] == call["room_name"]], "it begins late")
    active(livekit, r)
    stop(ada, r)
    becomes(ada, r, "ready")
    assert len(livekit.of("Egress/StartRoomCompositeEgress")) == 1


def test_without_webhooks(roomd, livekit, ada, call):
    livekit.mute_hooks = True
    r = start(ada, call)
    active(livekit, r)
    stop(ada, r)
    becomes(ada, r, "ready", 30)


def test_it_fails(roomd, livekit, ada, call):
    livekit.egress.fails_with = ("S3 upload failed: SignatureDoesNotMatch", 400)
    r = start(ada, call)
    active(livekit, r)
    stop(ada, r)
    assert becomes(ada, r, "failed")["error"] == "S3 upload failed: SignatureDoesNotMatch"
    assert start(ada, call)["status"] == "recording"  # the next one is not locked out


def test_the_limit_of_the_recorder(roomd, livekit, ada, call):
    r = start(ada, call)
    livekit.egress.reach_limit(active(livekit, r))
    assert becomes(ada, r, "ready")["files"][0]["size_bytes"] == len(livekit.egress.content)


def test_stopping_what_has_ended(roomd, livekit, ada, call):
    r = start(ada, call)
    egress = active(livekit, r)
    livekit.mute_hooks = True
    livekit.egress.end(egress)
    status = ada.patch(f"/recordings/{r['id']}", {"action": "stop"}).status_code  # 412 from LiveKit, where roomd has not asked meanwhile
    assert status == 200 or status == 409 and of(ada, r)["status"] in ("processing", "ready")
    becomes(ada, r, "ready", 30)


def test_the_end_of_the_session_ends_the_recording(roomd, livekit, ada, call):
    r = start(ada, call)
    active(livekit, r)
    ada.patch(f"/sessions/{call['id']}", {"status": "ended"})
    until(lambda: call["room_name"] not in livekit.rooms, "the room is closed")
    becomes(ada, r, "ready")


def test_pause_is_refused(ada, livekit, call):
    r = start(ada, call)
    reply = ada.patch(f"/recordings/{r['id']}", {"action": "pause"})
    assert (reply.status_code, reply.json()) == (409, {"detail": "The provider of this session cannot do that"})


# ---- a recorder that is gone

def test_a_recorder_that_was_killed_is_noticed_and_its_file_saved(roomd, livekit, ada, call):
    r = start(ada, call)
    egress = active(livekit, r)
    livekit.egress.content = b"half of it"
    livekit.egress.die(egress)
    age(livekit, egress, 60)
    ready = becomes(ada, r, "ready", 30)
    assert ready["files"][0]["size_bytes"] == len(b"half of it")
    assert livekit.egress.items[egress]["status"] in ("EGRESS_ACTIVE", "EGRESS_ENDING")  # it would say so for ever


def test_a_recorder_that_was_killed_without_a_file(roomd, livekit, ada, call):
    r = start(ada, call)
    egress = active(livekit, r)
    livekit.egress.go(egress)
    age(livekit, egress, 60)
    assert becomes(ada, r, "failed", 30)["error"] == "the recorder went away in the middle of it"
    assert start(ada, call)["status"] == "recording"


def test_a_recorder_that_never_begins(roomd, livekit, ada, call):
    livekit.egress.stuck = True
    r = start(ada, call)
    age(livekit, item(livekit, r)["egress_id"], 300)
    assert becomes(ada, r, "failed", 30)["error"] == "the recorder never began"


def test_a_server_that_forgot_it(roomd, livekit, ada, call):
    livekit.mute_hooks = True
    r = start(ada, call)
    active(livekit, r)
    livekit.egress.forget()
    with roomd.db() as db:  # ten minutes later
        db.execute("UPDATE recordings SET started_at = started_at - 600000 WHERE id = ?", [r["id"]])
    assert becomes(ada, r, "failed", 30)["error"] == "LiveKit knows nothing of it any more"


# ---- what webhooks say comes in any order

def test_statuses_only_go_forward(roomd, livekit, ada, call):
    livekit.hold_hooks = True
    r = start(ada, call)
    egress = active(livekit, r)
    livekit.egress.end(egress)
    livekit.hold_hooks = False
    told = [b for e, b in livekit.held if e.startswith("egress_") and egress.encode() in b]
    assert len(told) >= 3
    for body in [told[-1], *told, told[-1], told[0]]:
        assert livekit.deliver(body) == 200
    becomes(ada, r, "ready")
    for body in told:
        livekit.deliver(body)
    with roomd.db() as db:
        until(lambda: not db.execute("SELECT 1 FROM inbox WHERE state = 'received'").fetchone(), "all is looked at")
    assert of(ada, r)["status"] == "ready"
    names = [e["event_type"] for e in ada.get(f"/sessions/{call['id']}/events?limit=1000").json()["events"]]
    assert names.count("recording.ready") == 1 and names.count("recording.stopped") == 1


def test_automatic_recording(roomd, livekit, ada):
    s = ada.session(enable_recording=True)
    come(roomd, ada, s).publish()
    r = until(lambda: ada.get(f"/sessions/{s['id']}/recordings").json()["recordings"], "it begins by itself", 30)[0]
    active(livekit, r)
    ada.patch(f"/sessions/{s['id']}", {"status": "ended"})
    becomes(ada, r, "ready")


# ---- other settings

@pytest.mark.parametrize("form, asked, kind", [("mp4", {"audioOnly": None, "layout": "grid", "fileType": "MP4"}, "video"), ("ogg", {"audioOnly": True, "layout": None, "fileType": "OGG"}, "opus")])
def test_formats_and_another_place(elsewhere, tmp_path, form, asked, kind):
    """The recorder's disk is seen elsewhere here."""
    there = tmp_path / "recorder"
    (tmp_path / "here").symlink_to(there)
    server = elsewhere(RECORDING_FORMAT=form, EGRESS_OUTPUT_PATH=f"{there}/", EGRESS_LOCAL_PATH=str(tmp_path / "here"))
    ada = server.person("Ada")
    s = in_call(server, ada, "CAMERA")
    r = start(ada, s)
    body = server.livekit.of("Egress/StartRoomCompositeEgress")[0].body
    assert {"audioOnly": body.get("audioOnly"), "layout": body.get("layout"), "fileType": body["fileOutputs"][0]["fileType"]} == asked
    assert body["fileOutputs"][0]["filepath"] == f"{there}/{r['uuid']}.{form}"
    active(server.livekit, r)
    stop(ada, r)
    assert becomes(ada, r, "ready")["files"][0]["kind"] == kind


@pytest.fixture
def bucket(elsewhere, s3, request):
    """Recordings go to a bucket, and from there to roomd."""
    server = elsewhere(**getattr(request, "param", {}), **recorder_to(s3))
    server.livekit.egress.store = server.store = s3
    return server


def recorded(server):
    ada = server.person("Ada")
    s = in_call(server, ada)
    r = start(ada, s)
    active(server.livekit, r)
    stop(ada, r)
    return ada, s, r


def test_from_a_bucket(bucket):
    bucket.livekit.egress.content = bytes(range(256)) * 4 * 10240  # 10 MiB: more than one piece
    bucket.store.fail(lambda method, query: method == "GET", 503, times=1)
    ada, s, r = recorded(bucket)
    shown = bucket.livekit.of("Egress/StartRoomCompositeEgress")[0].body["fileOutputs"][0]
    assert shown["s3"] == {"accessKey": KEY, "secret": SECRET, "region": REGION, "endpoint": bucket.store.url, "bucket": BUCKET, "forcePathStyle": True}
    assert shown["filepath"] == f"recordings/{s['room_name']}/{r['uuid']}.mp3"
    ready = becomes(ada, r, "ready", 60)
    assert bucket.client().get(ready["files"][0]["url"].replace("localhost", "127.0.0.1")).content == bucket.livekit.egress.content
    assert SECRET not in bucket.log_text() and "X-Amz-Signature" not in bucket.log_text()


@pytest.mark.parametrize("bucket", [{"EGRESS_OUTPUT_PATH": "/out/{room_name}/{egress_id}"}], indirect=True)
def test_from_a_bucket_below_an_absolute_path(bucket):
    """Keys begin with no slash; a store takes "/out/…" for another key than "out/…"."""
    ada, s, r = recorded(bucket)
    assert bucket.livekit.of("Egress/StartRoomCompositeEgress")[0].body["fileOutputs"][0]["filepath"] == f"out/{s['room_name']}/{r['uuid']}.mp3"
    ready = becomes(ada, r, "ready", 60)
    assert bucket.client().get(ready["files"][0]["url"].replace("localhost", "127.0.0.1")).content == bucket.livekit.egress.content
    assert list(bucket.store.objects) == [f"out/{s['room_name']}/{r['uuid']}.mp3"]


def test_a_bucket_that_lost_it(bucket):
    bucket.livekit.egress.store = None
    ada, _, r = recorded(bucket)
    assert becomes(ada, r, "failed", 60)["error"].startswith(f'bucket "{BUCKET}" answered 404 for the recording: is it the bucket that the recorder writes to (EGRESS_S3_BUCKET')


@pytest.mark.parametrize("status, said", [(400, "are EGRESS_S3_ENDPOINT and EGRESS_S3_REGION right?"), (403, "may EGRESS_S3_ACCESS_KEY read it")])
def test_a_bucket_that_refuses(bucket, status, said):
    """Told at once: asking again would not help."""
    bucket.store.fail(lambda method, query: method == "GET", status, times=1)
    ada, _, r = recorded(bucket)
    assert said in becomes(ada, r, "failed", 60)["error"]


@pytest.mark.parametrize("env, said", [({"EGRESS_S3_BUCKET": "b"}, "EGRESS_S3_ACCESS_KEY and EGRESS_S3_SECRET must be"), ({"EGRESS_OUTPUT_PATH": "/rec/{time}"}, "knows {room_name} and {egress_id}"),
                                       ({"EGRESS_S3_BUCKET": "b", "EGRESS_S3_ACCESS_KEY": "k", "EGRESS_S3_SECRET": "s", "EGRESS_S3_ENDPOINT": "minio"}, "EGRESS_S3_ENDPOINT must begin with")])
def test_settings_that_cannot_work_stop_the_start(server, tmp_path, env, said):
    all_of_it = {"PROVIDER": "livekit", "LIVEKIT_SERVER_URL": "ws://127.0.0.1:1", "LIVEKIT_API_KEY": "k", "LIVEKIT_API_SECRET": "s", **env}
    done = server.tool("serve", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "data"), data=False, env=all_of_it)
    assert done.returncode != 0 and said in done.stderr
