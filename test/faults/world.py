"""A roomd with all its neighbours (LiveKit with a recorder, a bucket, an endpoint that is told everything), which may be killed at any moment,
and a diary of all that it has acknowledged."""
import contextlib
import itertools
import json
import pathlib
import signal
import subprocess
import time

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

import harness
import postgresql
import records
from control import Control
from fake_livekit import FakeLiveKit
from fake_s3 import FakeS3
from harness import Contract, Server, jwt, until
from livekit_calls import settings
from receiver import Receiver

PARTS = 9 << 20  # of a recording that a bucket takes in two parts
PERIODIC = ("reconcile", "dial_in", "retention")


class Died(Exception):
    """roomd was killed under us."""


class Refused(Exception):
    """Answered with a 5xx, or cut off, where that is to be expected."""


class House(Server):
    """Started many times, so without reading its OpenAPI document each time."""

    def start(self, deadline=harness.DEADLINE):
        """False: it was killed before it was ready."""
        self.launch()
        line = self.first_line(deadline)
        if not line and self.process.wait(deadline) == -signal.SIGKILL:
            return False
        assert line.startswith("ready http://"), f"{line!r}; log:\n{self.log_text()[-4000:]}"
        self.url = line.split()[1]
        self.listen = f"127.0.0.1:{self.url.rsplit(':', 1)[1]}"
        return True

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None


class Person:
    def __init__(self, world, row, token):
        self.world, self.id, self.name, self.token = world, row["id"], row["full_name"], token

    def call(self, method, path, body=None, key=None):
        headers = {"Authorization": f"Bearer {self.token()}", **({"Idempotency-Key": key} if key else {})}
        return self.world.call(method, "/api/v1" + path, json=body, headers=headers)


class World:
    """`tolerant`: what is refused or cut off is to be expected there. `nodes`: houses on one database, of which `house` is the one that is asked."""

    def __init__(self, folder, database="sqlite", nodes=1, tolerant=False, **env):
        self.folder = pathlib.Path(folder)
        self.control = Control(self.folder)
        self.s3, self.receiver = FakeS3(), Receiver()
        self.numbers, self.tolerant, self.deaths = itertools.count(1), tolerant, (-signal.SIGKILL,)
        self.read, self.look, self.skip_ms = [], None, 0  # skip_ms: by which time goes faster while somebody waits
        asked = {"DEPARTURE_TIMEOUT_SECONDS": "86400", "EMPTY_TIMEOUT_SECONDS": "86400", **records.OLD, **self.neighbours(), **self.sinks(), **self.control.env, **env}
        if database == "postgresql":
            asked = {"DATABASE_URL": postgresql.fresh_database(), **asked} if "DATABASE_URL" not in asked else asked
            self.look = postgresql.Look(asked["DATABASE_URL"])
        self.houses = [House(self.folder / f"house{i}", asked) for i in range(nodes)]
        self.house, self.watched = self.houses[0], self.houses  # whose death ends a scene
        # the diary
        self.forgotten, self.untold_copies = set(), set()
        self.accounts, self.sessions, self.ended, self.recordings, self.deleted_recordings, self.keys, self.unanswered = {}, {}, set(), {}, set(), [], {}
        self.hooks, self.came, self.inbox_read = {}, set(), 0  # what a provider was answered with 200: what it is known by to its text; the stays that it told of
        self.http = self.client()
        assert all(house.start() for house in self.houses)
        self.houses[0].contract = Contract.of(self.house.url)  # has the list of what is in the audit log
        self.introduce()
        self.boss = self.admin()
        self.ada, self.ben = self.person("Ada"), self.person("Ben")
        self.endpoint = self.ok(self.boss.call("POST", "/webhooks/endpoints", {"url": self.endpoint_url()}))

    def neighbours(self):
        """The provider; gives what roomd must be told of it."""
        self.livekit = FakeLiveKit(pace=0.01)
        self.deliver, self.livekit.deliver = self.livekit.deliver, self.note_hook
        self.out = self.folder / "out"
        return settings(self.livekit, EGRESS_OUTPUT_PATH=f"{self.out}/{{room_name}}/{{egress_id}}", RECONCILE_SECONDS="1")

    def sinks(self):
        return self.s3.env()

    def endpoint_url(self):
        return self.receiver.url + "/hook"

    def introduce(self):
        """The provider is told where we are."""
        self.livekit.hook_url = self.house.url + "/webhooks/livekit"

    def close(self):
        records.close(self)
        self.control.disarm()
        for house in self.houses:
            if house.alive:
                house.stop()
            house.end_janus()
        if self.look:
            self.look.close()
        self.part()
        self.s3.close()
        self.receiver.close()
        self.http.close()
        self.control.close()

    def part(self):
        self.livekit.close()

    def another(self, name, **env):
        """A house of its own, which knows nobody here; as new as its database is."""
        database = {"DATABASE_URL": postgresql.fresh_database()} if self.look else {}
        return House(self.folder / name, {**self.control.env, **database, **env})

    # ---- what is so at the provider

    provider = "livekit"

    def there(self):
        """Who is in."""
        return {p.sid for people in self.livekit.people.values() for p in people if p.info["kind"] != "EGRESS"}

    def rooms_there(self):
        return set(self.livekit.rooms)

    def made(self):
        """Recordings that are whole; and those that run."""
        items = list(self.livekit.egress.items.values())
        return [i["egress_id"] for i in items if i["status"] == "EGRESS_COMPLETE"], [i["egress_id"] for i in items if i["status"] in ("EGRESS_STARTING", "EGRESS_ACTIVE", "EGRESS_ENDING")]

    def mute(self, on):
        """Nothing is told by webhooks."""
        self.livekit.mute_hooks = on

    def record_as(self, content):
        """What recordings are of from now on."""
        self.livekit.egress.content = content

    def all_leave(self):
        for people in list(self.livekit.people.values()):
            for person in [p for p in people if p.info["kind"] != "EGRESS"]:
                person.leave()

    # ---- asking

    @staticmethod
    def client(timeout=20):
        """A connection for each request: when time jumps, those that were left open are closed, perhaps just as we take one."""
        return httpx.Client(timeout=timeout, limits=httpx.Limits(max_keepalive_connections=0))

    def call(self, method, path, **how):
        try:
            reply = self.http.request(method, self.house.url + path, **how)
            self.houses[0].note_audited(reply, unsure=True)
            return reply
        except httpx.TransportError as e:
            self.gone(e)

    def gone(self, why):
        """Either it was killed, or this is an error of its own."""
        try:
            patience = 0.3 if self.tolerant and not isinstance(why, httpx.ConnectError) else 5  # one that takes no connections has ended, or is about to
            assert self.house.process.wait(patience) in self.deaths, (self.house.process.returncode, self.house.log_text()[-3000:])
        except subprocess.TimeoutExpired:
            if self.tolerant:
                raise Refused from why
            raise AssertionError(f"it does not answer: {why!r}; {self.house.log_text()[-3000:]}") from why
        raise Died from why

    def ok(self, reply):
        if reply.status_code >= 500 and self.tolerant:
            raise Refused
        assert reply.status_code < 300, (reply.request.method, reply.request.url, reply.status_code, reply.text)
        return reply.json() if reply.content else None

    def once(self, who, path, body, note):
        """A POST that may be asked again after a crash: the same key, so it is done once. `note` writes its answer into the diary."""
        key = f"key-{next(self.numbers)}"
        self.unanswered[key] = (who, path, body, note)
        reply = self.ok(self.ask_once(key))
        return reply

    def ask_once(self, key):
        who, path, body, note = self.unanswered[key]
        reply = who.call("POST", path, body, key) if who else self.call("POST", "/api/v1" + path, json=body, headers={"Idempotency-Key": key})
        if reply.status_code < 300:
            del self.unanswered[key]
            note(reply.json())
        return reply

    # ---- people

    def admin(self):
        email = f"boss{next(self.numbers)}@example.org"
        done = self.house.tool("user", "add", "--email", email, "--role", "admin", "--name", "Boss", "--password-stdin", text=harness.PASSWORD + "\n")
        assert done.returncode == 0, done.stderr
        return Person(self, {"id": int(done.stdout), "full_name": "Boss"}, lambda: self.bearer(int(done.stdout)))

    def bearer(self, user):
        return jwt(self.house.secret, {"sub": str(user), "exp": int(time.time()) + 3600})

    def person(self, name):
        row = self.once(None, "/auth/register", {"email": f"person{next(self.numbers)}@example.org", "password": harness.PASSWORD, "full_name": name}, lambda r: self.accounts.update({r["id"]: r["email"]}))
        return Person(self, row, lambda: self.bearer(row["id"]))

    # ---- lessons

    def lesson(self, who=None, **fields):
        title = f"Lesson {next(self.numbers)}"
        return self.once(who or self.ada, "/sessions", {"title": title, **fields}, lambda r: self.sessions.update({r["id"]: title}))

    def token(self, who, session):
        return self.ok(who.call("POST", f"/sessions/{session['id']}/join"))["token"]

    def come(self, who, session):
        reply = self.ok(self.call("POST", "/api/v1/call/door", json={"token": self.token(who, session), "consent": True}))
        there = self.livekit.join(reply["access_token"])
        assert there, "let in"
        return there

    def end(self, session):
        self.ok(self.ada.call("PATCH", f"/sessions/{session['id']}", {"status": "ended"}))
        self.ended.add(session["id"])

    def page(self, who, session):
        """In by the call's WebSocket; gives it."""
        token = self.token(who, session)
        try:
            ws = connect(self.house.url.replace("http", "ws") + "/api/v1/call", open_timeout=10, close_timeout=2, proxy=None, ping_interval=None, legacy=True)
            ws.send(json.dumps({"t": "join", "token": token, "consent": True}))
            while (said := json.loads(ws.recv(timeout=10)))["t"] != "joined":
                if said["t"] == "error" and said["code"] == "storage_unavailable" and self.tolerant:
                    raise Refused(said)
                assert said["t"] != "error", said
            return ws
        except (OSError, WebSocketException) as e:
            self.gone(e)

    def leave(self, ws):
        try:
            ws.send(json.dumps({"t": "leave"}))
            with contextlib.suppress(WebSocketException):
                while True:
                    ws.recv(timeout=10)
        except OSError as e:
            self.gone(e)

    # ---- recordings

    def record(self, session):
        row = self.ok(self.ada.call("POST", f"/sessions/{session['id']}/recordings"))
        self.recordings[row["id"]] = row["uuid"]
        return row

    def recording(self, row):
        return self.ok(self.ada.call("GET", f"/recordings/{row['id']}"))

    def wait(self, condition, what, deadline=30, skip_ms=0):
        """For something that happens by itself, unless it dies first; time goes on, or goes faster."""
        end, skip_ms = time.monotonic() + deadline, skip_ms or (200 if self.tolerant else self.skip_ms)
        while not (value := condition()):
            self.control.shift(skip_ms)
            if self.tolerant and time.monotonic() > end - deadline + 5:
                raise Refused(what)
            if not all(house.alive for house in self.watched):
                raise Died
            assert time.monotonic() < end, f"not within {deadline} s: {what}\n{self.house.log_text()[-3000:]}"
            time.sleep(0.01)
        return value

    def runs(self, row):
        item = self.egress_of(row)
        return item and item["status"] == "EGRESS_ACTIVE"

    def egress_of(self, row):
        return next((i for i in self.livekit.egress.items.values() if row["uuid"] in i["room_composite"]["file_outputs"][0]["filepath"]), None)

    def stop(self, row):
        self.wait(lambda: self.runs(row), "the recorder is in")
        self.ok(self.ada.call("PATCH", f"/recordings/{row['id']}", {"action": "stop"}))

    def kept(self, row):
        copies = self.rows("SELECT status FROM recording_copies WHERE recording_id = ?", row["id"])
        files = self.rows("SELECT sink FROM recording_files WHERE recording_id = ?", row["id"])
        return copies and all(c == ("stored",) for c in copies) and all(f == ("s3",) for f in files) and not any(p.is_file() for p in (self.house.data / "recordings" / row["uuid"]).rglob("*"))

    def inside(self, session):
        return self.rows("SELECT connection FROM connection_spans WHERE session_id = ? AND left_at IS NULL", session["id"])

    # ---- webhooks in

    def note_hook(self, body):
        status = self.deliver(body)
        if 200 <= status < 300:
            self.answered(body)
        return status

    def answered(self, body):
        said = json.loads(body)
        password = said.get("room", {}).get("turnPassword", "")  # what lets one in is not kept
        self.hooks[said["id"]] = body.decode().replace(password, "x" * len(password))
        if said["event"] == "participant_joined" and said["participant"].get("kind") != "EGRESS":
            self.came.add(said["participant"]["sid"])

    def hook(self, event, **members):
        """LiveKit says something that nothing in its rooms is the reason of."""
        body = json.dumps({"event": event, "id": f"EV_{event}{next(self.numbers)}", **members}).encode()
        self.ok(self.call("POST", "/webhooks/livekit", content=body, headers={"Content-Type": "application/webhook+json", "Authorization": self.livekit.sign(body)}))
        self.answered(body)

    def quiet(self):
        """Nothing of LiveKit's is on its way to us."""
        return not any(self.livekit.queues.values())

    # ---- lives

    def kill(self):
        self.house.process.send_signal(signal.SIGKILL)
        self.house.process.wait(10)

    def revive(self):
        """After a death: started again, and what was not answered is asked again."""
        self.control.disarm()
        self.http.close()
        self.http = self.client()
        if not self.house.alive:
            assert self.house.start()
        self.answer_all()

    def answer_all(self):
        for key in list(self.unanswered):
            until(lambda: self.settled_once(key), "an answer")

    def settled_once(self, key):
        reply = self.ask_once(key)
        if "already registered" in reply.text:  # src/api/idempotency.c: what hashes passwords is not one transaction with its key; it was done, and once
            email = self.unanswered.pop(key)[2]["email"]
            return self.accounts.update(self.rows("SELECT id, email FROM users WHERE email = ?", email)) or True
        if reply.status_code >= 500 and self.tolerant:  # the database is not back yet
            return False
        if reply.status_code == 409:  # in flight, as far as is known; its lease goes on for a minute
            self.control.shift(61000)
        else:
            assert reply.status_code < 300, reply.text
        return reply.status_code < 300

    # ---- rest

    def rows(self, sql, *values):
        if self.look:
            return self.look.execute(sql, values)
        with self.house.db() as db:
            return list(db.execute(sql, values))

    def empty(self):
        """Everybody goes, and every lesson is ended."""
        self.all_leave()
        for id in set(self.sessions) - self.ended:
            self.end({"id": id})

    def busy(self):
        """What is still to be done; and how long until something of it is due, 0 if that is now."""
        now = self.control.now_ms()
        waits = self.rows("SELECT kind, subject_id, status, CASE status WHEN 'running' THEN 0 ELSE due_at END FROM jobs WHERE status IN ('running', 'waiting')")
        waits = [w for w in waits if w[0] not in PERIODIC]
        waits += self.rows("SELECT 'delivery', event_id, state, due_at FROM webhook_deliveries WHERE state = 'waiting'")
        due = [w[3] for w in waits if w[3] is not None]  # none: behind another one of its session
        skip = min(due) - now if due and min(due) > now else 0 if due else 3000
        waits += self.rows("SELECT 'message', id, state, 0 FROM inbox WHERE state = 'received'")
        waits += self.rows("SELECT 'recording', id, status, 0 FROM recordings WHERE status IN ('recording', 'paused', 'processing') AND deleted_at IS NULL")
        waits += self.rows("SELECT 'unused room', id, room_name, 0 FROM provider_rooms WHERE session_id IS NULL AND closed_at IS NULL")
        waits += self.rows("SELECT 'stay', id, connection, 0 FROM connection_spans WHERE left_at IS NULL")
        told = self.accepted()
        waits += [("event", id, kind, 0) for id, kind in self.events_to_tell() if id not in told]
        return waits, skip

    def events_to_tell(self):
        return self.rows("SELECT id, event_type FROM events WHERE id > (SELECT min(id) FROM events WHERE event_type = 'webhook.created')")

    def told(self):
        """The endpoint's messages, in the order in which they came."""
        for m in self.receiver.messages[len(self.read) :]:
            self.read.append((m, {"id": int(m["headers"]["webhook-id"].removeprefix("evt_")), **json.loads(m["body"])}))
        return [said for _, said in self.read]

    def accepted(self):
        """The events whose messages it has taken: what it refuses has to come again."""
        self.told()
        return {said["id"] for m, said in self.read if m.get("status") == 200}

    def rest(self, deadline=100, at_least_ms=0):
        """Until nothing is left to be done; times of waiting are skipped, but for the minute of a job whose end could not be written: it counts as running."""
        end, quiet = time.monotonic() + deadline, 0
        while quiet < 2:
            waits, skip = self.busy()
            skip = max(skip, at_least_ms)
            quiet = quiet + 1 if not waits and self.quiet() else 0
            assert time.monotonic() < end, f"no rest: {waits[:12]}; {self.house.log_text()[-4000:]}"
            if waits and skip:
                self.control.shift(min(skip + 1, 10000))
            self.control.noticed(8)
