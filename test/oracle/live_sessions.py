"""Sends the same requests to roomd and to the Express reference server of seed S2, and prints where the answers differ.

PEERS=/path/to/peers (live-sessions with its packages installed, fake-daily beside it): PYTHONPATH=test python test/oracle/live_sessions.py
Ids, times, room names and hosts are made alike first. Exits 1 for a difference that EXPECTED does not give a reason for."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile

import httpx

from harness import Server, until

PEERS = pathlib.Path(os.environ.get("PEERS", "peers"))
COURSE, BOSS = "7d5b0c8a-3a52-4c0e-9d4e-0b6f1f6f0c11", "2b1f2c7e-55a1-4a5f-8a5e-94a7b1c1d222"
AT = "2030-12-25T10:00:00.000Z"
# label of a case: why roomd answers otherwise (doc/live-sessions.md)
EXPECTED = {
    "wrong method": "405 with Allow where Express says 404",
    "other content type": "415 where Express reads no body",
    "bad JSON without a bearer": "who is not known is not listened to: 401 before 400",
    "braced GUID": "a UUID is 8-4-4-4-12 digits here",
    "bare GUID": "a UUID is 8-4-4-4-12 digits here",
    "slug of accents": "an accent is dropped, not made a dash",
    "course alone": "Not found: /sessions/course is no session's path here",
    "year alone": "a date has a month and a day here",
    "stop after the end": "the end of a session has stopped its recording",
    "record after the end": "what is over is not recorded",
    "record twice": "a room has one recording at a time",
    "two words for a bearer": "a bearer that is none is a bad one, not an absent one",
    "upper-case id": "a UUID is the same in any case",
    "long search": "a search of more than 500 characters is refused: no title has as many",
    "long id": "an id of more than 300 characters is refused, not looked for",
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def node(folder, script, env, port):
    process = subprocess.Popen(["node", script], cwd=folder, env={**os.environ, **env, "PORT": str(port)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def up():
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0
    until(up, f"{script} listens")
    return process


def alike(value):
    """What differs from run to run made the same; empty differences between stacks are left."""
    text = json.dumps(value)
    text = re.sub(r"https?://[^/\"]+/(room/)?", "HOST/", text)
    text = re.sub(r"-\d{15,}", "-N", text)
    text = re.sub(r"([a-z0-9-]{77})[a-z0-9-]{0,3}(?=-N)", r"\1", text)  # a long title: 77 letters of it here, 80 there
    text = re.sub(r"(?<=\")(2026|202[5-9]-[01]\d)-[^\"]*Z", "NOW", text)
    text = re.sub(r"\"(start_ts|end_ts|duration)\": \d{12,}", r'"\1": 0', text)
    for known in (COURSE, BOSS):
        text = text.replace(known, known.upper())
    return json.loads(re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID", text))


class Both:
    def __init__(self, ours, theirs):
        self.sides, self.count, self.differences, self.reasoned = (ours, theirs), 0, 0, set()
        self.vars = ({}, {})

    def fill(self, text, side):
        for name, value in self.vars[side].items():
            text = text.replace("{" + name + "}", value)
        return text

    def __call__(self, method, path, body=None, label=None, keep=None, bearer=True, raw=None, kind="application/json", where=None):
        answers = []
        for side, (client, token) in enumerate(self.sides):
            headers = {"Authorization": f"Bearer {token}"} if bearer is True else {"Authorization": bearer} if bearer else {}
            content = raw if raw is not None else self.fill(json.dumps(body), side) if body is not None else None
            if content is not None:
                headers["Content-Type"] = kind
            reply = client.request(method, self.fill(path, side), content=content, headers=headers)
            answers.append((reply.status_code, alike(reply.json()), list(reply.json()) if isinstance(reply.json(), dict) else None))
            for name, member in (keep or {}).items():
                got = reply.json()
                for part in member.split("."):
                    got = got[part]
                self.vars[side][name] = got
        self.count += 1
        if answers[0] == answers[1]:
            return
        reason = EXPECTED.get(label)
        if reason:
            self.reasoned.add(label)
            return
        self.differences += 1
        print(f"{method} {path} {body if raw is None else raw[:80]!r}\n  roomd {answers[0][:2]}\n  peer  {answers[1][:2]}")


def create(**change):
    body = {"title": "Introduction to JavaScript", "courseId": COURSE, "instructorId": BOSS, "scheduledAt": AT, "duration": 60, **change}
    return {k: v for k, v in body.items() if v != "ABSENT"}


BAD_VALUES = {
    "title": ["ABSENT", None, "", "ab", "a" * 200, "a" * 201, 5, True, [], {}, "   "],
    "description": [None, "", "d", "d" * 1000, "d" * 1001, 5, [], False],
    "courseId": ["ABSENT", None, "", "x", 5, [], COURSE + "0", COURSE[:-1]],
    "instructorId": [None, "", "x", 5],
    "scheduledAt": ["ABSENT", None, "", "soon", 5, 1893456000000, True, [], "2020-01-01T00:00:00Z", "2030-13-01", "2030-02-01", "2030-01-01T10:00:00+02:00", "2030-01-01 10:00", "2030-01-01T25:00:00Z", "01/02/2030"],
    "duration": ["ABSENT", None, "", "x", 14, 15, 480, 481, "60", "60.5", 60.5, "6e1", 60.0, -1, 0, True, [], {}, 1e20, 9007199254740993, "99999999999999999999"],
    "maxParticipants": [None, "", "x", 0, 1, 1000, 1001, "10", 1.5, False, []],
}


def bodies(both):
    for name, values in BAD_VALUES.items():
        for value in values:
            both("POST", "/sessions", create(**{name: value}))
            if name not in ("courseId", "instructorId") and value != "ABSENT":
                both("PUT", "/sessions/{id}", {name: value})
    both("POST", "/sessions", create(x=1))
    both("POST", "/sessions", create(x=1, title="ab"))
    both("POST", "/sessions", {})
    both("PUT", "/sessions/{id}", {"courseId": COURSE})
    both("PUT", "/sessions/{id}", {})
    both("POST", "/sessions", create(title="日本語 lesson"))
    both("POST", "/sessions", create(title="!!!"))
    for raw in ("{", "5", '"x"', "[]", "null", "true", "{\"title\":}"):
        both("POST", "/sessions", raw=raw)
        both("POST", "/sessions/{id}/participants", raw=raw)
    both("POST", "/sessions", raw='{"title":"' + "a" * 1100000 + '"}')
    both("POST", "/sessions", raw="title=x", kind="application/x-www-form-urlencoded", label="other content type")
    both("POST", "/sessions", raw="{", bearer=False, label="bad JSON without a bearer")


def lists(both):
    for query in ("", "?page=1", "?page=2&pageCount=2", "?page=0", "?page=-1", "?page=x", "?page=", "?page=1.5", "?page=1e0", "?page=99", "?pageCount=0", "?pageCount=100", "?pageCount=101", "?pageCount=x", "?search=",
                  "?search=java", "?search=JAVA", "?search=nothing", "?search=%FF", "?search=%25", "?search=_", "?search=a%5Cb", "?x=1", "?page=0&x=1", "?page=9007199254740993", "?page=9007199254740991&pageCount=100"):
        both("GET", "/sessions" + query)
    for path in (f"/sessions/course/{COURSE}", "/sessions/course/nope", f"/sessions/instructor/{BOSS}", "/sessions/instructor/nope", "/sessions/{id}", "/sessions/nope", "/sessions/{id}/x", "/sessions/{id}/status/x"):
        both("GET", path)
    both("GET", "/sessions/course", label="course alone")
    both("PATCH", "/sessions/{id}", {}, label="wrong method")
    both("GET", "/sessions/" + "x" * 400, label="long id")
    both("GET", "/sessions?search=" + "x" * 501, label="long search")
    both("GET", "/sessions/{upper}", label="upper-case id")
    both("GET", "/sessions", bearer="Bearer a b", label="two words for a bearer")
    for method, path in (("POST", "/sessions"), ("GET", "/sessions"), ("GET", "/sessions/{id}"), ("PUT", "/sessions/{id}"), ("DELETE", "/sessions/{id}")):
        for bearer in (False, "Bearer nonsense", "Basic eDp5", "Bearer eyJhbGciOiJub25lIn0.e30."):
            both(method, path, bearer=bearer)


def people(both):
    both("POST", "/sessions", create(maxParticipants=2, description="d"), keep={"s": "_id", "room": "roomName"})
    for student in ("s1", "s1", "s2", "s3", "s1"):
        both("POST", "/sessions/{s}/participants", {"studentId": student}, bearer=False)
    for body in ({}, {"studentId": ""}, {"studentId": None}, {"studentId": 5}, {"studentId": []}, {"studentId": "x" * 129}, {"studentId": "s1", "x": 1}, {"x": 1}):
        both("POST", "/sessions/{s}/participants", body, bearer=False)
    for student in ("s1", "s1", "nobody"):
        both("DELETE", f"/sessions/{{s}}/participants/{student}", bearer=False)
    for student in ("s3", "ш" * 128):
        both("POST", "/sessions/{s}/participants", {"studentId": student}, bearer=False)
    both("GET", "/sessions/{s}")
    both("POST", "/sessions/nope/participants", {"studentId": "s"}, bearer=False)
    both("DELETE", "/sessions/nope/participants/s", bearer=False)


def states(both):
    for body in ({}, {"status": ""}, {"status": None}, {"status": 5}, {"status": "active"}, {"status": "LIVE"}, {"status": []}, {"status": "live", "x": 1}):
        both("PATCH", "/sessions/{s}/status", body, bearer=False)
    for what, member in (("start", "roomName"), ("stop", "recordingId")):
        for body in ({}, {member: ""}, {member: None}, {member: 5}, {member: "nope"}, {member: "x" * 129}, {member: "x", "y": 1}):
            both("POST", f"/sessions/recording/{what}", body, bearer=False)
    both("POST", "/sessions/recording/start", {"roomName": "{room}"}, bearer=False, keep={"r": "recording.id"})
    both("POST", "/sessions/recording/start", {"roomName": "{room}"}, bearer=False, label="record twice")
    both("POST", "/sessions/recording/stop", {"recordingId": "{r}"}, bearer=False)
    both("POST", "/sessions/recording/stop", {"recordingId": "{r}"}, bearer=False)
    for status in ("live", "live", "ended", "cancelled", "scheduled", "live", "ended"):
        both("PATCH", "/sessions/{s}/status", {"status": status}, bearer=False)
        both("GET", "/sessions/{s}")
    both("POST", "/sessions/recording/start", {"roomName": "{room}"}, bearer=False, label="record after the end")
    both("PATCH", "/sessions/{s}/status", {"status": "live"}, bearer=False)
    both("POST", "/sessions/recording/start", {"roomName": "{room}"}, bearer=False, keep={"r": "recording.id"})
    both("PATCH", "/sessions/{s}/status", {"status": "ended"}, bearer=False)
    both("POST", "/sessions/recording/stop", {"recordingId": "{r}"}, bearer=False, label="stop after the end")
    both("PATCH", "/sessions/nope/status", {"status": "live"}, bearer=False)
    both("DELETE", "/sessions/{s}")
    for method, path, body in (("GET", "", None), ("DELETE", "", None), ("PUT", "", {}), ("PATCH", "/status", {"status": "live"}), ("POST", "/participants", {"studentId": "s"})):
        both(method, "/sessions/{s}" + path, body)
    both("GET", "/sessions?pageCount=3")


def what_only_one_takes(both):
    """Last, since what one of them makes the other does not have."""
    both("POST", "/sessions", create(courseId="{" + COURSE + "}"), "braced GUID")
    both("POST", "/sessions", create(courseId=COURSE.replace("-", "")), "bare GUID")
    both("PUT", "/sessions/{id}", {"scheduledAt": "2031"}, "year alone")
    both("POST", "/sessions", create(title="Été à Paris"), "slug of accents")


def main():
    with tempfile.TemporaryDirectory() as folder:
        daily, port = free_port(), free_port()
        started = [node(PEERS / "fake-daily", "server.mjs", {}, daily)]
        started.append(node(PEERS / "live-sessions", "server.mjs", {"DAILY_API_BASE_URL": f"http://127.0.0.1:{daily}/v1", "DB_FILE": f"{folder}/peer.db"}, port))
        token = subprocess.run(["node", "token.mjs"], cwd=PEERS / "live-sessions", capture_output=True, text=True, check=True).stdout.strip()
        roomd = Server(folder + "/roomd").start()
        try:
            ada = roomd.person("Ada")
            both = Both((httpx.Client(base_url=roomd.url, timeout=30), ada.token), (httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30), token))
            both("GET", "/sessions")
            both("POST", "/sessions", create(), keep={"id": "_id"})
            for names in both.vars:
                names["upper"] = names["id"].upper()
            for step in (bodies, lists, people, states, what_only_one_takes):
                step(both)
        finally:
            roomd.stop()
            for process in started:
                process.send_signal(signal.SIGTERM)
                process.wait(10)
    print(f"{both.count} requests, {both.differences} differences, and {len(both.reasoned)} with a reason:")
    for label in sorted(both.reasoned):
        print(f"  {label}: {EXPECTED[label]}")
    return 1 if both.differences else 0


if __name__ == "__main__":
    sys.exit(main())
