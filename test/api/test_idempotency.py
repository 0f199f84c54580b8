"""Idempotency-Key: done once, answered the same, whatever happens between."""
import concurrent.futures
import itertools
import signal
import uuid

import pytest

from harness import DEADLINE, until

REPLAYED = "idempotent-replayed"


def key(text=None):
    return {"Idempotency-Key": text or str(uuid.uuid4())}


def same(first, again):
    assert (again.status_code, again.content, again.headers.get("content-type")) == (first.status_code, first.content, first.headers.get("content-type"))
    assert REPLAYED not in first.headers and again.headers[REPLAYED] == "true"


def total(person):
    return person.get("/sessions").json()["total"]


def test_a_repetition_gets_the_same_answer_and_changes_nothing(teacher):
    headers, body = key(), {"title": "Algebra I", "description": "once"}
    first = teacher.post("/sessions", body, headers=headers)
    assert first.status_code == 201
    same(first, teacher.post("/sessions", body, headers=headers))
    teacher.patch(f"/sessions/{first.json()['id']}", {"title": "changed since"})
    same(first, teacher.post("/sessions", body, headers=headers))
    assert total(teacher) == 1
    assert teacher.post("/sessions", body, headers=key()).json()["id"] != first.json()["id"]
    assert teacher.post("/sessions", body).json()["id"] != first.json()["id"]


def test_another_request_with_the_key_is_refused(teacher):
    headers = key()
    session = teacher.post("/sessions", {"title": "a"}, headers=headers).json()
    for path, body in [("/sessions", {"title": "b"}), ("/sessions?x=1", {"title": "a"}), (f"/sessions/{session['id']}/leave", None)]:
        reply = teacher.post(path, body, headers=headers)
        assert (reply.status_code, reply.json()) == (422, {"detail": "This Idempotency-Key was used for another request"})
    assert total(teacher) == 1


def test_a_key_is_ones_own(server, teacher, student):
    headers = key()
    mine, theirs = (p.post("/sessions", {"title": p.name}, headers=headers) for p in (teacher, student))
    assert mine.status_code == theirs.status_code == 201 and mine.json()["id"] != theirs.json()["id"]
    again = teacher.http.post("/api/v1/sessions", json={"title": teacher.name}, headers={**headers, "Authorization": f"Bearer {server.access_token(teacher.id, 60)}"})
    same(mine, again)  # with another token of the same account
    assert student.get("/sessions").json()["total"] == 1


def test_every_kind_of_route_takes_one(server, teacher, student):
    """On the writer, on the writer only when needed, reading, on a worker; with and without a body; no content."""
    s = teacher.session()
    account = {"email": f"{uuid.uuid4()}@example.org", "password": "correct horse battery"}
    anybody = server.client()
    calls = [lambda h: teacher.post(f"/sessions/{s['id']}/lock", {"locked": False}, headers=h),
             lambda h: student.post(f"/sessions/{s['id']}/join", headers=h),
             lambda h: student.post("/sessions/join-by-code", {"room_code": s["room_code"]}, headers=h),
             lambda h: anybody.post("/api/v1/sessions/guest-join", json={"room_code": s["room_code"], "name": "Guest"}, headers=h),
             lambda h: anybody.post("/api/v1/sessions/lookup", json={"room_code": s["room_code"]}, headers=h),
             lambda h: anybody.post("/api/v1/auth/register", json=account, headers=h),
             lambda h: anybody.post("/api/v1/auth/login", data={"username": account["email"], "password": account["password"]}, headers=h)]
    for call in calls:
        headers = key()
        first = call(headers)
        assert first.status_code in (200, 201), first.text
        same(first, call(headers))
    assert len(teacher.get(f"/sessions/{s['id']}/participants").json()) == 3


def test_refusals_are_kept_too(server, teacher, student):
    s = teacher.session()
    headers, path = key(), f"/sessions/{s['id']}/recordings"
    running = teacher.post(path).json()
    first = teacher.post(path, headers=headers)
    assert first.status_code == 409
    teacher.patch(f"/recordings/{running['id']}", {"action": "stop"})
    same(first, teacher.post(path, headers=headers))
    headers, account = key(), {"email": teacher.email, "password": "correct horse battery"}
    taken = server.client().post("/api/v1/auth/register", json=account, headers=headers)
    assert taken.status_code == 400
    same(taken, server.client().post("/api/v1/auth/register", json=account, headers=headers))
    headers = key()
    denied = student.post(f"/sessions/{s['id']}/lock", {"locked": True}, headers=headers)
    assert denied.status_code == 403
    same(denied, student.post(f"/sessions/{s['id']}/lock", {"locked": True}, headers=headers))


def test_what_was_never_worked_on_is_not_kept(server, teacher):
    headers = key()
    assert teacher.post("/sessions", {"title": 5}, headers=headers).status_code == 422
    assert server.client().post("/api/v1/sessions", json={"title": "a"}, headers=headers).status_code == 401
    assert teacher.post("/sessions", {"title": "good"}, headers=headers).status_code == 201


@pytest.mark.parametrize("bad", ["", "x" * 256, "with blank", "caf\xe9"])
def test_no_keys(teacher, bad):
    reply = teacher.http.post("/api/v1/sessions", json={"title": "t"}, headers=[(b"Idempotency-Key", bad.encode("latin-1"))])
    assert (reply.status_code, reply.json()) == (400, {"detail": "Idempotency-Key must be 1 to 255 visible ASCII characters"})


def test_only_posts_take_keys(teacher):
    s, headers = teacher.session(), key()
    for title in ("one", "two"):
        reply = teacher.patch(f"/sessions/{s['id']}", {"title": title}, headers=headers)
        assert reply.json()["title"] == title and REPLAYED not in reply.headers


def test_many_at_once_make_one(server, teacher):
    headers, body = key(), {"title": "all at once"}
    clients = [server.client(teacher.token) for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda c: c.post("/api/v1/sessions", json=body, headers=headers), clients))
    assert {r.content for r in replies} == {replies[0].content} and replies[0].status_code == 201
    assert sum(REPLAYED not in r.headers for r in replies) == 1 and total(teacher) == 1


def test_in_flight_and_the_end_of_the_lease(server):
    """A worker that was killed in the middle: its key is in flight, then anybody's."""
    headers, account = key(), {"email": f"{uuid.uuid4()}@example.org", "password": "correct horse battery"}
    client = server.client()
    first = client.post("/api/v1/auth/register", json=account, headers=headers)
    assert first.status_code == 201
    with server.db() as db:
        db.execute("UPDATE idempotency_keys SET status = 0, body = NULL, lease_until = 99999999999999 WHERE key = ?", (headers["Idempotency-Key"],))
    reply = client.post("/api/v1/auth/register", json=account, headers=headers)
    assert (reply.status_code, reply.json()) == (409, {"detail": "The request with this Idempotency-Key is still being worked on"}) and reply.headers["retry-after"] == "1"
    with server.db() as db:
        db.execute("UPDATE idempotency_keys SET lease_until = 1 WHERE key = ?", (headers["Idempotency-Key"],))
    again = client.post("/api/v1/auth/register", json=account, headers=headers)
    assert (again.status_code, REPLAYED in again.headers) == (400, False)  # tried anew: the account is there
    same(again, client.post("/api/v1/auth/register", json=account, headers=headers))


def test_after_24_hours_it_is_free_again_and_swept(server, teacher):
    headers = key()
    first = teacher.post("/sessions", {"title": "old"}, headers=headers).json()
    with server.db() as db:
        created, expires = db.execute("SELECT created_at, expires_at FROM idempotency_keys WHERE key = ?", (headers["Idempotency-Key"],)).fetchone()
        assert expires - created == 24 * 3600 * 1000
        db.execute("UPDATE idempotency_keys SET expires_at = 1 WHERE key = ?", (headers["Idempotency-Key"],))
    second = teacher.post("/sessions", {"title": "new"}, headers=headers)
    assert second.status_code == 201 and second.json()["id"] != first["id"]
    with server.db() as db:
        db.execute("UPDATE idempotency_keys SET expires_at = 1 WHERE key = ?", (headers["Idempotency-Key"],))

    def swept():
        with server.db() as db:
            return not db.execute("SELECT 1 FROM idempotency_keys WHERE key = ?", (headers["Idempotency-Key"],)).fetchone()
    until(swept, "the row is gone")


def test_nothing_readable_is_kept(server, teacher):
    """Answers hold tokens; bodies hold passwords."""
    headers = key()
    reply = server.client().post("/api/v1/auth/register", json={"email": f"{uuid.uuid4()}@example.org", "password": "open sesame 123"}, headers=headers)
    assert reply.status_code == 201
    with server.db() as db:
        row = db.execute("SELECT * FROM idempotency_keys WHERE key = ?", (headers["Idempotency-Key"],)).fetchone()
    assert "example.org" not in str(row) and "sesame" not in str(row)
    metrics = server.client().get("/metrics").text
    assert "roomd_http_replayed_total" in metrics


def test_killed_under_load_it_makes_no_second(start_roomd):
    """kill -9 while sessions are being made; each unanswered request is sent again with its key until it is answered."""
    import threading

    import httpx
    server = start_roomd()
    ada = server.person("Ada")
    url, headers = f"{server.url}/api/v1/sessions", {"Authorization": f"Bearer {ada.token}"}
    answered, stop, numbers = {}, threading.Event(), itertools.count()

    def insist(title):
        own = {**headers, **key(f"key-{title}")}
        while True:
            try:
                with httpx.Client(timeout=DEADLINE) as client:
                    reply = client.post(url, json={"title": title}, headers=own)
            except httpx.HTTPError:
                continue
            if reply.status_code == 201:
                return reply.json()
            assert reply.status_code == 503, reply.text

    def make():
        while not stop.is_set():
            title = str(next(numbers))
            answered[title] = insist(title)
    threads = [threading.Thread(target=make) for _ in range(6)]
    for t in threads:
        t.start()
    for round_ in range(1, 5):
        until(lambda: len(answered) > 25 * round_, "sessions are being made")
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(DEADLINE)
        server.start()
    until(lambda: len(answered) > 130, "it goes on")
    stop.set()
    for t in threads:
        t.join(2 * DEADLINE)
        assert not t.is_alive()
    with server.db() as db:
        made = {title: (n, number) for title, n, number in db.execute("SELECT title, count(*), min(id) FROM sessions GROUP BY title")}
        replayable = db.execute("SELECT count(*) FROM idempotency_keys").fetchone()[0]
    assert made == {title: (1, s["id"]) for title, s in answered.items()}
    assert replayable == len(answered)
