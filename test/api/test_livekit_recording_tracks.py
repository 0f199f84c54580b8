"""Recordings on LiveKit with each track in a file of its own beside the whole call (EGRESS_TRACKS). The stand-in is test/fake_egress.py."""
import signal

import pytest

from fake_s3 import BUCKET, SECRET
from harness import until
from livekit_calls import at_livekit
from livekit_recordings import active, ada, age, becomes, call, elsewhere, in_call, livekit, recorder_to, start, stop  # noqa: F401


def tracks(folder, **more):
    return {"EGRESS_TRACKS": "1", "EGRESS_OUTPUT_PATH": f"{folder}/out/{{room_name}}/{{egress_id}}", "EGRESS_SECONDS": "5", **more}


@pytest.fixture(scope="module")
def roomd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracks")
    with at_livekit(folder, **tracks(folder)) as server:
        server.out = folder / "out"
        yield server


def egresses(livekit, s, track=None):
    return [i for i in list(livekit.egress.items.values()) if i["room_name"] == s["room_name"] and "track" in i and (not track or i["track"]["track_id"] == track["sid"])]


def runs(livekit, s, *wanted):
    """Each of these tracks is written by one recorder."""
    for track in wanted:
        until(lambda: [i["status"] for i in egresses(livekit, s, track)] == ["EGRESS_ACTIVE"], f"one recorder of {track['source']}, not {egresses(livekit, s, track)}", 15)


def seat(person):
    return "-".join(person.identity.split("-")[:2])


def name(person, word, track, end="ogg"):
    return f"track-{seat(person)}-{word}-{track['sid']}.{end}"


def told(ready):
    return {f["name"]: (f["kind"], f["content_type"]) for f in ready["files"]}


MAIN = {"recording.mp3": ("audio", "audio/mpeg")}


def mic(person, track):
    return {name(person, "mic", track): ("track", "audio/ogg")}


def test_from_start_to_files(roomd, livekit, ada, call):
    ann = call["host"]
    camera = ann.publish("CAMERA")
    agent = livekit.come(call["room_name"], {"sub": "agent-x"}, "AGENT")
    agent.publish()
    phone = livekit.sip(call["room_name"])
    voice = phone.publish()
    r = start(ada, call)
    asked = [c for c in livekit.of("Egress/StartTrackEgress") if c.body["roomName"] == call["room_name"]]
    assert {c.body["trackId"] for c in asked} == {call["track"]["sid"], camera["sid"], voice["sid"]}  # neither the agent's nor a recorder's
    assert all(c.grants["video"] == {"roomRecord": True} and c.body["file"]["disableManifest"] is True and "s3" not in c.body["file"] for c in asked)
    paths = {c.body["trackId"]: c.body["file"]["filepath"] for c in asked}
    stem = f"{roomd.out}/{call['room_name']}/{r['uuid']}-track-"
    assert paths[camera["sid"]] == f"{stem}{seat(ann)}-camera-{camera['sid']}" and "+1555" not in paths[voice["sid"]] and paths[voice["sid"]].startswith(stem)
    screen = ann.publish("SCREEN_SHARE")
    runs(livekit, call, call["track"], camera, voice, screen)
    stop(ada, r)
    ready = becomes(ada, r, "ready", 40)
    sip = f"{paths[voice['sid']].rsplit('/', 1)[1][37:]}.ogg"
    assert told(ready) == {**MAIN, **mic(ann, call["track"]), name(ann, "camera", camera, "webm"): ("track", "video/webm"), name(ann, "screen", screen, "webm"): ("track", "video/webm"),
                           sip: ("track", "audio/ogg")}
    assert ready["files"][0]["name"] == "recording.mp3"
    for f in ready["files"]:
        assert roomd.client().get(f["url"].replace("localhost", "127.0.0.1")).content == livekit.egress.content
    assert list((roomd.out / call["room_name"]).iterdir()) == [] and len(egresses(livekit, call)) == 4  # all have moved, none was begun twice
    assert "devsecret" not in roomd.log_text()


def test_without_webhooks(livekit, ada, call):
    livekit.mute_hooks = True
    r = start(ada, call)
    screen = call["host"].publish("SCREEN_SHARE")
    runs(livekit, call, call["track"], screen)
    stop(ada, r)
    assert told(becomes(ada, r, "ready", 40)) == {**MAIN, **mic(call["host"], call["track"]), name(call["host"], "screen", screen, "webm"): ("track", "video/webm")}


def test_webhooks_that_come_twice(livekit, ada, call):
    livekit.hold_hooks = True
    r = start(ada, call)
    camera = call["host"].publish("CAMERA")
    livekit.hold_hooks = False
    runs(livekit, call, call["track"])
    for _ in range(2):
        for _, body in list(livekit.held):
            livekit.deliver(body)
    runs(livekit, call, call["track"], camera)
    stop(ada, r)
    assert len(told(becomes(ada, r, "ready", 40))) == 3 and len(egresses(livekit, call)) == 2


def test_a_track_that_ends_before_the_recording(livekit, ada, call):
    r = start(ada, call)
    runs(livekit, call, call["track"])
    call["host"].unpublish(call["track"])
    until(lambda: egresses(livekit, call)[0]["status"] == "EGRESS_COMPLETE", "its recorder ends by itself")
    again = call["host"].publish()
    runs(livekit, call, again)
    stop(ada, r)
    assert told(becomes(ada, r, "ready", 40)) == {**MAIN, **mic(call["host"], call["track"]), **mic(call["host"], again)}


def test_recorders_of_tracks_that_fail_or_are_killed(livekit, ada, call):
    """What can be had is there, and the recording of the whole call in any case."""
    r = start(ada, call)
    livekit.egress.fails_with = ("out of memory", 500)
    camera = call["host"].publish("CAMERA")
    runs(livekit, call, call["track"], camera)
    [killed] = egresses(livekit, call, call["track"])
    livekit.egress.die(killed["egress_id"])
    age(livekit, killed["egress_id"], 60)
    stop(ada, r)
    assert told(becomes(ada, r, "ready", 40)) == {**MAIN, **mic(call["host"], call["track"])}


def test_a_whole_call_that_fails_leaves_no_recorder_behind(livekit, ada, call):
    r = start(ada, call)
    runs(livekit, call, call["track"])
    livekit.egress.fail(active(livekit, r), "no space left", 500)
    assert becomes(ada, r, "failed")["error"] == "no space left"
    until(lambda: egresses(livekit, call)[0]["status"] == "EGRESS_COMPLETE", "the track's recorder is stopped")


def test_the_end_of_the_session(livekit, ada, call):
    r = start(ada, call)
    runs(livekit, call, call["track"])
    ada.patch(f"/sessions/{call['id']}", {"status": "ended"})
    assert told(becomes(ada, r, "ready", 40)) == {**MAIN, **mic(call["host"], call["track"])}


# ---- servers of their own

@pytest.fixture
def other(elsewhere, tmp_path):
    def begin(**env):
        server = elsewhere(**tracks(tmp_path, **env))
        host = server.person("Ada")
        return server, host, in_call(server, host)
    return begin


def test_a_start_whose_answer_was_lost_is_found(other):
    server, ada, call = other()
    server.livekit.fault("Egress/StartTrackEgress", drop="after")
    r = start(ada, call)
    runs(server.livekit, call, call["track"])
    stop(ada, r)
    assert told(becomes(ada, r, "ready", 40)) == {**MAIN, **mic(call["host"], call["track"])}
    assert len(egresses(server.livekit, call)) == len(server.livekit.of("Egress/StartTrackEgress")) == 1


def test_no_recorder_is_left_for_tracks(other):
    server, ada, call = other()
    call["host"].publish("CAMERA")
    server.livekit.fault("Egress/StartTrackEgress", 503, times=9)
    r = start(ada, call)
    assert len(server.livekit.of("Egress/StartTrackEgress")) == 1  # the others wait, and so does nobody else
    active(server.livekit, r)
    stop(ada, r)
    assert told(becomes(ada, r, "ready")) == MAIN


def test_a_new_track_is_not_waited_for_until_the_next_round(other):
    server, ada, call = other(RECONCILE_SECONDS="20")
    r = start(ada, call)
    with server.db() as db:
        due = until(lambda: db.execute("SELECT due_at FROM jobs WHERE kind = 'reconcile' AND status = 'waiting'").fetchone(), "the next round is planned")[0]
    camera = call["host"].publish("CAMERA")
    runs(server.livekit, call, camera)
    with server.db() as db:
        assert db.execute("SELECT max(number) FROM facts WHERE name LIKE 'looked %'").fetchone()[0] < due  # it was looked at sooner
    stop(ada, r)


def test_roomd_is_killed_in_the_middle(other):
    server, ada, call = other()
    r = start(ada, call)
    runs(server.livekit, call, call["track"])
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    camera = call["host"].publish("CAMERA")
    server.start()
    server.livekit.hook_url = server.url + "/webhooks/livekit/"
    runs(server.livekit, call, call["track"], camera)
    stop(ada, r)
    assert told(becomes(ada, r, "ready", 40)) == {**MAIN, **mic(call["host"], call["track"]), name(call["host"], "camera", camera, "webm"): ("track", "video/webm")}


def test_from_a_bucket(other, s3):
    server, ada, call = other(EGRESS_OUTPUT_PATH="", **recorder_to(s3))
    server.livekit.egress.store = s3
    r = start(ada, call)
    runs(server.livekit, call, call["track"])
    assert server.livekit.of("Egress/StartTrackEgress")[0].body["file"]["s3"]["bucket"] == BUCKET
    stop(ada, r)
    assert told(becomes(ada, r, "ready", 40)) == {**MAIN, **mic(call["host"], call["track"])}
    assert SECRET not in server.log_text()
