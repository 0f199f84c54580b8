"""Recordings at sinks: an S3 store and Cloudinary, as stand-ins that check every signature. What is made, proven, linked, lost, tried again, deleted."""
import collections
import hashlib
import threading

import httpx
import pytest

from fake_cloudinary import FakeCloudinary
from fake_s3 import BUCKET
from harness import Server, until
from recorded import MIB, hurry, lay_down, record, settled


@pytest.fixture
def cloud():
    it = FakeCloudinary()
    yield it
    it.close()


def events(teacher, session):
    return [e for e in teacher.get(f"/sessions/{session['id']}/events").json()["events"] if e["event_type"].startswith("recording.")]


def fetch(url, **headers):
    """As a browser does: along to where it is."""
    return httpx.get(url, headers=headers, follow_redirects=True)


def test_a_recording_goes_to_the_store_and_leaves_this_box(start_roomd, s3):
    house = start_roomd(s3.env())
    teacher = house.person("Ada")
    session, number = record(house, teacher)
    recording = settled(teacher, number)
    assert recording["status"] == "ready" and {c["file_id"] for c in recording["copies"]} == {f["id"] for f in recording["files"]}
    for copy in recording["copies"]:
        file = next(f for f in recording["files"] if f["id"] == copy["file_id"])
        body, headers = s3.objects[copy["key"]]
        assert copy["key"] == f"recordings/{recording['uuid']}/{file['name']}" and copy["sink"] == "s3" and copy["error"] is None and copy["stored_at"]
        assert (len(body), hashlib.sha256(body).hexdigest(), headers["content-type"]) == (file["size_bytes"], file["sha256"], file["content_type"])
    folder = house.data / "recordings" / recording["uuid"]
    until(lambda: not any(p.is_file() for p in folder.rglob("*")), "no file is left here")
    file = recording["files"][0]
    reply = fetch(file["url"])
    assert reply.status_code == 200 and hashlib.sha256(reply.content).hexdigest() == file["sha256"] and reply.history[0].status_code == 302
    assert fetch(file["url"], Range="bytes=4-9").content == reply.content[4:10]
    assert fetch(file["url"] + "&download=true").headers["Content-Disposition"] == f'attachment; filename="{file["name"]}"'
    told = [(e["event_type"], e["event_data"].get("name")) for e in events(teacher, session)]
    assert told.count(("recording.published", "s3")) == len(recording["copies"])
    assert teacher.delete(f"/recordings/{number}").status_code == 204
    until(lambda: not s3.objects, "the store's copies are deleted")
    with house.db() as db:
        until(lambda: {row[0] for row in db.execute("SELECT status FROM recording_copies")} == {"erased"}, "that is noted")


def test_it_stays_here_too_where_that_is_wished(start_roomd, s3):
    house = start_roomd(s3.env("local, s3"))
    teacher = house.person("Ada")
    _, number = record(house, teacher)
    recording = settled(teacher, number)
    with house.db() as db:
        until(lambda: not list(db.execute("SELECT 1 FROM jobs WHERE kind = 'release' AND status <> 'done'")), "nothing is to be released")
    reply = fetch(recording["files"][0]["url"])
    assert reply.status_code == 200 and not reply.history


@pytest.mark.parametrize("wrong,says", [
    ({"S3_SECRET_ACCESS_KEY": "wrong"}, 'answered 403: SignatureDoesNotMatch'),
    ({"S3_BUCKET": "nowhere"}, 'bucket "nowhere" at 127.0.0.1'),
    ({"S3_ACCESS_KEY_ID": "NOBODY"}, "InvalidAccessKeyId"),
])
def test_what_the_store_says_is_shown_and_the_file_stays(start_roomd, s3, wrong, says):
    house = start_roomd({**s3.env(), **wrong})
    teacher = house.person("Ada")
    session, number = record(house, teacher)
    trouble = lambda: next((c["error"] for c in teacher.get(f"/recordings/{number}").json()["copies"] if c["error"]), None)
    assert says in until(trouble, "the fault is shown", 60)
    assert "a secret of the store" not in house.log_text() and "wrong" not in trouble()
    recording = teacher.get(f"/recordings/{number}").json()
    assert recording["status"] == "ready" and fetch(recording["files"][0]["url"]).status_code == 200 and not s3.objects


def test_it_is_given_up_at_last_and_tried_again_by_hand(start_roomd, s3):
    house = start_roomd(s3.env())
    teacher = house.person("Ada")
    s3.fail(lambda method, query: method == "PUT", 403, "AccessDenied", "Access Denied", times=1000)
    session, number = record(house, teacher)

    def given_up():
        hurry(house, "publish")
        return all(c["status"] == "failed" for c in teacher.get(f"/recordings/{number}").json()["copies"] or [{"status": ""}])

    until(given_up, "it is given up", 120)
    failed = [e["event_data"] for e in events(teacher, session) if e["event_type"] == "recording.publish_failed"]
    assert failed and all(f["name"] == "s3" and f"bucket \"{BUCKET}\"" in f["error"] and "403: AccessDenied: Access Denied" in f["error"] for f in failed)
    s3.faults.clear()
    assert teacher.post(f"/recordings/{number}/retry").status_code == 200
    settled(teacher, number)
    reply = teacher.post(f"/recordings/{number}/retry")
    assert (reply.status_code, reply.json()) == (409, {"detail": "Only a failed recording can be retried"})


def test_large_files_go_up_in_parts_and_on_after_a_break(start_roomd, s3):
    house = start_roomd(s3.env("local,s3"))
    teacher = house.person("Ada")
    number, key, data = lay_down(house, teacher, 50 * MIB + 77)
    s3.fail(lambda method, query: "partNumber=3&" in query, 503, "SlowDown")
    s3.fail(lambda method, query: "partNumber=6&" in query, 500)
    assert teacher.post(f"/recordings/{number}/retry").status_code == 200
    until(lambda: any(c["error"] for c in teacher.get(f"/recordings/{number}").json()["copies"]), "it broke off", 60)
    assert 0 < teacher.get(f"/recordings/{number}").json()["copies"][0]["done_bytes"] < len(data)
    until(lambda: hurry(house, "publish") or not s3.faults, "it broke off again", 60)
    recording = settled(teacher, number, hurried=house)
    assert s3.objects[key][0] == data and recording["copies"][0]["done_bytes"] == len(data) and recording["copies"][0]["error"] is None
    puts = collections.Counter(int(query.split("&")[0].removeprefix("partNumber=")) for method, _, query in s3.log if method == "PUT" and "partNumber" in query)
    assert puts.keys() == set(range(1, 8)) and (puts[3], puts[6]) == (2, 2) and {puts[n] for n in (1, 2, 5)} == {1}, "what was there was not sent again, but for the part beside the one that failed"
    assert not s3.uploads


def test_a_file_that_lost_bytes_is_not_sent_and_ends_nothing(start_roomd, s3):
    house = start_roomd(s3.env("local,s3"))
    teacher = house.person("Ada")
    number, key, data = lay_down(house, teacher, 9 * MIB)
    with open(house.data / key, "r+b") as file:
        file.truncate(MIB)
    assert teacher.post(f"/recordings/{number}/retry").status_code == 200
    error = until(lambda: next((c["error"] for c in teacher.get(f"/recordings/{number}").json()["copies"] if c["error"]), None), "it is said", 60)
    assert f"has {MIB} bytes, not the {9 * MIB} that were recorded" in error and not s3.log


def test_a_part_on_its_way_does_not_hold_up_the_end(start_roomd, s3):
    """However slow the line is: roomd ends, and the part is sent again by the next one."""
    house = start_roomd(s3.env("local,s3"))
    teacher = house.person("Ada")
    number, key, data = lay_down(house, teacher, 40 * MIB)
    under_way, go_on = threading.Event(), threading.Event()

    def slow(method, query):
        if method == "PUT" and "partNumber=3&" in query and not go_on.is_set():
            under_way.set()
            go_on.wait(60)
        return False

    s3.fail(slow)
    assert teacher.post(f"/recordings/{number}/retry").status_code == 200
    assert under_way.wait(60)
    assert house.stop() == 0
    go_on.set()
    house.start()
    teacher.http = house.client(teacher.token)
    settled(teacher, number)
    assert s3.objects[key][0] == data and [query.split("&")[0] for method, _, query in s3.log if method == "PUT"].count("partNumber=1") == 1


def test_an_upload_outlives_roomd(start_roomd, s3, tmp_path):
    house = start_roomd(s3.env("local,s3"))
    teacher = house.person("Ada")
    number, key, data = lay_down(house, teacher, 40 * MIB)
    s3.fail(lambda method, query: "partNumber=3&" in query, 503, "SlowDown")
    teacher.post(f"/recordings/{number}/retry")
    until(lambda: not s3.faults, "it broke off", 60)
    house.stop(9)
    house.start()
    teacher.http = house.client(teacher.token)
    settled(teacher, number, hurried=house)
    assert s3.objects[key][0] == data and sum("partNumber=1&" in query for _, _, query in s3.log) == 1


def test_a_store_that_forgot_the_upload_gets_it_anew(start_roomd, s3):
    house = start_roomd(s3.env("local,s3"))
    teacher = house.person("Ada")
    number, key, data = lay_down(house, teacher, 33 * MIB)
    s3.fail(lambda method, query: "partNumber=2&" in query, 404, "NoSuchUpload")
    teacher.post(f"/recordings/{number}/retry")
    until(lambda: not s3.faults, "it was told so", 60)

    def again():
        hurry(house, "publish")
        return teacher.get(f"/recordings/{number}").json()["copies"][0]["status"] == "stored"

    until(again, "it is stored", 60)
    assert s3.objects[key][0] == data


def test_another_file_in_its_place_is_noticed(start_roomd, s3):
    """The store says that it has taken it, and has something else."""
    house = start_roomd(s3.env())
    teacher = house.person("Ada")
    number, key, data = lay_down(house, teacher, MIB)
    s3.fail(lambda method, query: method == "PUT", 200, times=1)  # nothing was kept
    s3.objects[key] = (data[:-1], {"x-amz-meta-sha256": "0" * 64})
    teacher.post(f"/recordings/{number}/retry")
    error = until(lambda: teacher.get(f"/recordings/{number}").json()["copies"][0]["error"], "it is noticed", 60)
    assert f"has {MIB - 1} bytes of" in error and (house.data / key).exists()


def test_cloudinary_has_what_is_played(start_roomd, cloud):
    """The layout of the Live Sessions document; its addresses in its replies."""
    house = start_roomd(cloud.env())
    teacher = house.person("Ada")
    course = "8b7f2d5e-31c1-4d7e-9e4a-0d5c3f1f9b11"
    made = house.client(teacher.token).post("/sessions", json={"title": "Algebra", "courseId": course, "scheduledAt": "2035-01-01T10:00:00Z", "duration": 60}).json()
    session = next(s for s in teacher.get("/sessions").json()["sessions"] if s["uuid"] == made["_id"])
    _, number = record(house, teacher, session)
    recording = settled(teacher, number)
    name = f"live-sessions/{course}/{made['_id']}-recording"
    main = next(f for f in recording["files"] if f["kind"] == "video")
    [copy] = recording["copies"]
    assert (copy["sink"], copy["key"], copy["file_id"]) == ("cloudinary", name, main["id"]) and hashlib.sha256(cloud.files[name]).hexdigest() == main["sha256"]
    seen = house.client(teacher.token).get(f"/sessions/{made['_id']}").json()
    assert seen["recordingUrl"] == copy["url"] == f"https://res.cloudinary.example/demo/video/upload/v1/{name}.mp4" and seen["isRecorded"] is True
    until(lambda: httpx.get(main["url"]).status_code == 302, "it is served from there")
    assert httpx.get(main["url"]).headers["Location"] == copy["url"]
    assert house.client(teacher.token).patch(f"/sessions/{made['_id']}/status", json={"status": "live"}).status_code == 200
    _, second = record(house, teacher, session)
    assert settled(teacher, second)["copies"][0]["key"] == name + "-2"
    for n in (number, second):
        assert teacher.delete(f"/recordings/{n}").status_code == 204
    until(lambda: not cloud.files, "they are deleted there")


def test_cloudinary_in_chunks(start_roomd, cloud):
    house = start_roomd(cloud.env("local,cloudinary"))
    teacher = house.person("Ada")
    number, key, data = lay_down(house, teacher, 20 * MIB + 5, "cloudinary")
    teacher.post(f"/recordings/{number}/retry")
    recording = settled(teacher, number)
    assert list(cloud.files.values()) == [data] and [last + 1 - first for first, last, _ in cloud.ranges] == [8 * MIB, 8 * MIB, 4 * MIB + 5]


def test_what_cloudinary_says_is_shown(start_roomd, cloud):
    house = start_roomd({**cloud.env("local,cloudinary"), "CLOUD_API_SECRET": "wrong"})
    teacher = house.person("Ada")
    number, _, _ = lay_down(house, teacher, MIB, "cloudinary")
    teacher.post(f"/recordings/{number}/retry")
    error = until(lambda: teacher.get(f"/recordings/{number}").json()["copies"][0]["error"], "the fault is shown", 60)
    assert error.startswith('Cloudinary cloud "demo" answered 401: Invalid Signature')


@pytest.mark.parametrize("env,says", [
    ({"SINKS": "s3"}, "set S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY"),
    ({"SINKS": "cloudinary"}, "set CLOUD_NAME, CLOUD_API_KEY and CLOUD_API_SECRET"),
    ({"SINKS": "tape"}, 'not "tape"'),
    ({"SINKS": "s3", "S3_BUCKET": "b", "S3_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "s", "S3_ENDPOINT": "store.example"}, "S3_ENDPOINT must be an address with https:// or http://"),
])
def test_settings_that_cannot_be(tmp_path, env, says):
    house = Server(tmp_path / "house", env)
    with pytest.raises(Exception):
        house.start()
    assert says in house.log_text()
