"""libdailyco as a program of somebody else's meets it: the seed's examples on the wire, and what is installed."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import subprocess
import threading
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fake_daily import FakeDaily

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build"))
EXAMPLES = ROOT / "examples" / "dailyco"
SECRET = "NQrSA5z0FkJ44QPrFerW7uCc5kdNLv3l2FDEKDanL1U="
WEBHOOK = {"url", "eventTypes", "hmac", "basicAuth", "retryType"}


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def sign(body, timestamp, secret=SECRET):
    return base64.b64encode(hmac.new(base64.b64decode(secret), timestamp.encode() + b"." + body, hashlib.sha256).digest()).decode()


class Domain(FakeDaily):
    """A stand-in with the seed's routes: rooms with any of the 49 properties, presence, meetings and their participants, webhooks that are probed."""

    def __init__(self):
        super().__init__("the-key")
        self.present, self.meetings, self.webhooks, self.page = {}, {}, {}, 50

    def work(self, call, headers):
        if headers.get("Authorization") != f"Bearer {self.key}":
            return super().work(call, headers)
        url = urllib.parse.urlsplit(call.path)
        parts, query = url.path.strip("/").split("/"), dict(urllib.parse.parse_qsl(url.query))
        handler = getattr(self, f"{call.method.lower()}_{parts[0].replace('-', '_')}", None)
        if not handler:
            return 404, {"error": "not-found"}
        return handler(parts[1:], query, call.body)

    # ---- rooms

    def post_rooms(self, path, _query, body):
        if path or set(body) - {"name", "privacy", "properties"}:
            return self.bad("unknown parameter")
        properties, name = body.get("properties", {}), body["name"]
        if properties.get("exp", 2e9) < time.time():
            return self.bad(f"exp was '{properties['exp']}', which is in the past rather than in the future")
        if name in self.rooms:
            return 400, {"error": "invalid-request-error", "info": f"a room named {name} already exists"}
        self.rooms[name] = {"id": str(uuid.uuid4()), "name": name, "api_created": True, "privacy": body.get("privacy", "public"), "url": f"https://example.daily.co/{name}",
                            "created_at": iso(time.time()), "config": properties}
        return 200, self.rooms[name]

    def get_rooms(self, path, _query, _body):
        if path[0] not in self.rooms:
            return 404, {"error": "not-found", "info": f"room {path[0]} not found"}
        people = self.present.get(path[0], [])
        return 200, {"total_count": len(people), "data": people} if path[1:] == ["presence"] else self.rooms[path[0]]

    def delete_rooms(self, path, _query, _body):
        return (200, {"deleted": True, "name": path[0]}) if self.rooms.pop(path[0], None) else (404, {"error": "not-found", "info": f"room {path[0]} not found"})

    def post_meeting_tokens(self, _path, _query, body):
        return 200, {"token": f"eyJ.{body['properties']['room_name']}.x"}

    # ---- meetings

    def get_meetings(self, path, query, _body):
        if not path:
            fit = [m for m in self.meetings.values() if m["room"] == query["room"]]
            return 200, {"total_count": len(fit), "data": fit}
        meeting = self.meetings.get(path[0])
        if not meeting:
            return 404, {"error": "not-found"}
        if len(path) == 1:
            return 200, {k: v for k, v in meeting.items() if k != "participants"}
        ids = [p["participant_id"] for p in meeting["participants"]]
        at = ids.index(query["joined_after"]) + 1 if "joined_after" in query else 0
        page = meeting["participants"][at:at + int(query["limit"])]
        return (200, {"data": page}) if page else (404, {"error": "not-found"})

    # ---- webhooks

    def get_webhooks(self, _path, _query, _body):
        return 200, list(self.webhooks.values())

    def probe(self, body):
        url, data, at = urllib.parse.urlsplit(body["url"]), b'{"test":"test"}', str(int(time.time() * 1000))
        there = http.client.HTTPConnection(url.hostname, url.port, timeout=8)
        there.request("POST", url.path, data, {"Content-Type": "application/json", "X-Webhook-Timestamp": at, "X-Webhook-Signature": sign(data, at, body["hmac"])})
        return there.getresponse().status

    def post_webhooks(self, path, _query, body):
        if path:
            return 404, {"error": "not-found"}
        if set(body) - WEBHOOK or base64.b64encode(base64.b64decode(body["hmac"])).decode() != body["hmac"]:
            return self.bad("not allowed")
        status = self.probe(body)
        if status != 200:
            return self.bad(f"non-200 status code returned from webhook endpoint, recvd {status}")
        made = {"uuid": str(uuid.uuid4()), **body, "state": "ACTIVE", "failedCount": 0, "domainId": str(uuid.uuid4()), "createdAt": iso(time.time()), "updatedAt": iso(time.time())}
        self.webhooks[made["uuid"]] = made
        return 200, made

    def delete_webhooks(self, path, _query, _body):
        return (200, "") if self.webhooks.pop(path[0], None) else (404, {"error": "not-found"})


@pytest.fixture
def daily():
    fake = Domain()
    yield fake
    fake.close()


@pytest.fixture
def receiver():
    """A web server whose handler is the example `receive`."""
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, _, said = receive(body, self.headers.get("X-Webhook-Signature", ""), self.headers.get("X-Webhook-Timestamp", "")).partition(" ")
            self.send_response(int(status))
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/daily/webhook"
    server.shutdown()
    server.server_close()


def run(daily, name, *words, code=0, program=None, **more):
    env = {**os.environ, "DAILY_API_KEY": "the-key", "DAILY_API_URL": daily.url if daily else "", **more}
    done = subprocess.run([program or BUILD / f"dailyco_{name}", *words], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def receive(body, signature, timestamp, secret=SECRET):
    done = subprocess.run([BUILD / "dailyco_receive", signature, timestamp], env={**os.environ, "DAILY_WEBHOOK_SECRET": secret}, input=body, capture_output=True, timeout=60, check=True)
    return done.stdout.decode()


# ---- the seed's examples

def meet(daily, room, people):
    meeting = {"id": str(uuid.uuid4()), "room": room, "start_time": 1736778600, "duration": 1800, "ongoing": False, "max_participants": people,
               "participants": [{"user_id": None if i % 3 else f"user_{i}", "participant_id": str(uuid.uuid4()), "user_name": f"Person {i}", "join_time": 1736778600 - i, "duration": 60 + i} for i in range(people)]}
    daily.meetings[meeting["id"]] = meeting


def test_quick_start(daily):
    room = "my-meeting-20250113143000"
    daily.present[room] = [{"room": room, "id": str(uuid.uuid4()), "userId": None, "userName": "Ann", "mtgSessionId": "m", "joinTime": "2025-01-13T14:30:19.000Z", "duration": 23},
                           {"room": room, "id": str(uuid.uuid4()), "userId": "pbZ+ismP7dk=", "userName": None, "mtgSessionId": "m", "joinTime": "2025-01-13T14:30:20.000Z", "duration": 22}]
    meet(daily, "another", 3)
    meet(daily, room, 120)
    lines = run(daily, "quick_start").splitlines()
    assert lines[:8] == [f"Room created: https://example.daily.co/{room}", "Participants in room: 2", "  - Ann (joined 2025-01-13T14:30:19.000Z)", "  - - (joined 2025-01-13T14:30:20.000Z)",
                         "Meeting duration: 1800s", "Max participants: 120", "Ongoing: False", "First page: 10"]
    assert lines[8:128] == [f"Person {i} was in meeting for {60 + i}s" for i in range(120)]  # three pages, and a 404
    assert lines[128:] == ["All participants: 120", f"Meeting token: eyJ.{room}.x", "Room deleted: True"]
    made = daily.of("POST", "/rooms")[0].body
    assert made == {"name": room, "privacy": "private", "properties": {"exp": made["properties"]["exp"], "enable_chat": True, "enable_recording": "raw-tracks"}} and isinstance(made["properties"]["exp"], int)
    assert daily.of("POST", "/meeting-tokens")[0].body == {"properties": {"room_name": room, "user_id": "user_123", "start_cloud_recording": False}}
    assert not daily.rooms and not daily.complaints
    assert daily.connections == 1  # kept, and used again


def test_a_room_that_is_there_already(daily):
    daily.rooms["r"] = {"name": "r"}
    assert run(daily, "quick_start", "r", code=1).startswith("already_exists: create_room: Daily answered 400 invalid-request-error: a room named r already exists")
    assert run(daily, "quick_start", "two words", code=1).startswith("bad_argument: ")
    assert run(daily, "quick_start", "x", code=1, DAILY_API_KEY="wrong") == "unauthenticated: create_room: Daily answered 401 authentication-error\n"


def test_a_lost_answer_makes_no_second_room(daily):
    daily.fault("POST", "/rooms", drop="after")
    assert run(daily, "quick_start", "r").startswith("Room created: https://example.daily.co/r\n")
    assert len(daily.of("POST", "/rooms")) == 2 and daily.of("GET", "/rooms/r")


def test_webhook_management(daily, receiver):
    daily.webhooks["old"] = {"uuid": "old", "url": "https://abc.ngrok.io/x", "hmac": "c2VjcmV0", "basicAuth": None, "eventTypes": ["meeting.ended"], "state": "FAILED", "failedCount": 3, "lastMomentPushed": None,
                             "domainId": "d", "createdAt": iso(0), "updatedAt": iso(0)}
    lines = run(daily, "webhooks", receiver, "ngrok", DAILY_WEBHOOK_SECRET=SECRET).splitlines()
    created = re.fullmatch(r"Created webhook (\S+)", lines[1])[1]
    assert lines == ["Webhook old: https://abc.ngrok.io/x (state: FAILED)", f"Created webhook {created}", "Found 1 ngrok webhooks"]
    assert daily.of("POST", "/webhooks")[0].body == {"url": receiver, "eventTypes": ["participant.joined", "participant.left", "recording.started", "recording.ready-to-download", "recording.error"], "hmac": SECRET}
    assert daily.of("DELETE", "/webhooks/.*")[0].path == f"/webhooks/{created}" and list(daily.webhooks) == ["old"]
    # A secret that the receiver does not share: its 401 to the probe is Daily's 400.
    text = run(daily, "webhooks", receiver, "ngrok", code=1, DAILY_WEBHOOK_SECRET="b3RoZXI=")
    assert text.startswith("probe_failed: create_webhook: Daily answered 400") and "recvd 401" in text and "b3RoZXI" not in text


def event(kind, payload, **more):
    return json.dumps({"version": "1.0.0", "type": kind, "id": "1", "payload": payload, "event_ts": time.time(), **more}, ensure_ascii=False).encode()


@pytest.mark.parametrize("unit", [1, 1000], ids=["seconds", "milliseconds"])
def test_verification_and_parsing(unit):
    now = str(int(time.time() * unit))
    joined = event("participant.joined", {"room": "café-教室", "user_name": "Zoë 😀", "session_id": "s"})
    assert receive(joined, sign(joined, now), now) == '200 {"status":"ok"}\nUser Zoë 😀 joined room café-教室\n'
    ready = event("recording.ready-to-download", {"room_name": "r", "recording_id": "1", "tracks": [{"type": "audio", "s3Key": "d/r/1-a", "size": 100}, {"type": "video", "s3Key": "d/r/1-v", "size": 200},
                                                                                               {"type": "audio", "s3key": "d/r/2-a", "size": 300}]})
    assert receive(ready, sign(ready, now), now) == '200 {"status":"ok"}\nAudio track ready: s3://d/r/1-a (100 bytes)\nAudio track ready: s3://d/r/2-a (300 bytes)\n'
    for odd in (event("of.tomorrow", {}), event("recording.ready-to-download", {"tracks": None}), b'{"test":"test"}', b"not JSON"):
        assert receive(odd, sign(odd, now), now).startswith("200 ")
    assert receive(joined + b"\n", sign(joined, now), now).startswith("401 ")
    assert receive(joined, sign(joined, now, "b3RoZXI="), now).startswith("401 ")
    old = str(int((time.time() - 301) * unit))
    assert receive(joined, sign(joined, old), old).startswith("401 ")


def test_payloads_that_were_kept():
    lines = b"\n".join([event("participant.joined", {"user_id": "u", "joined_at": 1708972279.96}), event("participant.left", {"duration": 11.419000148773193}), event("recording.ready-to-download", {"tracks": [{}, {}]}),
                        event("recording.error", {"error_msg": "why"}), event("recording.error", {"error": "an older why"}), event("of.tomorrow", {"a": 1}), b'{"id":"no type"}', b"[]"])
    out = subprocess.run([BUILD / "dailyco_payloads"], input=lines, capture_output=True, check=True, timeout=60).stdout.decode().splitlines()
    assert out == ["Participant u joined at 1708972279.960", "Participant was in meeting for 11s", "Recording has 2 tracks", "Recording error: why", "Recording error: an older why", 'of.tomorrow: {"a":1}',
                   'dailyco_event: "type" is missing', "dailyco_event is no object"]


def test_a_bucket_of_ones_own(daily):
    wire, said = run(daily, "bucket").splitlines()
    assert json.loads(wire) == daily.of("POST", "/rooms")[0].body == {"name": "production-meeting", "privacy": "private", "properties": {
        "enable_recording": "raw-tracks", "enable_chat": True, "enable_screenshare": True, "start_video_off": False, "start_audio_off": False, "recordings_bucket": {
            "bucket_name": "my-recordings-bucket", "bucket_region": "us-east-1", "assume_role_arn": "arn:aws:iam::123456789:role/DailyRecordings", "allow_api_access": True}}}
    assert said == "https://example.daily.co/production-meeting records into my-recordings-bucket"


# ---- what is installed

@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", root], check=True, capture_output=True)
    [pc] = root.rglob("dailyco.pc")
    return root, {**os.environ, "PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(root)}, pc.parent.parent


def flags(env, *what):
    return subprocess.run(["pkg-config", *what, "dailyco"], env=env, check=True, capture_output=True, text=True).stdout.split()


def test_header_library_and_pkg_config_are_installed(installed):
    root, env, lib = installed
    assert {p.name for p in root.rglob("*dailyco*") if not p.is_dir()} >= {"dailyco.h", "dailyco.pc", "libdailyco.a", "libdailyco.so", "libdailyco.so.0"}
    assert "-ldailyco" in flags(env, "--libs") and "-lcurl" in flags(env, "--libs", "--static")
    for library, how in ((lib / "libdailyco.so", "-D"), (lib / "libdailyco.a", "-g")):
        names = [line.split()[-1] for line in subprocess.run(["nm", how, "--defined-only", library], capture_output=True, text=True, check=True).stdout.splitlines() if len(line.split()) == 3]
        assert len(names) > 50 and all(name.startswith("dailyco_") for name in names), names


PLUS = """#include <dailyco.h>
#include <cstdio>
int main()
{
    dailyco_error e;
    dailyco_memory *m = dailyco_memory_create();
    dailyco_room_properties p = {};
    DAILYCO_SET(&p, dailyco_room_properties, exp, 5);
    DAILYCO_SET_NULL(&p, dailyco_room_properties, lang);
    std::puts(DAILYCO_VALIDATE(dailyco_room_properties, &p, &e) ? DAILYCO_SERIALISE(dailyco_room_properties, &p, m) : e.message);
    dailyco_memory_destroy(m);
}
"""


@pytest.mark.parametrize("compiler", [["gcc", "-std=c17"], ["clang", "-std=c17"], ["gcc", "-std=c99"], ["g++", "-std=c++20"]], ids=" ".join)
@pytest.mark.parametrize("kind", ["shared", "static"])
def test_a_program_is_built_with_what_is_installed(installed, daily, tmp_path, compiler, kind):
    root, env, lib = installed
    program, plus = tmp_path / "program", tmp_path / "program.cc"
    plus.write_text(PLUS)
    source = plus if compiler[0] == "g++" else EXAMPLES / "bucket.c"
    libs = flags(env, "--libs") if kind == "shared" else ["-Wl,-Bstatic", f"-L{lib}", "-ldailyco", "-Wl,-Bdynamic", *[w for w in flags(env, "--libs", "--static") if w in ("-lcurl", "-ljansson", "-lcrypto", "-lssl", "-lsodium", "-lpthread", "-lm")]]
    subprocess.run([*compiler, "-Wall", "-Wextra", "-Wpedantic", "-Werror", *flags(env, "--cflags"), source, "-o", program, *libs], env=env, check=True)
    out = run(daily, "bucket", program=program, LD_LIBRARY_PATH=str(lib))
    assert out == '{"exp":5,"lang":null}\n' if compiler[0] == "g++" else out.endswith("records into my-recordings-bucket\n")
    needed = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout
    assert ("libdailyco.so" in needed) == (kind == "shared")


def test_the_documents_program_is_built(installed, tmp_path):
    root, env, _ = installed
    source = tmp_path / "five.c"
    source.write_text(re.search(r"```c\n(.*?)```", (ROOT / "doc" / "dailyco-library.md").read_text(), re.S)[1])
    subprocess.run(["gcc", "-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *flags(env, "--cflags"), source, "-o", tmp_path / "five", *flags(env, "--libs")], env=env, check=True)
