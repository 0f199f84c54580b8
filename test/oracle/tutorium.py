#!/usr/bin/env python3
"""tutorium.py: the same requests to roomd and to the FastAPI server of seed S3 (the oracle); prints every difference, and exits 1 if there is one that is not known.

    PEERS=/path/to/peers ORACLE_PYTHON=/path/to/venv/bin/python python test/oracle/tutorium.py [-v]

PEERS has the folders tutorium and fake-daily; the venv has tutorium/requirements.txt. Both servers begin with empty databases, so that
numbers are the same; secrets, addresses and times are compared by their kind. Only fields that the oracle has are looked at."""
import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack

import httpx

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = pathlib.Path(os.environ["PEERS"])
PYTHON = os.environ.get("ORACLE_PYTHON", sys.executable)
HOOK = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
WHEN = "2031-05-06T07:08:09"

# What is known to differ: (a part of the step's name, what is said of it in doc/api.md). Anything else is a failure.
KNOWN = [
    ("malformed JSON", "Malformed JSON is 400"),
    ("content type", "a wrong content type 415"),
    ("NaN", "Malformed JSON is 400"),
    ("grant_type", "`grant_type` of the login form is not looked at"),
    ("path no number", "An id may be a number or a UUID"),
    ("email 'a", "Why an address is not valid is said in fewer words"),
    ("=10000000000", "numbers past 64 bits"),
]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(url, process):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        assert process.poll() is None, f"{process.args} ended"
        try:
            httpx.get(url)
            return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")


def ended(process):
    process.terminate()
    process.wait(10)


def started(stack, command, url, **how):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **how)
    stack.callback(ended, process)
    wait_for(url, process)


def start_oracle(stack, folder):
    daily, port = free_port(), free_port()
    started(stack, ["node", str(PEERS / "fake-daily/server.mjs")], f"http://127.0.0.1:{daily}/v1/rooms", env={**os.environ, "PORT": str(daily)})
    env = {**os.environ, "DATABASE_URL": f"sqlite:///{folder}/oracle.db", "DAILY_API_BASE_URL": f"http://127.0.0.1:{daily}/v1", "DAILY_API_KEY": "k", "DAILY_WEBHOOK_SECRET": HOOK}
    started(stack, [PYTHON, "-m", "uvicorn", "main:app", "--port", str(port), "--log-level", "critical"], f"http://127.0.0.1:{port}/docs", cwd=PEERS / "tutorium", env={**env, "PYTHONDONTWRITEBYTECODE": "1"})
    return f"http://127.0.0.1:{port}"


def start_roomd(stack, folder):
    port = free_port()
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "RATE_LIMITS": "off", "DAILY_WEBHOOK_SECRET": HOOK}
    binary = os.environ.get("ROOMD_BINARY", str(ROOT / "build/roomd"))
    started(stack, [binary, "serve", "--data", f"{folder}/data", "--listen", f"127.0.0.1:{port}"], f"http://127.0.0.1:{port}/healthz", env=env)
    return f"http://127.0.0.1:{port}"


# ---- one side

class Side:
    """A server, and what it gave out: bearers, codes, rooms."""

    def __init__(self, url):
        self.http, self.kept = httpx.Client(base_url=url, timeout=30), {}

    def fill(self, thing):
        """`<name>` becomes what was kept under that name on this side."""
        if isinstance(thing, str):
            return re.sub(r"<(\w+)>", lambda m: str(self.kept[m[1]]) if m[1] in self.kept else m[0], thing)
        if isinstance(thing, dict):
            return {k: self.fill(v) for k, v in thing.items()}
        return thing

    def send(self, step):
        how = dict(step["how"])
        headers = dict(how.pop("headers", {}))
        if step["who"]:
            headers["Authorization"] = f"Bearer {self.kept[step['who']]}"
        for part in ("json", "data"):
            if part in how:
                how[part] = self.fill(how[part])
        if step["sign"]:
            body, stamp = self.fill(how.pop("text")).encode(), str(int(time.time()))
            mac = hmac.new(base64.b64decode(HOOK), f"{stamp}.".encode() + body, hashlib.sha256).digest()
            headers |= {"X-Webhook-Timestamp": stamp, "X-Webhook-Signature": base64.b64encode(mac).decode() if step["sign"] == "right" else "AAAA"}
            how["content"] = body
        reply = self.http.request(step["method"], self.fill(step["path"]), headers=headers, **how)
        for name, key in step["keep"].items():
            self.kept[name] = reply.json()[key]
        return reply


# ---- what is the same

TIMES = {"created_at", "updated_at", "actual_start", "ended_at", "joined_at", "left_at"}
SECRETS = {"access_token", "token", "room_name", "daily_room_url", "join_url", "teacher_join_url", "room_code"}


def plain(value, key=""):
    """Secrets and clocks by kind."""
    if isinstance(value, dict):
        return {k: plain(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if key in SECRETS and isinstance(value, str):
        return "code" if key == "room_code" and re.fullmatch("[A-Z0-9]{6}", value) else f"some {key}" if value else ""
    if key in TIMES and isinstance(value, str):
        return "a time"
    if key == "scheduled_start" and isinstance(value, str):
        return re.sub(r"(\.\d{3})\d*$", r"\1", re.sub(r"Z$", "", value))
    return value


def same(ours, theirs):
    """Ours has at least their fields, with the same values."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return all(k in ours and same(ours[k], v) for k, v in theirs.items())
    if isinstance(theirs, list) and isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return type(ours) is type(theirs) and ours == theirs


def body_of(reply):
    try:
        return plain(reply.json())
    except ValueError:
        return reply.text


# ---- the requests

STEPS = []


def step(name, method, path, who=None, keep=None, sign=None, **how):
    STEPS.append({"name": name, "method": method, "path": "/api/v1" + path, "who": who, "keep": keep or {}, "sign": sign, "how": how})


WRONG = {
    "text": [5, True, [], {}, None, 1.5],
    "number": ["x", "", "1.5", 1.5, 0, 101, -1, True, [], {}, None, "5", 5.0, 10**30, "+7", " 8 "],
    "switch": ["x", "", 2, -1, [], {}, None, "yes", "off", 0, 1.0, "TRUE", 0.5],
    "time": ["soon", "", "2031-13-01T00:00:00", "2031-02-30", "2031-01-01T25:00:00", True, [], {}, None, 1900000000, 1900000000000, "1900000000", "2031-05-06", "2031-05-06T07:08:09+02:00",
             "2031-05-06 07:08", "2031-05-06T07:08:09.123456Z", "2031-05-06T07:08:09Zx"],
    "status": ["live", "", 5, None, [], {}, "ENDED"],
}


def accounts():
    for name, body in {"register": {}, "full name null": {"full_name": None}, "full name": {"full_name": "Ada"}}.items():
        step(f"{name}", "POST", "/auth/register", json={"email": f"{name.replace(' ', '')}@example.org", "password": "password1", **body})
    for person in ("ada", "ben", "eve", "zoe"):
        step(f"register {person}", "POST", "/auth/register", json={"email": f"{person}@example.org", "password": "password1", "full_name": person})
        step(f"login {person}", "POST", "/auth/login", data={"username": f"{person}@example.org", "password": "password1"}, keep={person: "access_token"})
    step("address taken", "POST", "/auth/register", json={"email": "ada@example.org", "password": "password1"})
    for email in ("", "x", "@", "x@", "@x.org", 5, None, [], "a b@example.org", "a@b@c.org"):
        step(f"email {email!r}", "POST", "/auth/register", json={"email": email, "password": "password1"})
    for password in ("short", "", "x" * 73, "é" * 73, 12345678, None, ["x" * 8]):
        step(f"password {password!r:.20}", "POST", "/auth/register", json={"email": "p@example.org", "password": password})
    for body in ({}, {"email": "q@example.org"}, {"password": "password1"}, [], "x", 5, None, {"email": "r@example.org", "password": "password1", "full_name": 5}):
        step(f"register body {json.dumps(body):.40}", "POST", "/auth/register", json=body)
    for data in ({"username": "ada@example.org", "password": "wrong"}, {"username": "nobody@example.org", "password": "password1"}, {"username": "ada@example.org"}, {"password": "x"}, {}):
        step(f"login {data}", "POST", "/auth/login", data=data)
    parts = "".join(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in (("username", "ada@example.org"), ("password", "password1"))) + "--b--\r\n"
    step("login by FormData", "POST", "/auth/login", content=parts.encode(), headers={"Content-Type": "multipart/form-data; boundary=b"})
    step("login with bytes", "POST", "/auth/login", content=b"username=ada%40example.org&password=%FF", headers={"Content-Type": "application/x-www-form-urlencoded"})
    step("login with grant_type password", "POST", "/auth/login", data={"grant_type": "password", "username": "ada@example.org", "password": "password1"})
    step("login with another grant_type", "POST", "/auth/login", data={"grant_type": "other", "username": "ada@example.org", "password": "password1"})
    step("who am I", "GET", "/users/me", "ada")
    step("who am I, no bearer", "GET", "/users/me")
    for header in ("Bearer x", "Basic x", "Bearer a.b.c", "bearer"):
        step(f"who am I, {header}", "GET", "/users/me", headers={"Authorization": header})
    step("trailing slash refused nowhere", "GET", "/users/me", "ada", params={"x": "1"})


def creating():
    step("create", "POST", "/sessions", "ada", json={"title": "Algebra"}, keep={"s": "id", "code": "room_code", "room": "room_code"})
    full = {"title": "All", "description": "d", "scheduled_start": WHEN + "Z", "max_participants": 2, "enable_recording": True, "enable_chat": False}
    step("create with everything", "POST", "/sessions", "ada", json=full, keep={"small": "id", "small_code": "room_code"})
    step("create with unknown fields", "POST", "/sessions", "ada", json={"title": "t", "teacher_id": 99, "nothing": 1})
    step("create without bearer", "POST", "/sessions", json={"title": "t"})
    step("create without bearer, bad body", "POST", "/sessions", json={})
    for body in ({}, [], "x", 5, {"title": ""}, {"title": "x" * 200}, {"title": "x" * 201}, {"title": "é" * 200}, {"title": "  "}, {"description": "only"}):
        step(f"create {json.dumps(body):.50}", "POST", "/sessions", "ada", json=body)
    for field, kind in (("title", "text"), ("description", "text"), ("max_participants", "number"), ("enable_recording", "switch"), ("enable_chat", "switch"), ("scheduled_start", "time")):
        for value in WRONG[kind]:
            step(f"create {field}={value!r}", "POST", "/sessions", "ada", json={"title": "t", field: value})
    step("several at once", "POST", "/sessions", "ada", json={"max_participants": 0, "enable_chat": "x", "description": 5})
    step("malformed JSON", "POST", "/sessions", "ada", content=b"{", headers={"Content-Type": "application/json"})
    step("NaN", "POST", "/sessions", "ada", content=b'{"title":"t","max_participants":NaN}', headers={"Content-Type": "application/json"})
    step("made of JSON", "POST", "/sessions", "ada", content=b'{"title":"t"}', headers={"Content-Type": "application/vnd.api+json"})
    step("content type text", "POST", "/sessions", "ada", content=b'{"title":"t"}', headers={"Content-Type": "text/plain"})
    step("empty body", "POST", "/sessions", "ada", content=b"", headers={"Content-Type": "application/json"})


def reading():
    for query in ("", "?limit=2", "?skip=1&limit=1", "?skip=10000", "?status=scheduled", "?status=ended", "?limit=0", "?limit=101", "?limit=x", "?limit=", "?skip=-1", "?skip=x", "?status=live", "?status=%FF",
                  "?status=", "?limit=1.5", "?limit=%31", "?limit=100&limit=1", "?skip=1.0", "?nothing=1"):
        step(f"list {query}", "GET", f"/sessions{query}", "ada")
    step("list of ben", "GET", "/sessions", "ben")
    step("list without bearer", "GET", "/sessions")
    for who in ("ada", "ben", None):
        step(f"get by {who}", "GET", "/sessions/<s>", who)
        step(f"participants by {who}", "GET", "/sessions/<s>/participants", who)
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/join"), ("POST", "/leave"), ("GET", "/participants")):
        how = {"json": {}} if method == "PATCH" else {}
        step(f"{method} {path} unknown", method, f"/sessions/999999{path}", "ada", **how)
        step(f"{method} {path} path no number", method, f"/sessions/abc{path}", "ada", **how)
        step(f"{method} {path} without bearer", method, f"/sessions/<s>{path}", **how)
    for path in ("/nothing", "/sessions/<s>/nothing", "/auth", "/users/me/nothing"):
        step(f"unknown path {path}", "GET", path, "ada")
    for method, path in (("PUT", "/sessions"), ("DELETE", "/users/me"), ("POST", "/sessions/<s>"), ("GET", "/auth/login"), ("PATCH", "/sessions/<s>/join")):
        step(f"method {method} {path}", method, path, "ada")


def changing():
    for body in ({}, {"title": "New"}, {"description": None}, {"description": "d"}, {"scheduled_start": WHEN}, {"scheduled_start": None}, {"title": "x" * 201}, {"title": ""}, {"nothing": 1}, [], "x"):
        step(f"patch {json.dumps(body):.50}", "PATCH", "/sessions/<s>", "ada", json=body)
    for field, kind in (("title", "text"), ("status", "status"), ("scheduled_start", "time")):
        for value in WRONG[kind]:
            step(f"patch {field}={value!r}", "PATCH", "/sessions/<s>", "ada", json={field: value})
    step("patch by another", "PATCH", "/sessions/<s>", "ben", json={"title": "t"})
    step("patch by another, bad body", "PATCH", "/sessions/<s>", "ben", json={"title": 5})
    step("delete by another", "DELETE", "/sessions/<s>", "ben")


def joining():
    step("join", "POST", "/sessions/<s>/join", "ben")
    step("join again", "POST", "/sessions/<s>/join", "ben")
    step("get as member", "GET", "/sessions/<s>", "ben")
    step("patch as member", "PATCH", "/sessions/<s>", "ben", json={"title": "t"})
    step("delete as member", "DELETE", "/sessions/<s>", "ben")
    step("list as member", "GET", "/sessions", "ben")
    step("participants", "GET", "/sessions/<s>/participants", "ada")
    step("leave", "POST", "/sessions/<s>/leave", "ben")
    step("leave again", "POST", "/sessions/<s>/leave", "ben")
    step("leave, a stranger", "POST", "/sessions/<s>/leave", "eve")
    step("teacher joins: active", "POST", "/sessions/<s>/join", "ada")
    step("it is active", "GET", "/sessions/<s>", "ada")
    step("participants after", "GET", "/sessions/<s>/participants", "ada")
    for body in ({"room_code": "<code>"}, {"room_code": " <code> "}, {"room_code": "ZZZZZZ"}, {"room_code": ""}, {}, {"room_code": 5}, {"room_code": None}, {"room_code": "x" * 300}, []):
        step(f"by code {json.dumps(body):.40}", "POST", "/sessions/join-by-code", "eve", json=body)
    step("by code without bearer", "POST", "/sessions/join-by-code", json={"room_code": "<code>"})
    step("second seat of two", "POST", "/sessions/<small>/join", "ben")
    step("third of two", "POST", "/sessions/<small>/join", "eve")
    step("third of two by code", "POST", "/sessions/join-by-code", "eve", json={"room_code": "<small_code>"})
    step("who has a seat comes in", "POST", "/sessions/<small>/join", "ben")


def ending():
    words = ["active", "ended", "cancelled", "scheduled", "ended", "scheduled", "cancelled", "active", "ended", "ended"]
    for word in words:
        step(f"status {word}", "PATCH", "/sessions/<s>", "ada", json={"status": word})
        step(f"after {word}", "GET", "/sessions/<s>", "ada")
    for who in ("ada", "ben", "zoe"):
        step(f"join what is over: {who}", "POST", "/sessions/<s>/join", who)
    step("leave what is over", "POST", "/sessions/<s>/leave", "eve")
    step("by code what is over", "POST", "/sessions/join-by-code", "eve", json={"room_code": "<code>"})
    step("list ended", "GET", "/sessions?status=ended", "ada")
    step("delete", "DELETE", "/sessions/<s>", "ada")
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/join"), ("GET", "/participants")):
        step(f"deleted: {method} {path}", method, f"/sessions/<s>{path}", "ada")
    step("by code what is deleted", "POST", "/sessions/join-by-code", "eve", json={"room_code": "<code>"})
    step("list after", "GET", "/sessions", "ada")


def hooks():
    for text in ('{"type":"x"}', '{"type":"participant.joined","payload":{"room":"nothing"}}', "{", "[]", "null", "", '{"type":5,"payload":[]}'):
        step(f"hook {text}", "POST", "/webhooks/daily", sign="right", text=text)
        step(f"hook {text}, wrong signature", "POST", "/webhooks/daily", sign="wrong", text=text)
    step("hook unsigned", "POST", "/webhooks/daily", json={"type": "x"})
    step("hook by GET", "GET", "/webhooks/daily")


def known(name):
    return next((reason for part, reason in KNOWN if part in name), None)


def main():
    for group in (accounts, creating, reading, changing, joining, ending, hooks):
        group()
    different, reasoned, stale = 0, 0, {part for part, _ in KNOWN}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        ours, theirs = Side(start_roomd(stack, folder)), Side(start_oracle(stack, folder))
        for s in STEPS:
            mine, other = ours.send(s), theirs.send(s)
            mine, other = (mine.status_code, body_of(mine)), (other.status_code, body_of(other))
            if mine[0] == other[0] and same(mine[1], other[1]):
                continue
            reason = known(s["name"])
            stale -= {part for part, _ in KNOWN if part in s["name"]}
            reasoned += bool(reason)
            different += not reason
            if not reason or "-v" in sys.argv:
                print(f"{'known: ' + reason if reason else 'DIFFERENT'}: {s['name']}\n  {s['method']} {s['path']}\n  roomd  {mine[0]} {json.dumps(mine[1])[:400]}\n  oracle {other[0]} {json.dumps(other[1])[:400]}")
    print(f"{len(STEPS)} requests: {different} differences, {reasoned} known (doc/api.md)" + (f"; known but not met: {sorted(stale)}" if stale else ""))
    return bool(different or stale)


if __name__ == "__main__":
    sys.exit(main())
