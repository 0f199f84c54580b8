"""/api/v1/stream: what happens is told as it happens, once and in order, to those who may hear it."""
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from websockets.exceptions import InvalidStatus

from harness import DEADLINE, PASSWORD, ROOT, until
from stream_reader import Ended, EventStream, Socket
from test_two_nodes import by_way_of, nodes  # noqa: F401: a fixture

both = pytest.mark.parametrize("Reader", [EventStream, Socket])


def refused(person, query="", **headers):
    reply = person.get("/stream" + query, headers=headers)
    return reply.status_code, reply.json().get("detail")


def logged(server, where="1 = 1"):
    with server.db() as db:
        return [row[0] for row in db.execute(f"SELECT id FROM events WHERE {where} ORDER BY id")]


def rename(person, session, title):
    assert person.patch(f"/sessions/{session['id']}", json={"title": title}).status_code == 200


@both
def test_as_it_happens(server, teacher, Reader):
    reader = Reader(server, teacher.token)
    session = teacher.session()
    rename(teacher, session, "Algebra II")
    told = [reader.next() for _ in range(3)]
    assert [e["type"] for e in told] == ["session.created", "participant.added", "session.updated"]
    listed = teacher.get(f"/sessions/{session['id']}/events").json()["events"]
    assert [e["data"] for e in told] == listed
    assert all(e["type"] == e["data"]["event_type"] and e["timestamp"] == e["data"]["timestamp"] for e in told)
    reader.lose()


def test_head_of_the_answer(server, teacher):
    reader = EventStream(server, teacher.token)
    assert reader.headers["cache-control"] == "no-store" and reader.headers["x-accel-buffering"] == "no" and reader.headers["connection"] == "close"
    reader.lose()
    reply = teacher.http.head("/api/v1/stream")
    assert reply.status_code == 200 and reply.headers["content-type"] == "text/event-stream"


@both
def test_the_past_first(server, teacher, Reader):
    session = teacher.session()
    ids = logged(server, f"session_id = {session['id']}")
    reader = Reader(server, teacher.token, last=ids[0])
    rename(teacher, session, "Algebra II")
    assert [reader.next()["cursor"] for _ in range(2)] == [ids[1], logged(server, f"session_id = {session['id']}")[-1]]
    reader.lose()


@both
def test_pages_of_the_past(start_roomd, Reader):
    """More than one page of them, longer than what is read at once; and what comes meanwhile is after them."""
    server = start_roomd()
    boss, ada = server.admin(), server.person()
    session = ada.session()
    with server.db() as db:
        many = ", ".join(f"({session['id']}, 'session.updated', '{{\"text\":\n\"{'x' * 1000} \"}}', {n})" for n in range(300))
        db.execute(f"INSERT INTO events (session_id, event_type, event_data, timestamp) VALUES {many}")
    readers = [Reader(server, boss.token, "?after=0"), Reader(server, ada.token, "?after=0"), Reader(server, ada.token, f"?session={session['uuid']}&types=session.updated&after=0")]
    rename(ada, session, "Algebra II")
    ids = logged(server)
    for reader in readers[:2]:
        assert [reader.next()["cursor"] for _ in ids] == ids
    assert [readers[2].next()["cursor"] for _ in range(301)] == ids[2:]
    for reader in readers:
        reader.lose()


@both
def test_what_another_program_writes(server, admin, teacher, Reader):
    """A tool at the console, or whoever else has the database: nobody tells the server of it, and it is told in its place all the same."""
    session = teacher.session()
    reader = Reader(server, admin.token, f"?session={session['id']}")
    rename(teacher, session, "Algebra II")
    write = "INSERT INTO events (session_id, event_type, timestamp) VALUES ({}, 'session.updated', 1), ({}, 'no.such_type', 1), ({}, 'session.unlocked', 1)".format(*[session["id"]] * 3)
    with server.db() as db:
        db.execute(write)
    rename(teacher, session, "Algebra III")
    assert [reader.next()["type"] for _ in range(4)] == ["session.updated"] * 2 + ["session.unlocked", "session.updated"]
    with server.db() as db:
        db.execute(write)
    assert [reader.next()["type"] for _ in range(2)] == ["session.updated", "session.unlocked"]
    reader.lose()


@both
def test_filters(server, teacher, Reader):
    one, two = teacher.session(), teacher.session()
    by_session = Reader(server, teacher.token, f"?session={one['id']}")
    by_type = Reader(server, teacher.token, "?types=session.locked,participant.*")
    by_both = Reader(server, teacher.token, f"?session={two['uuid']}&types=session.unlocked")
    for session in (two, one):
        assert teacher.post(f"/sessions/{session['id']}/lock", {"locked": True}).status_code == 200
    rename(teacher, two, "Algebra II")
    for session in (two, one):
        assert teacher.post(f"/sessions/{session['id']}/lock", {"locked": False}).status_code == 200
    assert [(e["type"], e["data"]["session_id"]) for e in (by_session.next(), by_session.next())] == [("session.locked", one["id"]), ("session.unlocked", one["id"])]
    assert [(e["type"], e["data"]["session_id"]) for e in (by_type.next(), by_type.next())] == [("session.locked", two["id"]), ("session.locked", one["id"])]
    assert by_both.next()["type"] == "session.unlocked"
    for reader in (by_session, by_type, by_both):
        reader.lose()


@both
def test_who_hears_what(server, admin, teacher, student, stranger, Reader):
    """As in a session's event log: its teacher, and administrators; what is of no session, these alone."""
    readers = {p.id: Reader(server, p.token) for p in (admin, teacher, student, stranger)}
    session = teacher.session()
    student.join(session)
    own = student.session()
    made = admin.post("/webhooks/endpoints", json={"url": "http://127.0.0.1:9/", "event_types": ["session.ended"], "description": "never called"}).json()
    assert admin.delete(f"/webhooks/endpoints/{made['id']}").status_code == 204
    last = stranger.session()
    assert {e["data"]["session_id"] for e in (readers[teacher.id].next() for _ in range(3))} == {session["id"]}
    assert readers[student.id].next()["data"]["session_id"] == own["id"]
    assert readers[stranger.id].next()["data"]["session_id"] == last["id"]
    kinds = []
    while (event := readers[admin.id].next())["data"]["session_id"] != last["id"]:
        kinds.append(event["type"])
    assert {"session.created", "participant.added", "webhook.created", "webhook.deleted"} <= set(kinds)
    # ... and the past is no other.
    past = Reader(server, student.token, "?after=0")
    assert [e["data"]["session_id"] for e in (past.next(), past.next())] == [own["id"]] * 2
    for reader in (*readers.values(), past):
        reader.lose()


def test_who_is_not_let_in(server, admin, teacher, student, anybody):
    session = teacher.session()
    assert anybody.get("/api/v1/stream").status_code == 401
    assert anybody.get("/api/v1/stream", params={"access_token": "rk_none"}).status_code == 401
    assert refused(student, f"?session={session['id']}") == (403, "Not enough permissions")
    assert refused(teacher, "?session=999999999") == (404, "Session not found")
    assert refused(teacher, "?types=session.ended,sess") == (400, "Unknown event type: sess")
    assert refused(teacher, "?types=x" + 40 * "é") == (400, "Unknown event type: x" + 29 * "é" + "?")  # cut, and still a text
    assert teacher.get("/stream?after=-1").status_code == 422
    key = admin.post("/api-keys", {"name": "rooms", "scope": "rooms:read"}).json()
    reply = server.client(key["key"]).get("/api/v1/stream")
    assert (reply.status_code, reply.json()["detail"]) == (403, "This API key lacks the scope sessions:read")


def test_token_in_the_address_and_in_the_first_message(server, teacher):
    session = teacher.session()
    readers = [EventStream(server, query=f"?access_token={teacher.token}"), Socket(server, query=f"?access_token={teacher.token}").opened(),
               Socket(server, query="?types=session.*", first=json.dumps({"access_token": teacher.token})).opened()]
    rename(teacher, session, "Algebra II")
    assert {reader.next()["type"] for reader in readers} == {"session.updated"}
    for reader in readers:
        reader.lose()


@pytest.mark.parametrize("query, first, code", [("", "{}", 4401), ("", "nonsense", 4401), ("", '{"access_token": 5}', 4401), ("", "[]", 4401), ("", '{"access_token": "rk_none"}', 4401),
                                                 ("?after=99999999", "good", 4400), ("?types=sess", "good", 4400), ("?session=999999999", "good", 4404)])
def test_first_messages_that_do_not_do(server, teacher, query, first, code):
    reader = Socket(server, query=query, first=json.dumps({"access_token": teacher.token}) if first == "good" else first)
    end = reader.ended()
    assert reader.code == code and end["code"] in ("not_authenticated", "bad_credentials", "bad_stream_cursor", "unknown_event_type", "session_not_found")


def test_cursors_that_are_none(start_roomd):
    server = start_roomd()
    ada = server.person()
    none, gone = "The cursor is not one that this stream has given", "Events after this cursor are not kept any more"
    for last in ("x", "-1", "1.5", "0x1", "99999999999999999999999", "18446744073709551615", "9223372036854775808"):
        assert refused(ada, **{"Last-Event-ID": last}) == (400, none)
    for n in range(3):
        ada.session()
    newest = logged(server)[-1]
    assert refused(ada, f"?after={newest + 1}") == (400, none)
    with server.db() as db:
        db.execute("DELETE FROM events WHERE id <= 3")
    status, detail = refused(ada, "?after=2")
    assert status == 410 and detail.startswith(gone)
    for after, first in ((0, 4), (3, 4), (4, 5)):
        reader = EventStream(server, ada.token, f"?after={after}")
        assert reader.next()["cursor"] == first
        reader.lose()


class Follower(threading.Thread):
    """Reads, losing its line again and again, and comes back with what it had last; until it has heard of `last`, and of something after it."""

    def __init__(self, Reader, server, token, query, seed):
        super().__init__(daemon=True)
        self.make = lambda last=None: Reader(server, token, query, last=last)
        self.luck, self.ids, self.losses, self.last, self.error = random.Random(seed), [], 0, None, None
        self.reader = self.make()
        self.began = self.reader.cursor

    def run(self):
        try:
            while not (self.last and self.ids[-1] > self.last):
                self.follow(self.luck.randrange(1, 20))
        except BaseException as e:  # noqa: BLE001: told to the test
            self.error = e

    def follow(self, count):
        for _ in range(count):
            self.ids.append(self.reader.next()["cursor"])
            if self.last and self.ids[-1] > self.last:
                return
        self.reader.lose()
        self.losses += 1
        self.reader = self.make(self.ids[-1])


@both
def test_no_gap_and_no_double(server, admin, teacher, Reader):
    """Readers whose lines break at random while events pour in have heard each of them once, in order."""
    session = teacher.session()
    followers = [Follower(Reader, server, admin.token, "", seed) for seed in range(4)] + [Follower(Reader, server, teacher.token, f"?session={session['id']}", seed) for seed in range(3)]
    for f in followers:
        f.start()
    writers = [threading.Thread(target=lambda p=p: [rename(p, session, f"Title {n}") for n in range(60)]) for p in (copy_of(teacher) for _ in range(3))]
    for w in writers:
        w.start()
    for w in writers:
        w.join()
    last = logged(server)[-1]
    for f in followers:
        f.last = last
    rename(teacher, session, "the end")
    for f in followers:
        f.join(DEADLINE)
        assert not f.error and not f.is_alive(), f.error
        where = f"id > {f.began} AND id <= {f.ids[-1]}" + (f" AND session_id = {session['id']}" if f in followers[4:] else "")
        assert f.ids == logged(server, where)
        f.reader.lose()
    assert sum(f.losses for f in followers) > 20


def copy_of(person):
    """The same person with a connection of their own."""
    return by_way_of(person.server, person)


@both
def test_killed_in_between(start_roomd, Reader):
    server = start_roomd()
    ada = server.person()
    session = ada.session()
    ids, reader = [], Reader(server, ada.token, last=0)
    for _ in range(2):
        writer = threading.Thread(target=pour, args=(copy_of(ada), session))
        writer.start()
        for _ in range(30):
            ids.append(reader.next()["cursor"])
        server.process.kill()
        server.process.wait()
        writer.join()
        try:
            while True:
                ids.append(reader.next()["cursor"])
        except (Ended, ConnectionError):
            reader.lose()
        server.end_janus()
        server.start()
        reader = Reader(server, ada.token, last=ids[-1])
    rename(copy_of(ada), session, "the last one")
    last = logged(server)[-1]
    while ids[-1] != last:
        ids.append(reader.next()["cursor"])
    assert ids == logged(server)
    reader.lose()


def pour(person, session):
    try:
        while person.patch(f"/sessions/{session['id']}", json={"title": "more"}).status_code == 200:
            pass
    except Exception:  # noqa: BLE001: the server was killed
        pass


def cut_total(server):
    return int(re.search(r"^roomd_stream_cut_total (\d+)", server.client().get("/metrics").text, re.M)[1])


UPGRADE = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]


def slow_reader(server, token, headers):
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.settimeout(DEADLINE)
    slow.connect(("127.0.0.1", server.port))
    slow.sendall("\r\n".join(["GET /api/v1/stream HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}", *headers, "", ""]).encode())
    return slow


def test_slow_readers_are_cut_and_come_back(start_roomd):
    """Nothing is kept for who does not read; meanwhile who reads hears all."""
    server = start_roomd(env={"STREAM_BACKLOG_KIB": "16"})
    ada = server.person()
    session = ada.session()
    with slow_reader(server, ada.token, []) as slow, slow_reader(server, ada.token, UPGRADE) as socket_:
        quick = Follower(EventStream, server, ada.token, "", 1)
        quick.follow = lambda count: hear_one(quick)
        quick.start()
        until(lambda: server.metric("stream_subscribers") == 3, "all are there")
        until(lambda: fill(ada, session) and server.metric("stream_cut_total") >= 2, "they are cut", deadline=60)
        quick.last = logged(server)[-1]
        rename(ada, session, "the end")
        quick.join(DEADLINE)
        assert not quick.error and quick.ids == logged(server, f"id > {quick.began}")
        got = b"".join(iter(lambda: receive(slow), b""))
        assert b"".join(iter(lambda: receive(socket_), b""))
    quick.reader.lose()
    last = max(int(n) for n in re.findall(rb"^id: (\d+)\n.*\n.*\n\n", got, re.M))
    again = EventStream(server, ada.token, last=last)
    ids = logged(server, f"id > {last}")[:100]
    assert ids and [again.next()["cursor"] for _ in ids] == ids
    again.lose()


def hear_one(follower):
    """On a busy machine who means to be quick may be cut as well, and comes back."""
    try:
        follower.ids.append(follower.reader.next()["cursor"])
    except Ended:
        follower.reader = follower.make(follower.ids[-1] if follower.ids else follower.began)


def receive(of):
    try:
        return of.recv(65536)
    except ConnectionError:
        return b""


def fill(person, session):
    """Some hundred events."""
    threads = [threading.Thread(target=lambda p=p: [rename(p, session, f"Title {n}") for n in range(50)]) for p in (copy_of(person) for _ in range(4))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return True


def test_no_more_than_allowed(start_roomd):
    server = start_roomd(env={"STREAM_SUBSCRIBERS": "2"})
    ada = server.person()
    readers = [EventStream(server, ada.token), Socket(server, ada.token)]
    reply = ada.get("/stream")
    assert (reply.status_code, reply.json()["detail"], reply.headers["retry-after"]) == (503, "Too many streams are open here; try again in a moment", "1")
    assert until(lambda: server.metric("stream_subscribers") == 2, "both are counted")
    for reader in readers:
        reader.lose()
    until(lambda: server.metric("stream_subscribers") == 0, "their places are free")
    again = EventStream(server, ada.token)
    session = ada.session()
    assert again.next()["data"]["session_id"] == session["id"]
    until(lambda: server.metric("stream_sent_total") > 0, "it is counted")
    again.lose()


def test_no_more_of_one_account_than_allowed(start_roomd):
    server = start_roomd(env={"STREAM_SUBSCRIBERS_EACH": "2"})
    ada, ben = server.person(), server.person()
    hello = json.dumps({"access_token": ada.token})
    readers = [EventStream(server, ada.token), Socket(server, first=hello).opened()]
    words = "Too many live streams of yours are open; close one first (2 may be, STREAM_SUBSCRIBERS_EACH)"
    assert refused(ada) == (429, words), "nor by another bearer of the same account:"
    again = server.client().post("/api/v1/auth/login", data={"username": ada.email, "password": PASSWORD}).json()["access_token"]
    assert server.client(again).get("/api/v1/stream").status_code == 429
    with pytest.raises(InvalidStatus) as refusal:
        Socket(server, ada.token)
    assert refusal.value.response.status_code == 429
    late = Socket(server, first=hello)
    assert late.ended() == {"code": "too_many_streams", "detail": words} and late.code == 4429
    others = [EventStream(server, ben.token), Socket(server, first=json.dumps({"access_token": ben.token})).opened()]
    readers.pop().lose()
    until(lambda: server.metric("stream_subscribers") == 3, "its place is free")
    readers.append(Socket(server, first=hello).opened())
    session = ada.session()
    for reader in readers:
        assert reader.next()["data"]["session_id"] == session["id"]
    for reader in readers + others:
        reader.lose()


def test_no_more_of_one_address_before_they_say_who_they_are(start_roomd):
    server = start_roomd(env={"STREAM_SUBSCRIBERS_EACH": "2"})
    ada = server.person()
    silent = [Socket(server), Socket(server)]
    with pytest.raises(InvalidStatus) as refusal:
        Socket(server)
    assert refusal.value.response.status_code == 429
    EventStream(server, ada.token).lose()  # who is known counts for the account
    assert [reader.ended()["code"] for reader in silent] == ["not_authenticated"] * 2
    until(lambda: server.metric("stream_subscribers") == 0, "they are gone")
    silent = Socket(server)
    silent.ws.send(json.dumps({"access_token": ada.token}))
    silent.opened().lose()


def test_revoked_locked_out_and_silent(server, admin):
    """Within seconds; who says nothing is put out too."""
    silent, person = Socket(server), server.person()
    made = admin.post("/api-keys", {"name": "stream", "scope": "sessions:read"}).json()
    by_key, by_token, stays = ([Reader(server, token, "?types=session.deleted") for Reader in (EventStream, Socket)] for token in (made["key"], person.token, admin.token))
    assert admin.delete(f"/api-keys/{made['id']}").status_code == 204
    assert admin.patch(f"/users/{person.id}", {"is_active": False}).status_code == 200
    assert [r.ended()["code"] for r in by_key] == ["bad_credentials"] * 2 and by_key[1].code == 4401
    assert [r.ended()["code"] for r in by_token] == ["inactive_user"] * 2 and by_token[1].code == 4400
    assert silent.ended()["code"] == "not_authenticated" and silent.code == 4401
    session = admin.session()
    assert admin.delete(f"/sessions/{session['id']}").status_code == 204
    for reader in stays:
        assert reader.next()["data"]["session_id"] == session["id"]
        reader.lose()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_goodbye(start_roomd, how):
    server = start_roomd()
    ada = server.person()
    readers = [EventStream(server, ada.token), Socket(server, ada.token)]
    began = time.monotonic()
    assert server.stop(how) == 0 and time.monotonic() - began < DEADLINE
    assert [reader.ended()["code"] for reader in readers] == ["restarting"] * 2 and readers[1].code == 1012


@both
def test_what_the_other_node_does(nodes, Reader):
    """Who listens at one node hears what was done on either, in the order of the log, and may go on at the other."""
    a, b = nodes
    ada = a.person("Ada")
    on_b = by_way_of(b, ada)
    session = ada.session()
    readers = [Reader(n, ada.token, last=0) for n in (a, b)]
    for n in range(20):
        rename((ada, on_b)[n % 2], session, f"Title {n}")
    ids = logged(a)
    first = [readers[0].next()["cursor"] for _ in ids]
    assert first == ids and [readers[1].next()["cursor"] for _ in ids] == ids
    readers[0].lose()
    rename(ada, session, "while it was away")
    moved = Reader(b, ada.token, last=ids[-1])
    rename(on_b, session, "and after")
    assert [moved.next()["cursor"], moved.next()["cursor"]] == logged(b)[-2:]
    moved.lose()
    readers[1].lose()


def example(language):
    return re.search(rf"```{language}\n(.*?)```", (ROOT / "doc" / "stream.md").read_text(), re.S)[1]


def test_examples_of_the_document(server, admin, tmp_path):
    """curl, Node and Python, as they stand in doc/stream.md; each goes on after a cursor, and hears what is new."""
    key = admin.post("/api-keys", {"name": "stream", "scope": "sessions:read"}).json()["key"]
    session = admin.session()
    newest = logged(server)[-1]
    (tmp_path / "stream.mjs").write_text(example("js"))
    (tmp_path / "stream.py").write_text("import json, sys\nfrom websockets.sync.client import connect\n_, url, key, cursor = sys.argv\n" + example("python").replace("])", "], flush=True)"))
    curl = re.search(r"^    (curl .*)$", (ROOT / "doc" / "stream.md").read_text(), re.M)[1].replace("http://localhost:7000", server.url).replace("types=session.*,", f"after={newest}&types=session.*,")
    commands = [["bash", "-c", f"exec {curl}"], ["node", "stream.mjs", server.url, key, str(newest)], [sys.executable, "stream.py", server.url.replace("http", "ws"), key, str(newest)]]
    readers = [subprocess.Popen(c, cwd=tmp_path, env={"PATH": os.environ["PATH"], "KEY": key}, stdout=subprocess.PIPE, text=True) for c in commands]
    rename(admin, session, "Algebra II")
    said = [read_until(r, wanted) for r, wanted in zip(readers, ("event: session.updated", "session.updated", "session.updated"))]
    assert f"id: {newest}" in said[0] and f"stream.open {newest}\nsession.updated " in said[1] and f"stream.open {newest}\nsession.updated " in said[2]
    for r in readers:
        r.kill()
        r.wait()


def read_until(process, wanted):
    """What it has said up to a line that begins so."""
    said, lines = "", iter(process.stdout.readline, "")
    stop = threading.Timer(DEADLINE, process.kill)
    stop.start()
    for line in lines:
        said += line
        if line.startswith(wanted):
            break
    stop.cancel()
    assert said.splitlines()[-1].startswith(wanted), said
    return said
