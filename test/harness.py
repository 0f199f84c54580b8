"""roomd as a test sees it: a process of its own on a free port, people with accounts, and calls over its WebSocket.

Every HTTP reply and every call message that passes through here is checked against the served OpenAPI document, and what was
seen (routes, errors, events) is counted: the suite in test/api fails when a row of spec/ was never met."""
import base64
import hashlib
import hmac
import http.client
import itertools
import json
import os
import pathlib
import re
import selectors
import signal
import sqlite3
import subprocess
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import httpx
from jsonschema_rs import Draft202012Validator
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

import postgresql

ROOT = pathlib.Path(__file__).resolve().parents[1]
BINARY = os.environ.get("ROOMD_BINARY", str(ROOT / "build" / "roomd"))
DEADLINE = float(os.environ.get("TEST_DEADLINE", "30"))  # the least that a test waits before it says that something does not come
PASSWORD = "correct horse battery"
AUDIT_REFUSED = {"v1_login", "daily_room_delete"}  # who tried; a room whose time is over is deleted and not found
AUDIT_DEPENDS = {"v1_door_act", "v1_login", "v1_user_erase"}  # what hosts do; also what was refused; what was asked for before
TLS = httpx.create_ssl_context()  # one for all clients: making it takes longer than many a test


def is_time(text):
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", text) is not None


def is_email(text):
    return "@" in text


FORMATS = {"date-time": is_time, "email": is_email}


def until(condition, what, deadline=DEADLINE, every=0.01):
    """The first true value of the condition; no sleeping past it. Assert on what it waited for: another row may come later."""
    began = time.monotonic()
    while not (value := condition()):
        assert time.monotonic() < began + max(deadline, DEADLINE), f"not within {max(deadline, DEADLINE):g} s: {what}"
        time.sleep(every)
    return value


class Seen:
    """What of spec/ the whole run has met."""

    def __init__(self):
        self.routes, self.errors, self.events = set(), set(), set()
        self.all_routes, self.all_errors, self.all_events = set(), set(), set()


SEEN = Seen()


class Contract:
    """The served OpenAPI document as a judge of replies."""
    known = {}  # many servers say the same

    @classmethod
    def of(cls, url):
        text = httpx.get(url + "/openapi.json", verify=TLS).text
        same = text.replace(":" + url.rsplit(":", 1)[1], "")
        if same not in cls.known:
            cls.known[same] = cls(json.loads(text))
        return cls.known[same]

    def __init__(self, document):
        self.document, self.validators = document, {}
        self.routes = []
        for path, ways in document["paths"].items():
            pattern = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + "/?")
            self.routes += [(method.upper(), pattern, operation) for method, operation in ways.items()]
        SEEN.all_routes |= {o["operationId"] for _, _, o in self.routes}
        SEEN.all_errors |= set(document["x-errors"])
        SEEN.all_events |= set(document["x-events"])

    def check(self, schema, value):
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            named = {"components": self.document["components"]} if '"#/components' in key else {}
            self.validators[key] = Draft202012Validator({**schema, **named}, formats=FORMATS, validate_formats=True)
        if self.validators[key].is_valid(value):
            return
        problems = [f"{e.instance_path}: {e.message}" for e in self.validators[key].iter_errors(value)]
        assert not problems, f"breaks the OpenAPI document: {problems} in {json.dumps(value)[:2000]}"

    def operation(self, method, path):
        method = "GET" if method == "HEAD" else method
        fitting = [(p.pattern.count("[^/]+"), m, o) for m, p, o in self.routes if p.fullmatch(path)]
        fewest = min((n for n, _, _ in fitting), default=0)  # /sessions/lookup is not a session
        return next((o for n, m, o in fitting if n == fewest and m == method), None)

    def reply(self, response):
        path = response.request.url.raw_path.decode().split("?")[0]
        operation = self.operation(response.request.method, path)
        assert "x-request-id" in response.headers
        if response.headers.get("content-type") == "application/json" and response.request.method != "HEAD":
            self.note_error(response)
        if not operation:
            return
        SEEN.routes.add(operation["operationId"])
        documented = operation["responses"].get(str(response.status_code))
        assert documented, f"{operation['operationId']} does not document status {response.status_code}"
        kind = response.headers.get("content-type", "").split(";")[0]
        content = documented.get("content", {})
        if response.request.method == "HEAD" or not content:
            return
        assert kind in content or "*/*" in content, f"{operation['operationId']}: {kind} is not documented"
        if kind == "application/json" and kind in content:
            self.check(content[kind]["schema"], response.json())

    def note_error(self, response):
        if response.status_code < 400 or not isinstance(response.json(), dict):
            return
        body = response.json()
        for name, row in self.document["x-errors"].items():
            for words in row.get("wordings", {}).values():
                pattern = ".*".join(re.escape(part) for part in words["text"].split("%s"))  # %s: what it is about
                if words["status"] == response.status_code and any(isinstance(v, str) and re.fullmatch(pattern, v) for v in body.values()):
                    SEEN.errors.add(name)
        detail = body.get("detail") or body.get("info") or body.get("error")  # by dialect
        for name, row in self.document["x-errors"].items():
            if isinstance(detail, str) and row["status"] == response.status_code and detail.startswith(row["message"]):
                SEEN.errors.add(name)

    def page_message(self, message):
        self.check({"$ref": "#/components/schemas/call_message_to_page"}, message)
        if message["t"] == "error":
            SEEN.errors.add(message["code"])
        if message["t"] == "over":  # tells the page in words alone
            SEEN.errors |= {name for name, row in self.document["x-errors"].items() if row["message"] == message["message"]}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(secret, claims, header=None):
    """A JWT with HS256, or with whatever header a test wants to try."""
    parts = [base64url(json.dumps(p, separators=(",", ":")).encode()) for p in (header or {"alg": "HS256", "typ": "JWT"}, claims)]
    key = secret if isinstance(secret, bytes) else secret.encode()
    return ".".join([*parts, base64url(hmac.new(key, ".".join(parts).encode(), hashlib.sha256).digest())])


class Person:
    """Somebody with an account and a bearer; `get`, `post`… are below /api/v1."""

    def __init__(self, server, row, token):
        self.server, self.token = server, token
        self.id, self.email, self.name = row["id"], row["email"], row["full_name"] or row["email"]
        self.http = server.client(token)

    def request(self, method, path, **how):
        return self.http.request(method, "/api/v1" + path, **how)

    def get(self, path, **how):
        return self.request("GET", path, **how)

    def post(self, path, json=None, **how):
        return self.request("POST", path, json=json, **how)

    def patch(self, path, json=None, **how):
        return self.request("PATCH", path, json=json, **how)

    def delete(self, path, **how):
        return self.request("DELETE", path, **how)

    def session(self, **fields):
        reply = self.post("/sessions", {"title": "Algebra I", **fields})
        assert reply.status_code == 201, reply.text
        return reply.json()

    def join(self, session):
        reply = self.post(f"/sessions/{session['id']}/join")
        assert reply.status_code == 200, reply.text
        return reply.json()["token"]


class Server:
    """A roomd process, which ends with the tests, whatever ends them. `env` adds to a clean environment; nothing of the caller's settings comes through."""

    def __init__(self, folder, env=None, args=(), listen="127.0.0.1:0", wrapper=()):
        self.folder, self.data = pathlib.Path(folder), pathlib.Path(folder) / "data"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "RATE_LIMITS": "off", **(env or {})}
        if postgresql.CHOSEN and "DATABASE_URL" not in self.env:
            self.env["DATABASE_URL"] = postgresql.fresh_database()
        if pathlib.Path(BINARY).resolve().parent != ROOT / "build":
            self.env.setdefault("WEB_DIR", str(ROOT / "web" / "dist"))  # else it is found beside the program
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.env.setdefault(name, os.environ[name])
        self.listen, self.args, self.wrapper = listen, list(args), list(wrapper)
        self.process, self.clients, self.names = None, [], itertools.count(1)
        self.audited = {}  # by request id: rows at least, at most, for which routes

    # ---- the process

    def launch(self):
        self.log = open(self.folder / "log", "ab")
        env = dict(self.env)
        preloaded = ["env", "LD_PRELOAD=" + env.pop("LD_PRELOAD")] if "LD_PRELOAD" in env else []  # for roomd alone
        command = ["setpriv", "--pdeathsig", "INT", *preloaded, *self.wrapper, BINARY, "serve", "--data", str(self.data), "--listen", self.listen, *self.args]
        self.process = subprocess.Popen(command, cwd=self.folder, env=env, stdout=subprocess.PIPE, stderr=self.log)

    def start(self, deadline=DEADLINE):
        began = time.monotonic()
        self.launch()
        line = self.first_line(deadline)
        self.started_s = time.monotonic() - began
        assert line.startswith("ready http://"), f"{line!r}; log:\n{self.log_text()[-4000:]}"
        self.url = line.split()[1]
        self.port = int(self.url.rsplit(":", 1)[1])
        self.listen = f"127.0.0.1:{self.port}"
        self.contract = Contract.of(self.url)
        return self

    def first_line(self, deadline):
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.process.stdout, selectors.EVENT_READ)
            return self.process.stdout.readline().decode() if waiting.select(deadline) else ""

    def log_text(self):
        return (self.folder / "log").read_text(errors="replace")

    def stop(self, number=signal.SIGINT, deadline=DEADLINE):
        """SIGINT ends Janus as well. Gives the exit code."""
        for client in self.clients:
            client.close()
        self.clients = []
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(deadline) if self.process else None
        self.end_janus()
        self.note_events()
        self.judge_audit()
        text = self.log_text()
        assert "runtime error" not in text and "AddressSanitizer" not in text, text[-6000:]
        return code

    def end_janus(self):
        """What a killed roomd leaves behind."""
        try:
            os.kill(int((self.data / "run" / "janus.pid").read_text().split()[0]), signal.SIGKILL)
        except (OSError, ValueError, IndexError):
            pass

    def note_events(self):
        if hasattr(self, "contract"):  # it was ready once
            with self.db() as db:
                SEEN.events |= {row[0] for row in db.execute("SELECT DISTINCT event_type FROM events")}

    def judge_audit(self):
        """Every change that was answered as done is in the audit log once, and nothing that was refused."""
        if not self.audited or self.env.get("AUDIT") == "0":
            return
        with self.db() as db:
            rows = dict(db.execute("SELECT request_id, count(*) AS n FROM audit WHERE request_id IS NOT NULL GROUP BY request_id"))
        wrong = {routes.pop(): (least, rows.get(name, 0), most) for name, (least, most, routes) in self.audited.items() if not least <= rows.get(name, 0) <= most}
        assert not wrong, f"in the audit log otherwise than (at least, found, at most): {wrong}"

    def rss_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    # ---- beside the server

    @property
    def on_postgresql(self):
        return self.env.get("DATABASE_URL", "").startswith("postgres")

    @contextmanager
    def db(self):
        if self.on_postgresql:
            yield postgresql.Connection(self.env["DATABASE_URL"])
            return
        with closing(sqlite3.connect(self.data / "roomd.db", timeout=10)) as connection:
            with connection:
                yield connection

    def refuse(self, table, when):
        """From now on the database refuses such changes of rows; gives what ends it."""
        name = f"refused_{uuid.uuid4().hex[:8]}"
        with self.db() as db:
            if self.on_postgresql:
                db.execute(f"CREATE FUNCTION {name}() RETURNS trigger AS $body$ BEGIN IF {when} THEN RAISE EXCEPTION 'a row that cannot be'; END IF; RETURN NEW; END $body$ LANGUAGE plpgsql")
                db.execute(f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
            else:
                db.execute(f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} WHEN {when} BEGIN SELECT RAISE(ABORT, 'a row that cannot be'); END")

        def allow():
            with self.db() as db:
                db.execute(f"DROP TRIGGER IF EXISTS {name}" + (f" ON {table}" if self.on_postgresql else ""))
        return allow

    def metric(self, name):
        return int(re.search(rf"^roomd_{name} (\d+)$", self.client().get("/metrics").text, re.M)[1])

    @contextmanager
    def database_held(self):
        """Nobody else can change anything meanwhile."""
        if self.on_postgresql:
            with postgresql.turn_held(self.env["DATABASE_URL"]):
                yield
            return
        with self.db() as db:
            db.execute("BEGIN IMMEDIATE")
            yield

    def tool(self, *arguments, text=None, env=None, cwd=None, data=True):
        """A roomd command on this data folder."""
        where = ["--data", str(self.data)] if data else []
        return subprocess.run([BINARY, *arguments, *where], cwd=cwd or self.folder, env={**self.env, **(env or {})}, input=text, capture_output=True, text=True, timeout=60)

    @property
    def secret(self):
        return self.env.get("SECRET_KEY") or (self.data / "secret").read_text().strip()

    # ---- people

    def client(self, token=None, **how):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        client = httpx.Client(base_url=self.url, headers=headers, timeout=30, verify=TLS, event_hooks={"response": [self.on_reply]}, **how)
        self.clients.append(client)
        return client

    def until_refused(self, token, method, path, most):
        """How many calls go through before the first 429, None without one. As fast as it goes, over some connections: what is counted is counted by the minute."""
        gone, refused = itertools.count(), threading.Event()

        def call():
            with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)) as line:
                passed = 0
                while not refused.is_set() and next(gone) < most:
                    line.request(method, path, "{}", {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
                    reply = line.getresponse()
                    reply.read()
                    if reply.status == 429:
                        refused.set()
                    passed += reply.status != 429
                return passed

        with ThreadPoolExecutor(4) as pool:
            passed = sum(pool.map(lambda _: call(), range(4)))
        return passed if refused.is_set() else None

    def on_reply(self, response):
        response.read()
        self.contract.reply(response)
        self.note_audited(response)

    def note_audited(self, response, unsure=False):
        """unsure: a 5xx says nothing of whether it was done."""
        operation = self.contract.operation(response.request.method, response.request.url.raw_path.decode().split("?")[0]) or {}
        if "x-audit" in operation:
            told = self.audited.setdefault(response.headers["x-request-id"], [0, 0, set()])
            told[0] += operation["x-audit"] == "always" and response.status_code < 400 and "idempotent-replayed" not in response.headers and operation["operationId"] not in AUDIT_DEPENDS
            told[1] += response.status_code < 400 or operation["operationId"] in AUDIT_REFUSED or (unsure and response.status_code >= 500)
            told[2].add(operation["operationId"])

    def access_token(self, user_id, seconds=3600):
        return jwt(self.secret, {"sub": str(user_id), "exp": int(time.time()) + seconds})

    def person(self, name=None, **fields):
        number = next(self.names)
        body = {"email": f"person{number}@example.org", "password": PASSWORD, "full_name": name or f"Person {number}", **fields}
        if not hasattr(self, "anybody") or self.anybody.is_closed:
            self.anybody = self.client()
        reply = self.anybody.post("/api/v1/auth/register", json=body)
        assert reply.status_code == 201, reply.text
        return Person(self, reply.json(), self.access_token(reply.json()["id"]))

    def admin(self):
        email = f"admin{next(self.names)}@example.org"
        done = self.tool("user", "add", "--email", email, "--role", "admin", "--name", "Admin", "--password-stdin", text=PASSWORD + "\n")
        assert done.returncode == 0, done.stderr
        user_id = int(done.stdout)
        return Person(self, {"id": user_id, "email": email, "full_name": "Admin"}, self.access_token(user_id))

    def guest(self, session, name="Guest"):
        reply = self.client().post("/api/v1/sessions/guest-join", json={"room_code": session["room_code"], "name": name})
        assert reply.status_code == 200, reply.text
        return reply.json()["token"]

    def call(self, token=None, **join):
        return Call(self, token, **join)


class Call:
    """A page's end of the call WebSocket, without media."""

    def __init__(self, server, token=None, **join):
        self.server, self.pending = server, []
        self.ws = connect(server.url.replace("http", "ws") + "/api/v1/call", open_timeout=DEADLINE, close_timeout=2, max_size=None, proxy=None, ping_interval=None, legacy=True)
        if token:
            self.token = token
            self.send("join", token=token, **join)

    def send(self, t, **fields):
        self.ws.send(json.dumps({"t": t, **fields}))

    def receive(self, end):
        message = json.loads(self.ws.recv(timeout=max(end - time.monotonic(), 0.001)))
        self.server.contract.page_message(message)
        self.pending.append(message)

    def expect(self, t, deadline=DEADLINE, **fields):
        """The next message of this kind with these fields; others stay for later."""
        end, at = time.monotonic() + deadline, 0
        while True:
            for at in range(at, len(self.pending)):
                message = self.pending[at]
                if message["t"] == t and all(message.get(k) == v for k, v in fields.items()):
                    return self.pending.pop(at)
            at = len(self.pending)
            try:
                self.receive(end)
            except (TimeoutError, ConnectionClosed) as e:
                raise AssertionError(f"no {t} {fields}: {e!r}; there were {[m for m in self.pending][-8:]}") from e

    def peer(self, person_name, deadline=DEADLINE, **fields):
        """The next news of that person with these fields."""
        end = time.monotonic() + deadline
        while True:
            person = self.expect("peer", max(end - time.monotonic(), 0.001))["person"]
            if person["name"] == person_name and all(person[k] == v for k, v in fields.items()):
                return person

    def joined(self):
        self.me = self.expect("joined")
        self.connection = self.me["connection"]
        return self

    def refused(self, code, about=...):
        error = self.expect("error", code=code)
        assert about is ... or error["about"] == about, error
        return error

    def over(self, reason):
        """It is over for this page, and the WebSocket is closed next."""
        message = self.expect("over", reason=reason)
        assert self.closed() == 4001
        return message

    def closed(self, deadline=DEADLINE):
        end = time.monotonic() + deadline
        try:
            while True:
                self.receive(end)
        except ConnectionClosed:
            return self.ws.close_code

    def has(self, t):
        return any(m["t"] == t for m in self.pending)

    def round_trip(self):
        """Everything sent before was dealt with when this is back."""
        self.send("report", quality="nonsense")
        self.refused("bad_message", "report")

    def lose(self):
        """The line breaks without a word."""
        self.ws.socket.close()

    def leave(self):
        self.send("leave")
        return self.closed()

    def close(self):
        self.ws.close()
