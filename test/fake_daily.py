"""A stand-in of Daily on the wire: rooms, tokens, people, meetings, recordings and their files, webhooks; it keeps Daily's limits and minds what it is sent.

`calls` is everything that came; `fault` makes the next fitting calls go wrong: a status, a dropped connection before or after the work was done,
silence. A request that Daily would not understand answers 400 and is noted in `complaints`, and so is an answer of its own that has not
the documented shape (the rows of spec/models/dailyco.def, and Daily's own OpenAPI document by daily_published.py) and a call beyond a limit. `post` says what becomes of an event on its way out: lost, doubled, late."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import threading
import time
import urllib.parse
import uuid
from collections import deque, namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import daily_published

Call = namedtuple("Call", "method path body")
ROOM = {"max_participants": int, "enable_screenshare": bool, "enable_chat": bool, "enable_recording": str, "start_video_off": bool, "start_audio_off": bool, "exp": int, "recordings_bucket": dict}
TOKEN = {"room_name": str, "user_name": str, "user_id": str, "is_owner": bool, "enable_screenshare": bool, "exp": int}
LIMITS = {"most": (100, 5), "slow": (50, 30), "start": (5, 5), "analytics": (50, 30)}  # calls, seconds
EVENTS = {"meeting.started", "meeting.ended", "participant.joined", "participant.left", "waiting-participant.joined", "waiting-participant.left", "recording.started",
          "recording.ready-to-download", "recording.error"}
JUDGED = 30  # events of a kind: a storm has thousands of them
DOMAIN = "30f866c3-9123-452a-8723-ff58322d09c5"
DEFAULT_INSTANCE = "c3df927c-f738-4471-a2b7-066fa7e95a6b"
ROWS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "spec", "models", "dailyco.def")
KINDS = {"STR": (str,), "WORD": (str,), "INT": (int,), "REAL": (int, float), "BOOL": (bool,), "LIST": (list,), "TEXTS": (list,), "OBJ": (dict,), "ANY": object, "MIXED": (str, int), "PICK": (str, list, bool)}


def shapes():
    """{model: {field: (types, name of what is inside)}} of the documented shapes."""
    text, out = open(ROWS).read(), {}
    macros = {m[1]: m[2] for m in re.finditer(r"#define (DAILYCO_\w+)\(m\) \\\n((?:.*\\\n)*.*\n)", text)}
    for model in re.finditer(r"^MODEL\((\w+),.*?\n(.*?)^END\(\1\)", text, re.S | re.M):
        body = re.sub(r"^(DAILYCO_\w+)\(\w+\)", lambda m: macros.get(m[1], ""), model[2], flags=re.M)
        out[model[1]] = {f[2]: (KINDS[f[1]], f[3].strip()) for f in re.finditer(r"^(STR|WORD|INT|REAL|BOOL|LIST|TEXTS|OBJ|ANY|MIXED|PICK)\s*\(\w+,\s*(\w+),\s*\w+(?:\([^)]*\))?,\s*([^,]*)", body, re.M)}
    return out


SHAPES = shapes()


def misshapen(model, value):
    """What is not as documented, or None."""
    fields = SHAPES[model]
    for name, given in value.items():
        if name not in fields:
            return f"{model} has no {name}"
        types, inner = fields[name]
        if given is None or types is object:
            continue
        if not isinstance(given, types) or (isinstance(given, bool) and bool not in types):
            return f"{model}.{name} is {given!r}"
        for item in given if isinstance(given, list) and inner in SHAPES else [given] if isinstance(given, dict) and inner in SHAPES else []:
            wrong = misshapen(inner, item)
            if wrong:
                return wrong
    return None


class Fault:
    def __init__(self, method, path, status=None, times=1, drop=None, headers=None, body=None, hold=None):
        self.method, self.path, self.status, self.left, self.drop, self.headers = method, re.compile(path), status, times, drop, headers or {}
        self.body = {"error": "server-error", "info": "SECRET-OF-DAILY try again"} if body is None else body
        self.hold, self.met = hold, threading.Event()

    def fits(self, call):
        return self.left > 0 and self.method in (call.method, "*") and self.path.fullmatch(call.path)


class Recording:
    def __init__(self, room, instance, kind, start):
        self.id, self.room, self.instance, self.kind, self.start = str(uuid.uuid4()), room, instance, kind, start
        self.status, self.duration, self.tracks, self.content = "in-progress", None, None, b""

    def shown(self):
        out = {"id": self.id, "room_name": self.room, "start_ts": self.start, "status": self.status, "max_participants": 2}
        if self.duration is not None:
            out |= {"duration": self.duration, "s3key": f"example/{self.room}/{self.start}000", "share_token": "x", "tracks": self.tracks or []}
        if self.tracks:
            del out["s3key"]
        return out


class FakeDaily:
    def __init__(self, key="daily-key", hosting=False):
        self.key, self.rooms, self.recordings, self.calls, self.complaints, self.faults = key, {}, {}, [], [], []
        self.ejected, self.connections, self.lock = [], 0, threading.RLock()
        self.looks = []                   # what roomd asks by itself, now and then
        self.hosting = hosting            # recording needs somebody in the room
        self.windows = {name: deque() for name in LIMITS}
        self.made, self.people, self.meetings, self.past = {}, {}, {}, {}  # recordings by id; stays by room; meeting under way by room; all meetings by id
        self.webhooks, self.told, self.kinds = {}, [], {}
        self.post = lambda event: [event]  # what becomes of an event: a list of events to be sent
        self.objects, self.ranges, self.cut, self.redirect = {}, [], None, None  # objects: a bucket; cut: the next file breaks off after so many bytes
        self.pause, self.pause_at = None, 0  # files wait for this event after so many bytes
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                with fake.lock:
                    fake.connections += 1

            def answer(self):
                text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if not self.path.startswith("/v1"):
                    return fake.serve_file(self)
                call = Call(self.command, self.path.removeprefix("/v1"), json.loads(text) if text else None)
                with fake.lock:
                    (fake.looks if call.method == "GET" and call.path in ("/presence", "/webhooks") else fake.calls).append(call)
                    fault = next((f for f in fake.faults if f.fits(call)), None)
                    if fault:
                        fault.left -= 1
                if fault:
                    fault.met.set()
                    if fault.hold:
                        fault.hold.wait(30)
                if fault and fault.drop == "before":
                    return self.hang_up()
                if fault and fault.status:
                    return self.send(fault.status, fault.body, fault.headers)
                status, body = fake.work(call, self.headers)
                fake.judge(call, status, body)
                if fault and fault.drop == "after":
                    return self.hang_up()
                self.send(status, body)

            def hang_up(self):
                self.close_connection = True
                self.connection.close()

            def send(self, status, body, headers=()):
                data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                try:
                    self.send_response(status)
                    for name, value in dict(headers).items():
                        self.send_header(name, value)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    self.close_connection = True  # the caller has lost patience

            do_GET = do_POST = do_DELETE = do_PATCH = answer

            def log_message(self, *_):
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.make, self.port = lambda port: Quiet(("127.0.0.1", port), Handler), 0
        self.listen()
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def listen(self):
        """At the same port as before."""
        self.faults.clear()
        self.server = self.make(self.port)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop_listening(self):
        self.server.shutdown()
        self.server.server_close()
        self.fault("*", ".*", drop="before", times=1000)  # on connections that are still open

    def close(self):
        for fault in self.faults:
            if fault.hold:
                fault.hold.set()
        self.server.shutdown()
        self.server.server_close()

    # ---- for tests

    def fault(self, method, path, status=None, **how):
        self.faults.append(Fault(method, path, status, **how))
        return self.faults[-1]

    def of(self, method, path):
        return [c for c in list(self.calls) if c.method == method and re.fullmatch(path, c.path)]

    def forget(self):
        self.calls.clear()

    # ---- people

    def join(self, room, user_id=None, name="Ann", at=None, owner=False, tell=True):
        """Somebody comes; the id of the stay."""
        at, stay = time.time() if at is None else at, str(uuid.uuid4())
        with self.lock:
            if room not in self.meetings:
                self.meetings[room] = str(uuid.uuid4())
                self.past[self.meetings[room]] = {"id": self.meetings[room], "room": room, "start_time": int(at), "stays": [], "ended": None}
            person = {"id": stay, "user_id": user_id, "user_name": name, "joined_at": at, "left_at": None, "owner": owner}
            self.people.setdefault(room, {})[stay] = person
            self.past[self.meetings[room]]["stays"].append(person)
        if tell:
            self.tell("participant.joined", f"ptcpt-join-{stay}-{int(at * 1000)}", self.payload(room, person))
        return stay

    def leave(self, room, stay, at=None, tell=True):
        at = time.time() if at is None else at
        with self.lock:
            person = self.people[room].pop(stay)
            person["left_at"] = at
            meeting = self.past[self.meetings[room]]
            last = not self.people[room]
            if last:
                meeting["ended"] = at
                del self.meetings[room]
        if tell:
            self.tell("participant.left", f"ptcpt-left-{stay}-{int(at * 1000)}", self.payload(room, person) | {"duration": at - person["joined_at"]})
            if last:
                self.tell("meeting.ended", f"met-end-{meeting['id']}-{int(at)}", {"start_ts": meeting["start_time"], "end_ts": at, "meeting_id": meeting["id"], "room": room})

    @staticmethod
    def payload(room, p):
        out = {"room": room, "user_id": p["user_id"], "user_name": p["user_name"], "session_id": p["id"], "joined_at": p["joined_at"], "will_eject_at": None, "owner": p["owner"],
               "permissions": {"hasPresence": True, "canSend": True, "canReceive": {"base": True}, "canAdmin": False}}
        if out["user_id"] is None:
            del out["user_id"]
        return out

    # ---- recordings

    def begin_recording(self, room, instance=DEFAULT_INSTANCE, kind="cloud", start=None):
        r = Recording(room, instance, kind, int(time.time() if start is None else start))
        with self.lock:
            self.made[r.id] = r
            self.recordings[instance] = "in-progress"
        self.tell("recording.started", f"rec-sta-{instance}-{r.start}", {"action": "start-cloud-recording", "recording_id": r.id, "layout": {"preset": "active-participant"},
                                                                        "started_by": str(uuid.uuid4()), "instance_id": instance, "start_ts": r.start})
        return r

    def recording_of(self, instance):
        return next(r for r in list(self.made.values()) if r.instance == instance)

    def finish_recording(self, instance, content, duration=9, tracks=None, tell=True):
        r = self.recording_of(instance)
        r.content, r.duration, r.tracks = content, duration, tracks
        r.status = "finished"
        payload = {"type": r.kind, "recording_id": r.id, "room_name": r.room, "start_ts": r.start, "status": "finished", "max_participants": 1, "duration": duration, "s3_key": f"x/{r.room}/{r.start}", "tracks": tracks}
        if tell:
            self.tell("recording.ready-to-download", f"rec-rtd-{instance}-{r.start + duration}", payload)
        return r

    def fail_recording(self, room, instance, why):
        now = int(time.time())
        self.tell("recording.error", f"rec-err-{instance}-{now}", {"action": "cloud-recording-error", "error_msg": why, "instance_id": instance, "room_name": room, "timestamp": str(now)})

    def serve_file(self, h):
        """Finished recordings, and objects of a bucket, with ranges as S3 has them."""
        path = urllib.parse.unquote(h.path.split("?")[0])
        if path.startswith("/moved/"):
            h.send_response(302)
            h.send_header("Location", self.redirect)
            h.send_header("Content-Length", "0")
            return h.end_headers()
        content = self.objects.get(path.removeprefix("/bucket/")) if path.startswith("/bucket/") else next((r.content for r in self.made.values() if path == f"/files/{r.id}.mp4"), None)
        signed = "AWS4-HMAC-SHA256 Credential=" in h.headers.get("Authorization", "") if path.startswith("/bucket/") else "sig=" in h.path
        if content is None or not signed:
            return h.send(404 if signed else 403, "<Error/>")
        mark, wanted, start = '"' + hashlib.md5(content).hexdigest() + '"', h.headers.get("Range"), 0
        self.ranges.append(wanted)
        if wanted and h.headers.get("If-Range") == mark:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
        if start >= len(content) > 0:
            return h.send(416, "<Error/>")
        h.send_response(206 if start else 200)
        h.send_header("Content-Type", "video/mp4")
        h.send_header("ETag", mark)
        h.send_header("Content-Length", str(len(content) - start))
        if start:
            h.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        h.end_headers()
        cut, self.cut = self.cut, None
        if self.pause:
            h.wfile.write(content[start:start + self.pause_at])
            h.wfile.flush()
            self.pause.wait(60)
            start += self.pause_at
        h.wfile.write(content[start:] if cut is None else content[start:start + cut])
        if cut is not None:
            h.wfile.flush()
            h.hang_up()

    # ---- webhooks going out

    def tell(self, kind, ident, payload):
        wrong = misshapen({"participant": "dailyco_participant_payload", "meeting": "dailyco_meeting_payload", "recording.s": "dailyco_recording_started_payload",
                           "recording.r": "dailyco_recording_ready_payload", "recording.e": "dailyco_recording_error_payload"}[kind[:11] if kind.startswith("recording") else kind.split(".")[0]],
                          {k: v for k, v in payload.items() if k != "timestamp"})
        if wrong:
            self.complaints.append(wrong)
        event = {"version": "1.0.0", "type": kind, "id": ident, "payload": payload, "event_ts": time.time()}
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if self.kinds[kind] <= JUDGED:
            self.complaints += daily_published.event(event)
        self.send_all(self.post(event))

    def send_all(self, events):
        with self.lock:
            hooks = [w for w in self.webhooks.values() if w["state"] == "ACTIVE"]
        for event in events:
            self.told.append(event)
            for hook in hooks:
                if event["type"] in hook["eventTypes"] and hook["state"] == "ACTIVE":
                    self.deliver(hook, event)

    def deliver(self, hook, event):
        if self.push(hook["url"], hook["hmac"], event) == 200:
            hook["failedCount"], hook["lastMomentPushed"] = 0, "2026-01-01T00:00:00.000Z"
            return
        hook["failedCount"] += 1
        if hook["failedCount"] >= 3 and hook["retryType"] == "circuit-breaker":
            hook["state"] = "FAILED"

    @staticmethod
    def signature(secret, stamp, body):
        return base64.b64encode(hmac.new(base64.b64decode(secret), f"{stamp}.".encode() + body, hashlib.sha256).digest()).decode()

    def push(self, url, secret, event):
        """HTTP status, or None."""
        to, body, stamp = urllib.parse.urlsplit(url), json.dumps(event, separators=(",", ":")).encode(), str(int(time.time() * 1000))
        c = http.client.HTTPConnection(to.hostname, to.port, timeout=8)
        try:
            c.request("POST", to.path, body, {"Content-Type": "application/json", "X-Webhook-Signature": self.signature(secret, stamp, body), "X-Webhook-Timestamp": stamp})
            return c.getresponse().status
        except OSError:
            return None
        finally:
            c.close()

    # ---- what Daily does

    def judge(self, call, status, body):
        """What was asked and what is answered, by Daily's own document."""
        if status == 200:
            self.complaints += daily_published.body(call.method, call.path, call.body) if call.body is not None else []
            self.complaints += daily_published.answer(call.method, call.path, body)

    def bad(self, info):
        self.complaints.append(info)
        return 400, {"error": "invalid-request-error", "info": info}

    def wrong(self, given, known, needed=()):
        for name, value in given.items():
            if value is None and needed == () and name in known:
                continue  # the default again
            if name not in known or type(value) is not known[name]:
                return f"unknown parameter '{name}' or not the right type: {value!r}"
        missing = set(needed) - set(given)
        if missing:
            return f"missing required field {missing}"
        if given.get("exp", time.time() + 60) < time.time():
            return f"exp was '{given['exp']}', which is in the past rather than in the future"
        if len(given.get("user_id", "")) > 36:
            return "user_id is too long"
        return None

    def within_limits(self, method, parts):
        kinds = ["most"]
        if (method, parts[:1]) == ("GET", ["recordings"]) and len(parts) == 1 or (method == "DELETE" and parts[:1] == ["rooms"] and len(parts) == 2):
            kinds.append("slow")
        if parts[-2:] == ["recordings", "start"]:
            kinds.append("start")
        if parts[:1] == ["meetings"]:
            kinds.append("analytics")
        now = time.monotonic()
        for kind in kinds:
            calls, seconds = LIMITS[kind]
            window = self.windows[kind]
            while window and window[0] <= now - seconds:
                window.popleft()
            if len(window) >= calls:
                self.complaints.append(f"limit {kind} was not kept by {method} /{'/'.join(parts)}")
                return False
            window.append(now)
        return True

    def work(self, call, headers):
        if "Authorization" not in headers:
            return 400, {"error": "authorization-header-error"}
        if headers["Authorization"] != f"Bearer {self.key}":
            return 401, {"error": "authentication-error"}
        if call.body is not None and headers.get("Content-Type") != "application/json":
            return self.bad("no JSON content type")
        path, _, query = call.path.partition("?")
        query = dict(urllib.parse.parse_qsl(query))
        parts = path.strip("/").split("/")
        with self.lock:
            if not self.within_limits(call.method, parts):
                return 429, {"error": "rate-limit-error"}
        if parts[0] == "webhooks":
            return self.webhook(call.method, parts[1:], call.body)
        with self.lock:
            if parts == ["meeting-tokens"]:
                return self.token(call.body)
            if parts == ["presence"]:
                return 200, self.presence()
            if parts[0] == "meetings":
                return self.meeting(parts[1:], query)
            if parts[0] == "recordings":
                return self.finished(call.method, parts[1:], query)
            if parts[0] == "rooms" and len(parts) == 1:
                return self.create(call.body)
            if parts[0] == "rooms":
                return self.room(call.method, parts[1], parts[2:], call.body)
            return 404, {"error": "not-found"}

    def right(self, model, body):
        wrong = misshapen(model, body)
        if wrong:
            self.complaints.append(wrong)
        return 200, body

    def token(self, body):
        complaint = self.wrong(body["properties"], TOKEN, TOKEN)
        if complaint:
            return self.bad(complaint)
        return self.right("dailyco_token", {"token": "daily." + body["properties"]["room_name"] + "." + str(len(self.calls))})

    def create(self, body):
        name, properties = body["name"], body["properties"]
        complaint = self.wrong(properties, ROOM, set(ROOM) - {"recordings_bucket", "enable_recording"})
        if complaint or set(body) != {"name", "privacy", "properties"} or not re.fullmatch(r"[\w-]{1,128}", name):
            return self.bad(complaint or "bad room")
        if name in self.rooms:
            return 400, {"error": "invalid-request-error", "info": f"a room named {name} already exists"}
        self.rooms[name] = {"id": str(uuid.uuid4()), "name": name, "api_created": True, "privacy": body["privacy"], "url": f"https://example.daily.co/{name}",
                            "created_at": "2026-01-01T00:00:00.000Z", "config": properties}
        return self.right("dailyco_room", self.rooms[name])

    def room(self, method, name, below, body):
        room = self.rooms.get(name)
        if not room:
            return 404, {"error": "not-found", "info": f"room {name} not found"}
        if below == ["eject"]:
            self.ejected.append((name, tuple(body["user_ids"]), body["ban"]))
            out = [s for s, p in self.people.get(name, {}).items() if p["user_id"] in body["user_ids"]]
            threading.Thread(target=lambda: [self.leave(name, s) for s in out]).start()
            return self.right("dailyco_ejected", {"ejectedIds": out})
        if below[:1] == ["recordings"]:
            return self.record(name, below[1], body)
        if method == "DELETE":
            del self.rooms[name]
            return self.right("dailyco_room_deleted", {"deleted": True, "name": name})
        if method == "POST":
            complaint = self.wrong(body["properties"], ROOM)
            if complaint:
                return self.bad(complaint)
            if body["properties"].get("enable_recording", "cloud") not in ("cloud", "cloud-audio-only", "local", "raw-tracks", None):
                return self.bad("enable_recording")
            room["config"] = {k: v for k, v in {**room["config"], **body["properties"]}.items() if v is not None}
        return self.right("dailyco_room", room)

    def record(self, name, verb, body):
        kind, instance = body.get("type", "cloud"), body["instanceId"]
        running = self.recordings.get(instance) == "in-progress"
        if instance == DEFAULT_INSTANCE:
            return self.bad("the default instance is reserved")
        if self.hosting and not self.people.get(name):
            return 404, {"error": "not-found", "info": f"room {name} does not seem to be hosting a call currently"}
        if verb == "start" and self.rooms[name]["config"].get("enable_recording") != kind:
            return self.bad("recording is off in this room")
        if verb == "start" and running:
            return 400, {"error": "invalid-request-error", "info": f"{name} has an active stream"}
        if verb == "stop" and not running:
            return 400, {"error": "invalid-request-error", "info": "no active recording"}
        if verb == "stop":
            self.recordings[instance] = "finished"
        else:
            self.recordings[instance] = "in-progress"
            if self.hosting:
                threading.Thread(target=self.begin_recording, args=(name, instance, kind)).start()
        return self.right("dailyco_sent", {"status": "sent"})

    # ---- who is and was there

    def presence(self):
        now = time.time()
        return {room: [self.right("dailyco_presence_participant", {
            "room": room, "id": p["id"], "userId": p["user_id"], "userName": p["user_name"], "mtgSessionId": self.meetings[room],
            "joinTime": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(p["joined_at"])), "duration": int(now - p["joined_at"])})[1] for p in people.values()]
            for room, people in self.people.items() if people}

    def meeting(self, below, query):
        now = int(time.time())
        if not below:
            fits = sorted((m for m in self.past.values() if query.get("room", m["room"]) == m["room"] and m["start_time"] >= int(query.get("timeframe_start", 0))), key=lambda m: (-m["start_time"], m["id"]))
            page = self.page(fits, query, "id")
            return self.right("dailyco_meeting_list", {"total_count": len(fits), "data": [
                {"id": m["id"], "room": m["room"], "start_time": m["start_time"], "duration": int(m["ended"] or now) - m["start_time"], "ongoing": m["ended"] is None, "max_participants": len(m["stays"])} for m in page]})
        stays = sorted(self.past[below[0]]["stays"], key=lambda p: (p["joined_at"], p["id"])) if below[0] in self.past else []
        after = query.get("joined_after")
        if after:
            stays = stays[next(i for i, p in enumerate(stays) if p["id"] == after) + 1:]
        if not stays:
            return 404, {"error": "not-found"}
        return self.right("dailyco_meeting_participant_list", {"data": [
            {"user_id": p["user_id"], "participant_id": p["id"], "user_name": p["user_name"], "join_time": int(p["joined_at"]), "duration": int(p["left_at"] or now) - int(p["joined_at"])}
            for p in stays[:int(query.get("limit", 100))]]})

    @staticmethod
    def page(things, query, key):
        after = query.get("starting_after")
        if after:
            things = things[next(i for i, t in enumerate(things) if t[key] == after) + 1:]
        return things[:min(int(query.get("limit", 100)), 100)]

    def finished(self, method, below, query):
        if not below:
            fits = [r.shown() for r in sorted(self.made.values(), key=lambda r: (-r.start, r.id)) if query.get("room_name", r.room) == r.room]
            return self.right("dailyco_recording_list", {"total_count": len(fits), "data": self.page(fits, query, "id")})
        r = self.made.get(below[0])
        if not r:
            return 404, {"error": "not-found"}
        if method == "DELETE":
            del self.made[r.id]
            return 200, {"deleted": True, "id": r.id}
        if below[1:] == ["access-link"]:
            place = "moved" if self.redirect else "files"
            return self.right("dailyco_access_link", {"download_link": f"http://127.0.0.1:{self.port}/{place}/{r.id}.mp4?sig=a%2Fb", "expires": int(time.time()) + 3600})
        return self.right("dailyco_recording", r.shown())

    # ---- webhooks as they are set up

    def webhook(self, method, below, body):
        if not below and method == "GET":
            return 200, [self.right("dailyco_webhook", w)[1] for w in self.webhooks.values()]
        if not below:
            if self.webhooks:
                return 400, {"error": "invalid-request-error", "info": "a webhook exists already"}
            w = {"uuid": str(uuid.uuid4()), "url": body["url"], "hmac": body.get("hmac") or base64.b64encode(os.urandom(32)).decode(), "retryType": body.get("retryType", "circuit-breaker"),
                 "eventTypes": body.get("eventTypes") or sorted(EVENTS), "state": "ACTIVE", "failedCount": 0, "domainId": DOMAIN, "createdAt": "2026-01-01T00:00:00.317Z", "updatedAt": "2026-01-01T00:00:00.317Z"}
            return self.probed(w, w)
        w = self.webhooks.get(below[0])
        if not w:
            return 404, {"error": "not-found"}
        if method == "DELETE":
            del self.webhooks[below[0]]
            return 200, {}
        if method == "PATCH":
            return 404, {"error": "not-found"}
        return self.probed(w, {**w, **(body or {}), "state": "ACTIVE", "failedCount": 0}) if method == "POST" else (200, w)

    def probed(self, old, new):
        unknown = set(new["eventTypes"]) - EVENTS
        if unknown:
            return self.bad(f"unknown event types {unknown}")
        try:
            base64.b64decode(new["hmac"], validate=True)
        except ValueError:
            return 400, {"error": "invalid-request-error", "info": '"hmac" must be a valid base64 string'}
        got = self.push(new["url"], new["hmac"], {"test": "test"})
        if got != 200:
            return 400, {"error": "invalid-request-error", "info": f"non-200 status code returned from webhook endpoint, recvd {got or 'undefined'}"}
        old.update(new)
        with self.lock:
            self.webhooks[old["uuid"]] = old
        return self.right("dailyco_webhook", old)
