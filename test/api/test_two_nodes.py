"""Two roomd nodes on one PostgreSQL database: what one does the other knows, and a call lives on one of them."""
import json
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import postgresql
from harness import DEADLINE, Call, Person, until
from receiver import Receiver

SECRET = "one secret that all nodes share"


@pytest.fixture
def nodes(start_roomd):
    """(a, b), and how to have another: each with a data folder of its own."""
    env = {"DATABASE_URL": postgresql.fresh_database(), "SECRET_KEY": SECRET, "RECONNECT_SECONDS": "2"}
    a, b = start_roomd(env=env, name="a"), start_roomd(env=env, name="b")
    b.names = a.names  # people have one address on both
    return a, b


def by_way_of(node, person):
    return Person(node, {"id": person.id, "email": person.email, "full_name": person.name}, person.token)


def moved(call, to):
    """The page is sent to the other node, and goes there with what it has."""
    url = call.expect("moved")["url"]
    assert url == f"ws://localhost:{to.port}/api/v1/call"
    assert call.closed() == 4002
    return Call(to, call.token)


@pytest.fixture
def call(nodes):
    """A call on a: (session, teacher, student, teacher's call, student's call)."""
    a, b = nodes
    teacher, student = a.person("Ada"), b.person("Grace")
    session = teacher.session()
    host = a.call(teacher.join(session)).joined()
    guest = moved(b.call(student.join(session)), a).joined()
    host.peer("Grace")
    yield session, teacher, student, host, guest
    host.close()
    guest.close()


def test_made_on_one_joined_by_way_of_the_other(nodes):
    a, b = nodes
    teacher, student = a.person("Ada"), b.person("Grace")
    session = teacher.session(title="Algebra")
    seen = by_way_of(b, teacher).get(f"/sessions/{session['id']}").json()
    assert seen == {**session, **{k: v for k, v in seen.items() if k.endswith("_url")}} and seen["title"] == "Algebra"
    host = a.call(teacher.join(session)).joined()
    guest = moved(b.call(student.join(session)), a).joined()
    assert sorted(p["name"] for p in guest.me["people"]) == ["Ada", "Grace"]
    host.peer("Grace")
    host.leave()
    guest.leave()
    # Nobody is in any more: it may begin anew anywhere.
    until(lambda: all(s["left_at"] for p in teacher.get(f"/sessions/{session['id']}/attendance").json()["people"] for s in p["spans"]), "both stays are closed")
    b.call(by_way_of(b, teacher).join(session)).joined()
    moved(a.call(student.join(session)), b).joined()


def test_acting_by_way_of_the_other(nodes, call):
    a, b = nodes
    session, teacher, student, host, guest = call
    elsewhere, at = by_way_of(b, teacher), f"/sessions/{session['id']}"
    assert elsewhere.post(at + "/lock", {"locked": True}).status_code == 200
    assert guest.expect("room")["room"]["locked"] is True
    seat = next(p for p in elsewhere.get(at + "/participants").json() if p["name"] == "Grace")
    reply = elsewhere.post(f"{at}/participants/{seat['id']}/kick")
    assert reply.status_code == 200, reply.text
    guest.over("removed")
    host.expect("peer_left", reason="removed")
    late = b.call(guest.token)
    late.over("removed")
    assert elsewhere.patch(at, {"status": "ended"}).status_code == 200
    host.over("ended")
    kinds = lambda: [e["event_type"] for e in teacher.get(at + "/events").json()["events"]]
    until(lambda: kinds().count("participant.left") == 2, "both stays are closed")
    assert kinds().index("participant.kicked") < kinds().index("session.ended")


def test_who_waits_on_the_wrong_node_is_sent_on(nodes):
    a, b = nodes
    teacher, student = a.person("Ada"), b.person("Grace")
    session = teacher.session(waiting_room=True)
    guest = b.call(student.join(session))
    guest.expect("waiting")
    host = a.call(teacher.join(session)).joined()
    guest = moved(guest, a)
    guest.expect("waiting")
    host.send("admit", connection=host.expect("knock")["person"]["connection"])
    guest.joined()


def test_recording_by_way_of_the_other(nodes, call):
    a, b = nodes
    session, teacher, student, host, guest = call
    elsewhere = by_way_of(b, teacher)
    recording = elsewhere.post(f"/sessions/{session['id']}/recordings").json()
    guest.expect("consent_needed")
    assert host.expect("room")["room"]["recording"] == "recording"
    assert (a.data / "recordings" / recording["uuid"] / "raw").is_dir() and not (b.data / "recordings").exists()
    assert elsewhere.patch(f"/recordings/{recording['id']}", {"action": "stop"}).status_code == 200
    until(lambda: re.search(rf"event=job kind=compose subject={recording['id']} attempt=1 ", a.log_text()), "the node that has the files makes the recording")
    assert f"kind=compose subject={recording['id']} " not in b.log_text()


def test_jobs_are_taken_once(nodes):
    a, b = nodes
    teacher = a.person("Ada")
    numbers = []
    for i in range(8):
        way = by_way_of((a, b)[i % 2], teacher)
        session = way.session()
        numbers.append(way.post(f"/sessions/{session['id']}/recordings").json()["id"])
        assert way.patch(f"/sessions/{session['id']}", {"status": "ended"}).status_code == 200
    with a.db() as db:
        db.execute("UPDATE jobs SET due_at = 0, node_id = NULL WHERE status = 'waiting'")  # one under way is its node's
        until(lambda: db.execute("SELECT count(*) FROM recordings WHERE status = 'failed'").fetchone() == (8,), "all were tried", deadline=30)
    done = lambda: re.findall(r"event=job kind=compose subject=(\d+) ", a.log_text() + b.log_text())
    until(lambda: len(done()) >= 8, "all are in the logs")
    assert sorted(map(int, done())) == sorted(numbers)


def test_rules_hold_over_both(nodes):
    """Seats, one running recording, one account an address: many at once on both nodes."""
    a, b = nodes
    teacher = a.person("Ada")
    session = teacher.session(max_participants=5)
    people = [(a, b)[i % 2].person() for i in range(12)]
    ways = [by_way_of((b, a)[i % 2], p) for i, p in enumerate(people)]
    with ThreadPoolExecutor(12) as pool:
        joined = list(pool.map(lambda p: p.post(f"/sessions/{session['id']}/join").status_code, ways))
        started = list(pool.map(lambda i: by_way_of((a, b)[i % 2], teacher).post(f"/sessions/{session['id']}/recordings").status_code, range(8)))
        made = list(pool.map(lambda i: (a, b)[i % 2].client().post("/api/v1/auth/register", json={"email": "one@example.org", "password": "correct horse"}).status_code, range(8)))
    assert sorted(set(joined)) != [200] and joined.count(200) == 4
    assert sorted(started) == [201] + [409] * 7
    assert made.count(201) == 1 and made.count(500) == 0
    with a.db() as db:
        ids = [row[0] for row in db.execute("SELECT id FROM events ORDER BY id")]
        assert db.execute("SELECT count(*) FROM participants WHERE session_id = ?", (session["id"],)).fetchone() == (5,)
    assert len(ids) == len(set(ids))


def come_back(node, call):
    """As the page does: to any node, with the connection that it had; sent on as long as the call is elsewhere."""
    again = Call(node)
    again.token = call.token
    again.send("join", token=call.token, connection=call.connection)
    end = time.monotonic() + DEADLINE
    while not (again.has("moved") or again.has("joined")):
        again.receive(end)
    return again if again.has("joined") else again.close()


def test_killed_node(nodes, call):
    a, b = nodes
    session, teacher, student, host, guest = call
    a.process.kill()
    a.process.wait()
    back = until(lambda: come_back(b, guest), "the other node has the call", deadline=30).joined()
    assert back.connection == guest.connection
    assert "Ada" in [p["name"] for p in back.me["people"]] or back.has("peer_left")
    elsewhere = by_way_of(b, teacher)
    ada = lambda: next(p for p in elsewhere.get(f"/sessions/{session['id']}/attendance").json()["people"] if p["name"] == "Ada")["spans"]
    assert until(lambda: (s := ada())[-1]["left_at"] and s, "who did not come back has left")
    until(lambda: "event=call.taken_over" in b.log_text(), "it is in the log")
    a.end_janus()
    a.start()
    moved(a.call(teacher.join(session)), b).joined()
    back.peer("Ada")


def test_frozen_node_gives_up_its_call(nodes, call):
    """Silent for so long that the other has its call; when it wakes it sends its people there, and leaves their stays alone."""
    a, b = nodes
    session, teacher, student, host, guest = call
    a.process.send_signal(signal.SIGSTOP)
    try:
        back = until(lambda: come_back(b, guest), "the other node has the call", deadline=30).joined()
    finally:
        a.process.send_signal(signal.SIGCONT)
    again = Call(b)
    assert host.expect("moved")["url"] == f"ws://localhost:{b.port}/api/v1/call"
    again.token = host.token
    again.send("join", token=host.token, connection=host.connection)
    again.joined()
    back.peer("Ada")
    until(lambda: "event=call.given_up" in a.log_text(), "it is in the log")
    back.round_trip()
    spans = {p["name"]: p["spans"] for p in by_way_of(b, teacher).get(f"/sessions/{session['id']}/attendance").json()["people"]}
    assert not spans["Grace"][-1]["left_at"] and not spans["Ada"][-1]["left_at"]


def test_database_restarted(nodes, call):
    a, b = nodes
    session, teacher, student, host, guest = call
    elsewhere, at = by_way_of(b, teacher), f"/sessions/{session['id']}"
    postgresql.cluster().stop()
    try:
        for way in (teacher, elsewhere):
            assert [way.get(at).status_code, way.post(at + "/lock").status_code, way.get("/sessions").status_code] == [503] * 3
        host.send("report", quality="nonsense")  # the call goes on
        host.refused("bad_message", "report")
    finally:
        postgresql.cluster().start()
    assert teacher.get(at).status_code == 200
    assert elsewhere.post(at + "/lock", {"locked": True}).status_code == 200
    assert guest.expect("room")["room"]["locked"] is True


def test_frozen_node_does_not_stop_the_other(nodes):
    """Stopped in the middle of its writing: it may hold the turn; the server takes it away."""
    a, b = nodes
    ada, bob = a.person(), b.person()
    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(lambda: [ada.post("/sessions", {"title": "t"}).status_code for _ in range(50)]) for _ in range(3)]
        until(lambda: ada.get("/sessions").json()["total"] > 10, "it writes")
        a.process.send_signal(signal.SIGSTOP)
        try:
            until(lambda: bob.post("/sessions", {"title": "t"}).status_code == 201, "the other node goes on", deadline=25)
        finally:
            a.process.send_signal(signal.SIGCONT)
        counts = [f.result() for f in writing]
    assert all(status in (201, 503) for list_ in counts for status in list_)
    assert until(lambda: ada.post("/sessions", {"title": "again"}).status_code == 201, "and so does the first")


def test_webhooks_are_sent_by_one_node_at_a_time_and_go_over_when_it_dies(nodes):
    """What happens on either is told once and in order; the other one takes over when the lease of a dead one ends."""
    a, b = nodes
    there, boss, ada = Receiver(), a.admin(), a.person("Ada")
    try:
        made = boss.post("/webhooks/endpoints", json={"url": there.url, "event_types": ["session.updated"]}).json()
        on_b = by_way_of(b, ada)
        session = ada.session()
        for n in range(10):
            assert (ada, on_b)[n % 2].patch(f"/sessions/{session['id']}", json={"title": f"Title {n}"}).status_code == 200
        ids = lambda: [json.loads(m["body"])["data"]["id"] for m in there.messages]
        there.wait(10)
        with b.db() as db:
            until(lambda: list(db.execute("SELECT count(*) FROM webhook_deliveries WHERE state = 'delivered'"))[0][0] == 10, "all are in the log")
            [(holder,)] = list(db.execute(f"SELECT n.name FROM webhook_endpoints w JOIN nodes n ON n.id = w.node_id WHERE w.id = {made['id']}"))
        assert ids() == sorted(set(ids()))
        dead, living = (a, b) if holder == (a.data / "node").read_text().strip() else (b, a)
        dead.stop(signal.SIGKILL)
        by_way_of(living, ada).patch(f"/sessions/{session['id']}", json={"title": "after it"})
        there.wait(11, deadline=60)
        assert len(set(ids())) == 11
    finally:
        there.close()
