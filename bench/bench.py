"""Speed of roomd as ratios to floors that are measured in turn with it, so that a busy machine slows both.

create  durable POST /api/v1/sessions       to bare SQLite group commits of the same rows, as many in a commit as connections
get     GET /api/v1/sessions/{id}           to a bare libmicrohttpd handler that answers as many bytes
join    POST /api/v1/sessions/{id}/join     to the same; the same user joins again
intake  POST /webhooks/livekit, signed      to a bare server of the same requests: libmicrohttpd, group commits of the same rows in SQLite, nothing looked at
group   the same runs                       to group commit with SQLite and nothing else: as many threads as connections, each waiting for the commit of its row before it has another
appends the same runs                       to batches of the same rows in one thread, as many in a commit as connections: nobody waits for anything
list    GET /api/v1/sessions, first page    with a million sessions of one's own, to the same with a thousand
facade  reads of /v1, Daily's words, to the same of /api/v1: room, rooms (a page of 20), people (five), history, films (a page of 20), film;
        and the newest meeting of a room that had 500, of 10 000 stays, to that of a room that had one: long
courses GET /sessions, first page           the same, of the Live Sessions API
webhooks  deliveries of a backlog          to a bare libcurl multi loop that posts as many bytes to the same receiver, as many at a time
stream  one event to 10 000 open streams, from the request that causes it until the last has it, to a bare epoll loop that writes the same bytes to as many sockets; and memory of each
upload  a recording of 2 GiB to MinIO       to `curl -T` of the same file to the same MinIO; in MiB a second; memory: how much more at the peak
mint    a join token of liblivekit           to bare HMAC-SHA256 and base64url of the same bytes, in processor time
warn    the get with LOG_LEVEL=warn         to the get with LOG_LEVEL=info: what the request log costs
start   from the start to "ready", on a new data folder; memory of the idle server (the media engine apart)

Every round measures the floor, then roomd; a ratio is the median of the rounds' ratios. The load is Debian's wrk on one thread.
One line of JSON a figure, then a table. A figure with a reply that was not 2xx is void, and then the exit code is 1."""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from contextlib import ExitStack

import letters
import uploads

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build"))
CONNECTIONS = [1, 32, 128, 256, 1000]
TARGETS = {"create": 0.7, "intake": 0.7, "group": 0.7, "appends": 0.7, "get": 0.5, "join": 0.35, "list": 0.67, "courses": 0.67, "facade": 0.83, "webhooks": 0.5, "mint": 0.7, "stream": 0.5, "upload": 0.7}
FEW, MANY = 1_000, 1_000_000 # sessions
READY_MS, IDLE_KIB = 1000, 20 * 1024
UPLOAD_KIB = 32 * 1024
TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")
EMAIL, PASSWORD = "bench@example.org", "correct horse battery"
WEBHOOKS, AT_A_TIME, WEBHOOK_BYTES = 50_000, 64, 230  # messages in a run, requests at a time (src/webhook/parts.h), a body
SUBSCRIBERS, EVENTS_A_RUN, SUBSCRIBER_KIB = 10_000, 10, 16
CREATE = json.dumps({"title": "Benchmark session"})


class Process:
    """A server under load: a program that says on its first line that it is ready."""

    def __init__(self, command, env=None, log=subprocess.DEVNULL, stop=signal.SIGKILL):
        began = time.monotonic()
        self.process = subprocess.Popen([str(word) for word in command], env=env, stdout=subprocess.PIPE, stderr=log, text=True)
        self.stop_signal, self.line = stop, self.process.stdout.readline()
        self.ready_ms = (time.monotonic() - began) * 1000
        if not self.line.startswith("ready"):
            sys.exit(f"{command[0]} does not start: {self.line!r}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(self.stop_signal)
        self.process.wait(20)

    def cpu_us(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * TICK_US

    def rss_kib(self):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1])


class Roomd(Process):
    def __init__(self, folder, threads, level="info", extra=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        env = {"PATH": os.environ["PATH"], "RATE_LIMITS": "off", "LOG_LEVEL": level, "HTTP_THREADS": str(threads), "ACCESS_TOKEN_EXPIRE_MINUTES": "1440", **(extra or {})}
        with open(self.folder / "log", "w") as log:
            super().__init__([BUILD / "roomd", "serve", "--data", self.folder / "data", "--listen", "127.0.0.1:0"], env, log, signal.SIGINT)
        self.url = self.line.split()[1].replace("localhost", "127.0.0.1") + "/api/v1"

    def call(self, method, path, body=None, form=False):
        data = None if body is None else (urllib.parse.urlencode(body) if form else json.dumps(body)).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded" if form else "application/json"}
        if hasattr(self, "bearer"):
            headers["Authorization"] = self.bearer
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers, method=method), timeout=30) as reply:
            return reply.read()

    def metric(self, name):
        with urllib.request.urlopen(self.url.removesuffix("/api/v1") + "/metrics", timeout=30) as reply:
            return int(re.search(rf"^roomd_{name} (\d+)$", reply.read().decode(), re.M)[1])

    def sign_in(self):
        self.user = json.loads(self.call("POST", "/auth/register", {"email": EMAIL, "password": PASSWORD, "full_name": "Bench Teacher"}))["id"]
        self.bearer = "Bearer " + json.loads(self.call("POST", "/auth/login", {"username": EMAIL, "password": PASSWORD}, form=True))["access_token"]
        return self

    def session(self):
        return f"/sessions/{json.loads(self.call('POST', '/sessions', json.loads(CREATE)))['id']}"


def load(server, url, bearer, connections, seconds, method="GET", body=None):
    """One run of wrk; what the server's processor time was for each request comes with it."""
    env = {**os.environ, "BENCH_METHOD": method, "BENCH_AUTHORIZATION": bearer}
    if body:
        env["BENCH_BODY"] = body
    before = server.cpu_us()
    run = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", ROOT / "bench" / "load.lua", url],
                         env=env, capture_output=True, text=True)
    line = next((text for text in run.stdout.splitlines() if text.startswith("{")), None)
    if not line:
        sys.exit(f"wrk failed: {run.stderr}{run.stdout}")
    result = json.loads(line)
    result["cpu_us"] = (server.cpu_us() - before) / max(result["requests"], 1)
    return result


def summed(figure, connections, floors, runs, target=None):
    middle = lambda rows, key: statistics.median(row[key] for row in rows)
    row = {"figure": figure, "connections": connections, "floor_rps": round(middle(floors, "rps")), "roomd_rps": round(middle(runs, "rps")),
           "ratio": round(statistics.median(b["rps"] / a["rps"] for a, b in zip(floors, runs)), 3), "target": target or TARGETS.get(figure),
           "p99_ms": round(middle(runs, "p99_ms"), 2), "cpu_us": round(middle(runs, "cpu_us"), 2)}
    if "cpu_us" in floors[0]:
        row |= {"floor_p99_ms": round(middle(floors, "p99_ms"), 2), "floor_cpu_us": round(middle(floors, "cpu_us"), 2)}
    bad = sum(r.get("non2xx", 0) + r.get("errors", 0) for r in floors + runs)
    if bad:
        row["void"] = f"{bad} replies were no success"
    print(json.dumps(row), flush=True)
    return row


def in_turn(figure, connections, rounds, floor, roomd, target=None):
    pairs = [(floor(), roomd()) for _ in range(rounds)]
    return summed(figure, connections, [a for a, _ in pairs], [b for _, b in pairs], target)


def against_http(figure, args, roomd, path, method):
    """get and join: the floor answers as many bytes as roomd does."""
    size = len(roomd.call(method, path))
    with Process([BUILD / "floor_http", args.floor_port, args.threads, size]) as floor:
        for n in args.connections:
            yield in_turn(figure, n, args.rounds,
                          lambda: load(floor, f"http://127.0.0.1:{args.floor_port}/", roomd.bearer, n, args.seconds, method),
                          lambda: load(roomd, roomd.url + path, roomd.bearer, n, args.seconds, method))


def bare_commits(file, user, batch, seconds):
    return json.loads(subprocess.run([BUILD / "floor_sqlite", file, str(user), str(batch), str(seconds)], check=True, stdout=subprocess.PIPE).stdout)


def create(args, folder):
    """Each number of connections begins with an empty database, and the floor with a copy of it."""
    for n in args.connections:
        with Roomd(folder / f"create-{n}", args.threads) as roomd:
            roomd.sign_in()
            file = roomd.folder / "floor.db"
            subprocess.run(["sqlite3", roomd.folder / "data" / "roomd.db", f"VACUUM INTO '{file}'"], check=True)
            yield in_turn("create", n, args.rounds,
                          lambda: bare_commits(file, roomd.user, n, args.seconds),
                          lambda: load(roomd, f"{roomd.url}/sessions", roomd.bearer, n, args.seconds, "POST", CREATE))


def intake(args, folder):
    """As create; every event is another one, signed beforehand. Each round measures the three floors, then roomd. The first two have the machine to
    themselves; beside the third runs the same load generator as beside roomd."""
    extra = {"LIVEKIT_API_KEY": letters.LIVEKIT_KEY, "LIVEKIT_API_SECRET": letters.LIVEKIT_SECRET}
    proof, body = letters.livekit_one()

    def rows_alone(program, file, n):
        return json.loads(subprocess.run([BUILD / program, file, str(n), str(args.seconds), body, proof], check=True, stdout=subprocess.PIPE).stdout)

    def all_four(files, bare, roomd, n):
        letters.livekit(folder / "letters")
        letters.to_be_sent(folder / "letters", letters.LIVEKIT_HEADERS)
        try:
            urls = f"http://127.0.0.1:{args.floor_port}/", roomd.url.removesuffix("/api/v1") + "/webhooks/livekit"
            return [rows_alone("floor_group", files["group"], n), rows_alone("floor_inbox", files["appends"], n), *(load(server, url, "", n, args.seconds, "POST") for server, url in zip((bare, roomd), urls))]
        finally:
            letters.sent()

    for n in args.connections:
        with Roomd(folder / f"intake-{n}", args.threads, extra=extra) as roomd:
            files = {name: roomd.folder / f"floor-{name}.db" for name in ("group", "appends", "intake")}
            for file in files.values():
                subprocess.run(["sqlite3", roomd.folder / "data" / "roomd.db", f"VACUUM INTO '{file}'"], check=True)
            with Process([BUILD / "floor_intake", args.floor_port, args.threads, files["intake"]]) as bare:
                *floors, runs = zip(*(all_four(files, bare, roomd, n) for _ in range(args.rounds)))
            for figure, floor in zip(("group", "appends", "intake"), floors):
                yield summed(figure, n, floor, runs)


STAYS = """
PRAGMA synchronous=OFF; BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
INSERT INTO participants (session_id, identity, name, role, connection_status, screenshare, admitted, token_generation, created_at)
  SELECT {session}, 'student-' || i || '~', 'Student ' || i, 'student', 'connected', 1, 1, 0, {now} FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {past})
INSERT INTO connection_spans (connection, session_id, participant_id, joined_at, left_at)
  SELECT 'past' || i || '-' || p.id, p.session_id, p.id, {now} - 100000000 + i * 100000 + p.id, {now} - 100000000 + i * 100000 + 50000 FROM n CROSS JOIN participants p
  WHERE i < {past} AND p.session_id = {session} AND p.role = 'student' ORDER BY i, p.id;
INSERT INTO connection_spans (connection, session_id, participant_id, joined_at, left_at)
  SELECT 'bench' || id, {session}, id, {now} - 600000 + id, NULL FROM participants WHERE session_id = {session} AND role = 'student' ORDER BY id LIMIT 5;
"""
FILMS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
INSERT INTO recordings (uuid, session_id, status, progress, started_at, ended_at, duration_ms)
  SELECT printf('00000000-0000-4000-8000-%012x', i), {session}, 'ready', 100, {now} - 300000 + i, {now} - 200000 + i, 100000 FROM n;
INSERT INTO recording_files (recording_id, kind, name, sink, key, content_type, size_bytes, sha256, duration_ms)
  SELECT id, 'video', 'recording.mp4', 'local', 'recordings/' || uuid || '/recording.mp4', 'video/mp4', 1000000, '{sha256}', 100000 FROM recordings;
"""
PAST = 500  # meetings of twenty


def people_and_films(roomd, long, short):
    """Put beside the server; meetings are made of the stays as its migration makes them."""
    now, migration = int(time.time() * 1000), (ROOT / "src/db/migrations/0023_meetings.sql").read_text()
    script = STAYS.format(session=long, past=PAST, now=now) + "COMMIT;" + STAYS.format(session=short, past=0, now=now) + FILMS.format(session=short, now=now, sha256=64 * "0")
    script += "DELETE FROM meetings; DELETE FROM meeting_counts;" + migration[migration.index("INSERT INTO meetings"):] + "COMMIT;"
    subprocess.run(["sqlite3", "-bail", roomd.folder / "data" / "roomd.db"], input=script, text=True, check=True, stdout=subprocess.DEVNULL)


def facade(args, folder):
    """A room with five people in it and twenty recordings, among twenty rooms: as Daily's API shows them, and as our own does."""
    with Roomd(folder / "facade", args.threads) as roomd:
        roomd.sign_in()
        root = roomd.url.removesuffix("/api/v1")
        rooms = []
        for _ in range(20):
            make = urllib.request.Request(root + "/v1/rooms", b'{"properties":{"max_participants":20,"enable_chat":true}}', {"Authorization": roomd.bearer}, method="POST")
            with urllib.request.urlopen(make, timeout=30) as reply:
                rooms.append(json.load(reply)["name"])
        ids = {s["title"]: s["id"] for s in json.loads(roomd.call("GET", "/sessions?limit=20"))["sessions"]}
        long, room = rooms[0], rooms[-1]
        session = ids[room]
        people_and_films(roomd, ids[long], session)
        film = json.loads(roomd.call("GET", f"/sessions/{session}/recordings"))["recordings"][0]
        reads = {"room": (f"/api/v1/sessions/{session}", f"/rooms/{room}"), "rooms": ("/api/v1/sessions?limit=20", "/rooms?limit=20"),
                 "people": (f"/api/v1/sessions/{session}/participants", f"/rooms/{room}/presence"), "history": (f"/api/v1/sessions/{session}/attendance", f"/meetings?room={room}"),
                 "films": (f"/api/v1/sessions/{session}/recordings?limit=20", f"/recordings?room_name={room}&limit=20"), "film": (f"/api/v1/recordings/{film['id']}", f"/recordings/{film['uuid']}"),
                 "long": (f"/v1/meetings?room={room}&limit=1", f"/meetings?room={long}&limit=1")}
        for n in args.connections:
            for what, (ours, daily) in reads.items():
                yield in_turn(f"/v1 {what}", n, args.rounds, lambda: load(roomd, root + ours, roomd.bearer, n, args.seconds),
                              lambda: load(roomd, f"{root}/v1{daily}", roomd.bearer, n, args.seconds), TARGETS["facade"])


def reading(args, folder):
    with ExitStack() as stack:
        roomd = stack.enter_context(Roomd(folder / "info", args.threads)).sign_in()
        path = roomd.session()
        if "get" in args.only:
            yield from against_http("get", args, roomd, path, "GET")
        if "join" in args.only:
            yield from against_http("join", args, roomd, path + "/join", "POST")
        if "warn" in args.only:
            quiet = stack.enter_context(Roomd(folder / "warn", args.threads, "warn")).sign_in()
            other = quiet.session()
            yield in_turn("warn", 32, args.rounds, lambda: load(roomd, roomd.url + path, roomd.bearer, 32, args.seconds),
                          lambda: load(quiet, quiet.url + other, quiet.bearer, 32, args.seconds))


FILL = """
PRAGMA synchronous=OFF; BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
INSERT INTO sessions (uuid, teacher_id, title, status, provider, room_name, room_code, duration_minutes, max_participants, enable_recording, enable_chat,
  enable_screenshare, waiting_room, allow_guests, locked, created_at, updated_at)
  SELECT printf('00000000-0000-4000-8000-%012x', i), {user}, 'Lesson ' || i, 'scheduled', 'janus', 'session-fill' || i, 'F' || i, 60, 50, 0, 1, 1, 0, 1, 0, i, i FROM n;
INSERT INTO participants (session_id, user_id, identity, name, role, connection_status, screenshare, admitted, token_generation, created_at)
  SELECT id, teacher_id, 'user-' || teacher_id, 'Bench Teacher', 'teacher', 'invited', 1, 1, 0, created_at FROM sessions;
INSERT INTO session_counts (user_id, status, total) VALUES ({user}, 'scheduled', {count});
COMMIT; PRAGMA wal_checkpoint(TRUNCATE);
"""


def filled(stack, args, folder, count):
    """A server whose user has that many sessions; they are put beside it, as a million requests would take minutes."""
    roomd = stack.enter_context(Roomd(folder / f"list-{count}", args.threads)).sign_in()
    subprocess.run(["sqlite3", roomd.folder / "data" / "roomd.db"], input=FILL.format(count=count, user=roomd.user), text=True, check=True, stdout=subprocess.DEVNULL)
    total = json.loads(roomd.call("GET", "/sessions?limit=10"))["total"]
    if total != count:
        sys.exit(f"{count} sessions were put in, roomd knows {total}")
    return roomd


def pages(args, folder):
    with ExitStack() as stack:
        few, many = filled(stack, args, folder, FEW), filled(stack, args, folder, MANY)
        paths = {"list": "/api/v1/sessions?limit=10", "courses": "/sessions?page=1&pageCount=10"}
        for figure, path in ((f, p) for f, p in paths.items() if f in args.only):
            yield in_turn(figure, 32, args.rounds, *(lambda r=r: load(r, r.url.removesuffix("/api/v1") + path, r.bearer, 32, args.seconds) for r in (few, many)))


EVENTS = """
PRAGMA synchronous=OFF; BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
INSERT INTO events (session_id, user_id, event_type, event_data, timestamp) SELECT 1 + i % 1000, {user}, 'participant.joined', '{{"participant_id":1,"connection":"abcdefghij"}}', i FROM n;
UPDATE webhook_endpoints SET position = (SELECT max(id) FROM events) - {count};
COMMIT;
"""


def deliveries(roomd, path, count):
    """From letting the endpoint go until the last of them was taken and noted."""
    database = roomd.folder / "data" / "roomd.db"
    sql = lambda text: subprocess.run(["sqlite3", "-cmd", ".timeout 10000", database], input=text, text=True, check=True, stdout=subprocess.PIPE).stdout
    roomd.call("PATCH", path, {"state": "paused"})
    noted = lambda: int(sql("SELECT count(*) FROM webhook_deliveries WHERE state = 'delivered'"))
    taken = lambda: roomd.metric("webhook_delivered_total")
    sql(EVENTS.format(count=count, user=roomd.user))
    before, taken_before = noted(), taken()
    cpu, began = roomd.cpu_us(), time.monotonic()
    roomd.call("PATCH", path, {"state": "active"})
    while taken() - taken_before < count and time.monotonic() < began + 120:  # to count rows would cost the machine as much as to write them
        time.sleep(0.02)
    while (done := noted() - before) < count and time.monotonic() < began + 120:
        pass
    took = time.monotonic() - began
    return {"rps": done / took, "p99_ms": 0, "cpu_us": (roomd.cpu_us() - cpu) / max(done, 1), "errors": count - done}


def webhooks(args, folder):
    with Process([BUILD / "floor_http", args.floor_port, 1, 2]), Roomd(folder / "webhooks", args.threads, "warn") as roomd:
        data, url = roomd.folder / "data", f"http://127.0.0.1:{args.floor_port}/"
        admin = ["user", "add", "--data", data, "--email", "admin@example.org", "--role", "admin", "--password-stdin"]
        subprocess.run([BUILD / "roomd", *admin], input=PASSWORD + "\n", text=True, check=True, stdout=subprocess.DEVNULL)
        roomd.sign_in()
        subprocess.run(["sqlite3", data / "roomd.db"], input=FILL.format(count=1000, user=roomd.user), text=True, check=True, stdout=subprocess.DEVNULL)
        roomd.bearer = "Bearer " + json.loads(roomd.call("POST", "/auth/login", {"username": "admin@example.org", "password": PASSWORD}, form=True))["access_token"]
        path = f"/webhooks/endpoints/{json.loads(roomd.call('POST', '/webhooks/endpoints', {'url': url, 'event_types': ['participant.joined']}))['id']}"
        floor = [BUILD / "floor_webhooks", url, AT_A_TIME, args.seconds, WEBHOOK_BYTES]
        return in_turn("webhooks", AT_A_TIME, args.rounds, lambda: json.loads(subprocess.run([str(w) for w in floor], check=True, stdout=subprocess.PIPE).stdout),
                       lambda: deliveries(roomd, path, WEBHOOKS))


class Subscribers(Process):
    """Open streams in one program, and what each costs the server."""

    def __init__(self, server, port, folder, stream, fire):
        for name, text in (("stream", stream), ("fire", fire)):
            (folder / name).write_text("\r\n".join([*text, *([] if "" in text else ["", ""])]), newline="")
        self.server, before = server, server.rss_kib()
        command = [BUILD / "stream_client", port, SUBSCRIBERS, folder / "stream", folder / "fire"]
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.stop_signal = signal.SIGKILL
        if self.process.stdout.readline() != "ready\n":
            sys.exit("stream_client does not start")
        self.kib_each = (server.rss_kib() - before) / SUBSCRIBERS

    def event(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def run(self):
        cpu, took = self.server.cpu_us(), [self.event()["ms"] for _ in range(EVENTS_A_RUN)]
        return {"rps": SUBSCRIBERS * EVENTS_A_RUN / sum(took) * 1000, "p99_ms": max(took), "cpu_us": (self.server.cpu_us() - cpu) / SUBSCRIBERS / EVENTS_A_RUN}


UPGRADE = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]


def stream(args, folder):
    for figure, extra in (("stream", []), ("stream ws", UPGRADE)):
        with ExitStack() as stack:
            roomd = stack.enter_context(Roomd(folder / figure, args.threads, "warn", {"STREAM_SUBSCRIBERS_EACH": "100000"})).sign_in()
            port, path, who = roomd.url.split(":")[2].split("/")[0], roomd.session(), ["Host: bench", f"Authorization: {roomd.bearer}"]
            change = [f"PATCH /api/v1{path} HTTP/1.1", *who, "Content-Type: application/json", "Content-Length: 15", "", '{"title":"New"}']
            ours = stack.enter_context(Subscribers(roomd, port, roomd.folder, ["GET /api/v1/stream HTTP/1.1", *who, *extra], change))
            size = ours.event()["bytes"]
            floor = stack.enter_context(Process([BUILD / "floor_stream", args.floor_port, size]))
            theirs = stack.enter_context(Subscribers(floor, args.floor_port, roomd.folder, ["GET /stream HTTP/1.1", "Host: bench"], ["GET /fire HTTP/1.1", "Host: bench"]))
            row = in_turn("stream", SUBSCRIBERS, args.rounds, theirs.run, ours.run)
            row["figure"] = figure
            print(json.dumps({"figure": figure, "kib_each": round(ours.kib_each, 2), "kib_each_target": SUBSCRIBER_KIB, "bytes": size}), flush=True)
            yield row


def mint(args, _):
    """Both in one process, a tenth of a second each in turn."""
    lines = subprocess.run([BUILD / "mint", str(args.seconds * args.rounds)], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    runs = [{"p99_ms": 0, "cpu_us": 1e6 / run["rps"], **run} for run in map(json.loads, lines)]
    yield summed("mint", 1, [{"rps": run["floor_rps"]} for run in runs], runs)


def upload(args, folder):
    why = uploads.missing()
    if why:
        print(f"upload: no figure: {why}", flush=True)
        return
    minio = uploads.store(folder)
    try:
        with Roomd(folder / "upload", args.threads, extra=uploads.settings(minio)) as roomd:
            number, file, key = uploads.recording(roomd.sign_in(), uploads.big_file)
            pairs = [(uploads.curl(minio, file), uploads.upload(roomd, minio, number, key)) for _ in range(args.rounds)]
            row = summed("upload", 1, [a for a, _ in pairs], [b for _, b in pairs])
            row |= {"more_kib": max(b["more_kib"] for _, b in pairs), "more_target_kib": UPLOAD_KIB}
            print(json.dumps({"figure": "upload", "more_kib": row["more_kib"], "more_target_kib": UPLOAD_KIB}), flush=True)
            yield row
    finally:
        minio.close()


PARTS = [({"mint"}, mint), ({"get", "join", "warn"}, reading), ({"facade"}, facade), ({"list", "courses"}, pages), ({"create"}, create), ({"intake"}, intake), ({"webhooks"}, lambda *how: [webhooks(*how)]), ({"stream"}, stream), ({"upload"}, upload)]


def start(args, folder):
    readings = []
    for i in range(5):
        with Roomd(folder / f"start-{i}", args.threads) as roomd:
            readings.append((roomd.ready_ms, roomd.rss_kib()))
    ready, rss = (statistics.median(column) for column in zip(*readings))
    row = {"figure": "start", "ready_ms": round(ready), "ready_target_ms": READY_MS, "idle_rss_kib": rss, "idle_rss_target_kib": IDLE_KIB}
    print(json.dumps(row), flush=True)
    return row


def verdict(row):
    if "void" in row:
        return f"VOID: {row['void']}"
    if row.get("more_kib", 0) >= UPLOAD_KIB:
        return f"{row['more_kib'] / 1024:.1f} MiB more memory"
    return "" if not row["target"] else "ok" if row["ratio"] >= row["target"] else "short"


def table(rows, started):
    print(f"\n{'figure':12}{'connections':>12}{'floor/s':>10}{'roomd/s':>10}{'ratio':>8}{'target':>8}{'p99 ms':>9}{'CPU µs':>8}{'floor':>8}")
    for r in rows:
        print(f"{r['figure']:12}{r['connections']:>12}{r['floor_rps']:>10}{r['roomd_rps']:>10}{r['ratio']:>8.2f}{r['target'] or '':>8}{r['p99_ms']:>9}{r['cpu_us']:>8.1f}"
              f"{r.get('floor_cpu_us', ''):>8}  {verdict(r)}")
    if started:
        print(f"start to ready {started['ready_ms']} ms (< {READY_MS}: {'ok' if started['ready_ms'] < READY_MS else 'short'}), "
              f"idle memory {started['idle_rss_kib'] / 1024:.1f} MiB (< {IDLE_KIB // 1024}: {'ok' if started['idle_rss_kib'] < IDLE_KIB else 'short'})")


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seconds", type=int, default=2, help="of each run")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--connections", type=lambda text: [int(n) for n in text.split(",")], default=CONNECTIONS)
    p.add_argument("--only", type=lambda text: text.split(","), default=["start", "mint", "get", "join", "list", "courses", "facade", "warn", "create", "intake", "webhooks", "stream", "upload"])
    p.add_argument("--threads", type=int, default=1, help="HTTP threads of roomd and of the floor; wrk has one")
    p.add_argument("--floor-port", type=int, default=7099)
    return p.parse_args()


def main():
    args = arguments()
    subprocess.run(["ninja", "-C", BUILD, "--quiet", "roomd", "floor_http", "floor_sqlite", "floor_inbox", "floor_group", "floor_intake", "floor_webhooks", "floor_stream", "stream_client", "mint"], check=True)
    (ROOT / "out").mkdir(exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / "out"))  # a real disk: commits are synced
    try:
        started = start(args, folder) if "start" in args.only else None
        rows = [row for figures, run in PARTS for row in (run(args, folder) if figures & set(args.only) else ())]
    finally:
        shutil.rmtree(folder)
    table(rows, started)
    sys.exit(any("void" in row for row in rows))


if __name__ == "__main__":
    main()
