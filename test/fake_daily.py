"""A stand-in of Daily's REST API on the wire: it knows rooms, tokens and recordings, and minds what it is sent.

`calls` is everything that came; `fault` makes the next fitting calls go wrong: a status, a dropped connection before or after
the work was done, silence. A request that Daily would not understand answers 400 and is noted in `complaints`."""
import json
import re
import threading
import time
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Call = namedtuple("Call", "method path body")
ROOM = {"max_participants": int, "enable_screenshare": bool, "enable_chat": bool, "enable_recording": str, "start_video_off": bool, "start_audio_off": bool, "exp": int}
TOKEN = {"room_name": str, "user_name": str, "user_id": str, "is_owner": bool, "enable_screenshare": bool, "exp": int}


class Fault:
    def __init__(self, method, path, status=None, times=1, drop=None, headers=None, body=None, hold=None):
        self.method, self.path, self.status, self.left, self.drop, self.headers = method, re.compile(path), status, times, drop, headers or {}
        self.body = {"error": "server-error", "info": "SECRET-OF-DAILY try again"} if body is None else body
        self.hold, self.met = hold, threading.Event()

    def fits(self, call):
        return self.left > 0 and self.method in (call.method, "*") and self.path.fullmatch(call.path)


class FakeDaily:
    def __init__(self, key="daily-key"):
        self.key, self.rooms, self.recordings, self.calls, self.complaints, self.faults = key, {}, {}, [], [], []
        self.ejected, self.connections, self.lock = [], 0, threading.Lock()
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
                call = Call(self.command, self.path.removeprefix("/v1"), json.loads(text) if text else None)
                with fake.lock:
                    fake.calls.append(call)
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

            do_GET = do_POST = do_DELETE = answer

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

    # ---- what Daily does

    def bad(self, info):
        self.complaints.append(info)
        return 400, {"error": "invalid-request-error", "info": info}

    def wrong(self, given, known, needed=()):
        for name, value in given.items():
            if name not in known or type(value) is not known[name]:
                return f"unknown parameter '{name}' or not the right type: {value!r}"
        missing = set(needed) - set(given)
        if missing:
            return f"missing required field {missing}"
        if given.get("exp", time.time() + 60) < time.time():
            return f"exp was '{given['exp']}', which is in the past rather than in the future"
        return None

    def work(self, call, headers):
        if "Authorization" not in headers:
            return 400, {"error": "authorization-header-error"}
        if headers["Authorization"] != f"Bearer {self.key}":
            return 401, {"error": "authentication-error"}
        if call.body is not None and headers.get("Content-Type") != "application/json":
            return self.bad("no JSON content type")
        with self.lock:
            parts = call.path.strip("/").split("/")
            if parts == ["meeting-tokens"]:
                return self.token(call.body)
            if parts[0] == "rooms" and len(parts) == 1:
                return self.create(call.body)
            if parts[0] == "rooms":
                return self.room(call.method, parts[1], parts[2:], call.body)
            return 404, {"error": "not-found"}

    def token(self, body):
        complaint = self.wrong(body["properties"], TOKEN, TOKEN)
        if complaint:
            return self.bad(complaint)
        return 200, {"token": "daily." + body["properties"]["room_name"] + "." + str(len(self.calls))}

    def create(self, body):
        name, properties = body["name"], body["properties"]
        complaint = self.wrong(properties, ROOM, ROOM)
        if complaint or set(body) != {"name", "privacy", "properties"} or not re.fullmatch(r"[\w-]{1,128}", name):
            return self.bad(complaint or "bad room")
        if name in self.rooms:
            return 400, {"error": "invalid-request-error", "info": f"a room named {name} already exists"}
        self.rooms[name] = {"name": name, "privacy": body["privacy"], "url": f"https://example.daily.co/{name}", "config": properties}
        return 200, self.rooms[name]

    def room(self, method, name, below, body):
        room = self.rooms.get(name)
        if not room:
            return 404, {"error": "not-found", "info": f"room {name} not found"}
        if below == ["eject"]:
            self.ejected.append((name, tuple(body["user_ids"]), body["ban"]))
            return 200, {"ejectedIds": []}
        if below[:1] == ["recordings"]:
            return self.record(name, below[1], body)
        if method == "DELETE":
            del self.rooms[name]
            return 200, {"deleted": True, "name": name}
        if method == "POST":
            complaint = self.wrong(body["properties"], ROOM)
            if complaint:
                return self.bad(complaint)
            room["config"] = {**room["config"], **body["properties"]}
        return 200, room

    def record(self, name, verb, body):
        running = self.recordings.get(body["instanceId"]) == "in-progress"
        if verb == "start" and self.rooms[name]["config"]["enable_recording"] != "cloud":
            return self.bad("recording is off in this room")
        if verb == "start" and running:
            return 400, {"error": "invalid-request-error", "info": f"{name} has an active stream"}
        if verb == "stop" and not running:
            return 400, {"error": "invalid-request-error", "info": "no active recording"}
        self.recordings[body["instanceId"]] = "in-progress" if verb == "start" else "finished"
        return 200, {"status": "sent"}
