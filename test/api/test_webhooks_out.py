"""What happens is told to endpoints: signed, in order, once or more but never not at all, however they answer."""
import email.utils
import json
import signal
import threading
import time

import pytest
from standardwebhooks import Webhook

from harness import DEADLINE, until
from receiver import Receiver

ENDPOINTS = "/webhooks/endpoints"


@pytest.fixture
def receiver():
    made = []

    def make(answer=None):
        made.append(Receiver(answer))
        return made[-1]
    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    from harness import Server
    server = Server(tmp_path_factory.mktemp("webhooks")).start()
    yield server
    assert server.stop() == 0


@pytest.fixture
def boss(house):
    return house.admin()


def endpoint(boss, receiver, **fields):
    reply = boss.post(ENDPOINTS, json={"url": receiver.url + "/hook", **fields})
    assert reply.status_code == 201, reply.text
    return reply.json()


def types(messages):
    return [json.loads(m["body"])["type"] for m in messages]


def data(message):
    return json.loads(message["body"])["data"]


def of_session(session, kind=None):
    return lambda m: data(m)["session_id"] == session["id"] and kind in (None, json.loads(m["body"])["type"])


def log(boss, made, **params):
    return boss.get(f"{ENDPOINTS}/{made['id']}/deliveries", params={"limit": 1000, **params}).json()["deliveries"]


def shown(boss, made):
    return boss.get(f"{ENDPOINTS}/{made['id']}").json()


def rename(person, session, times):
    for n in range(times):
        assert person.patch(f"/sessions/{session['id']}", json={"title": f"Title {n}"}).status_code == 200


def drop(boss, made):
    assert boss.delete(f"{ENDPOINTS}/{made['id']}").status_code == 204


def test_what_happens_is_told_signed_and_logged(boss, house, receiver):
    there = receiver()
    made = endpoint(boss, there)
    ada = house.person("Ada")
    session = ada.session()
    ada.delete(f"/sessions/{session['id']}")
    there.wait(1, where=of_session(session, "session.deleted"))
    got = there.wait(1, where=of_session(session))
    assert types(got)[0] == "session.created" and types(got)[-1] == "session.deleted"
    for message in got:
        told = Webhook(made["secret"]).verify(message["body"], message["headers"])
        assert message["headers"]["webhook-id"] == f"evt_{told['data']['id']}" and message["path"] == "/hook" and message["method"] == "POST"
        assert told["timestamp"] == told["data"]["timestamp"] and told["type"] == told["data"]["event_type"]
        assert message["headers"]["user-agent"] == "roomd" and message["headers"]["content-type"] == "application/json"
    mine = until(lambda: len(rows := [d for d in log(boss, made, state="delivered") if d["session_id"] == session["id"]]) == len(got) and rows, "they are in the log")
    assert [(d["status"], d["answer"], d["error"], d["attempts"]) for d in mine] == [(200, "ok", None, 1)] * len(mine)
    assert [d["message_id"] for d in mine] == [m["headers"]["webhook-id"] for m in reversed(got)]
    detail = boss.get(f"{ENDPOINTS}/{made['id']}/deliveries/{mine[0]['id']}").json()
    assert detail["body"].encode() == got[-1]["body"]
    now = shown(boss, made)
    assert now["failed_count"] == 0 and now["last_success_at"] and now["last_attempt_at"]
    drop(boss, made)


def test_the_body_is_what_the_event_list_says(boss, house, receiver):
    there = receiver()
    made = endpoint(boss, there, event_types=["participant.added"])
    ada, grace = house.person("Ada"), house.person("Grace")
    session = ada.session()
    assert ada.post(f"/sessions/{session['id']}/participants", json={"user_id": grace.id}).status_code == 201
    got = there.wait(1, where=of_session(session, "participant.added"))
    listed = [e for e in ada.get(f"/sessions/{session['id']}/events").json()["events"] if e["event_type"] == "participant.added"]
    assert [data(m) for m in got] == listed[:len(got)]
    drop(boss, made)


def test_filters_by_type_and_session(boss, house, receiver):
    there, here = receiver(), receiver()
    ada = house.person("Ada")
    one, other = ada.session(), ada.session()
    typed = endpoint(boss, there, event_types=["session.locked", "recording.*"])
    bound = endpoint(boss, here, session_id=one["id"])
    for session in [other, one]:
        ada.post(f"/sessions/{session['id']}/lock", json={"locked": True})
        ada.post(f"/sessions/{session['id']}/lock", json={"locked": False})
    there.wait(2)
    here.wait(2)
    assert types(there.messages) == ["session.locked"] * 2
    assert types(here.messages) == ["session.locked", "session.unlocked"] and {data(m)["session_id"] for m in here.messages} == {one["id"]}
    for made in [typed, bound]:
        drop(boss, made)


def test_order_in_a_session_though_it_fails_in_between(boss, house, receiver):
    """The first attempt of every third message fails; the next one of its session waits for it, other sessions do not."""
    seen, refused = set(), []

    def answer(message):
        number = message["headers"]["webhook-id"]
        first = number not in seen
        seen.add(number)
        if first and data(message)["id"] % 3 == 0 and len(refused) < 4:
            refused.append(number)
            return 500
        return 200
    there = receiver(answer)
    made = endpoint(boss, there, event_types=["session.updated"])
    ada = house.person("Ada")
    sessions = [ada.session() for _ in range(3)]
    for _ in range(3):
        for session in sessions:
            rename(ada, session, 2)
    done = lambda: [d for d in log(boss, made, state="delivered")]
    until(lambda: len(done()) == 18, "all were taken", 40)
    taken = [m for i, m in enumerate(there.messages) if not (m["headers"]["webhook-id"] in refused and m["headers"]["webhook-id"] not in [n["headers"]["webhook-id"] for n in there.messages[:i]])]
    for session in sessions:
        ids = [data(m)["id"] for m in taken if data(m)["session_id"] == session["id"]]
        assert ids == sorted(ids) and len(set(ids)) == 6
    assert refused
    again = next(d for d in done() if d["message_id"] == refused[0])
    detail = boss.get(f"{ENDPOINTS}/{made['id']}/deliveries/{again['id']}").json()
    assert detail["attempts"] == 2 and [(a["status"], a["error"]) for a in detail["failed_attempts"]] == [(500, "HTTP 500")]
    drop(boss, made)


def test_gone_disables_and_nothing_is_lost(boss, house, receiver):
    there = receiver(lambda m: 410)
    made = endpoint(boss, there, event_types=["session.created"])
    ada = house.person("Ada")
    first = ada.session()
    until(lambda: shown(boss, made)["state"] == "disabled", "it was disabled")
    assert shown(boss, made)["reason"] == "it is gone; the last: HTTP 410"
    second = ada.session()
    there.answer = lambda m: 200
    assert len(there.messages) == 1
    boss.patch(f"{ENDPOINTS}/{made['id']}", json={"state": "active"})
    got = there.wait(3)
    told = [data(m)["session_id"] for m in got]
    assert told[0] == first["id"] and sorted(told) == [first["id"], first["id"], second["id"]]  # of two sessions either may come first
    drop(boss, made)


def test_skipping_what_was_missed(boss, house, receiver):
    there = receiver()
    made = endpoint(boss, there, event_types=["session.created"])
    ada = house.person("Ada")
    boss.patch(f"{ENDPOINTS}/{made['id']}", json={"state": "paused"})
    ada.session()
    boss.patch(f"{ENDPOINTS}/{made['id']}", json={"state": "active", "skip_missed": True})
    later = ada.session()
    assert [data(m)["session_id"] for m in there.wait(1)] == [later["id"]]
    drop(boss, made)


@pytest.mark.parametrize("status, wait", [(429, "2"), (503, "date")])
def test_quiet_when_asked_for(boss, house, receiver, status, wait):
    def answer(message):
        if len(there.messages) > 1:
            return 200
        return status, {"Retry-After": wait if wait != "date" else email.utils.formatdate(time.time() + 3, usegmt=True)}, b"busy"
    there = receiver(answer)
    made = endpoint(boss, there, event_types=["session.created"])
    ada = house.person("Ada")
    ada.session()
    until(lambda: shown(boss, made)["held_until"], "it is held")
    ada.session()
    there.wait(3, deadline=30)
    assert there.messages[1]["at"] - there.messages[0]["at"] >= 1.5
    until(lambda: shown(boss, made)["reason"] is None, "it is well again")
    drop(boss, made)


def test_a_redirect_is_not_followed(boss, house, receiver):
    elsewhere = receiver()
    there = receiver(lambda m: (302, {"Location": elsewhere.url + "/taken"}, b""))
    made = endpoint(boss, there, event_types=["session.created"], retry="circuit")
    house.person("Ada").session()
    [row] = until(lambda: log(boss, made, state="failed"), "it failed")
    assert (row["status"], row["error"], row["attempts"]) == (302, "HTTP 302", 1) and not elsewhere.messages
    drop(boss, made)


def test_a_circuit_breaks_after_three(boss, house, receiver):
    there = receiver(lambda m: 400)
    made = endpoint(boss, there, event_types=["session.updated"], retry="circuit")
    ada = house.person("Ada")
    session = ada.session()
    rename(ada, session, 5)
    until(lambda: shown(boss, made)["state"] == "disabled", "the circuit broke")
    assert shown(boss, made)["reason"] == "three failures in a row; the last: HTTP 400" and shown(boss, made)["failed_count"] == 3
    assert len(there.messages) == 3
    drop(boss, made)


def test_replay_by_id_and_by_range(boss, house, receiver):
    there = receiver()
    made = endpoint(boss, there, event_types=["session.updated"])
    ada = house.person("Ada")
    session = ada.session()
    rename(ada, session, 4)
    first = there.wait(4)
    until(lambda: len(log(boss, made, state="delivered")) == 4, "all are in the log")
    row = log(boss, made)[-1]
    assert boss.post(f"{ENDPOINTS}/{made['id']}/deliveries/{row['id']}/replay").status_code == 200
    again = there.wait(5)[4]
    assert (again["headers"]["webhook-id"], again["body"]) == (first[0]["headers"]["webhook-id"], first[0]["body"])
    until(lambda: not log(boss, made, state="waiting"), "it was taken")
    asked = boss.post(f"{ENDPOINTS}/{made['id']}/replay", json={"after_event": data(first[1])["id"]}).json()
    assert asked == {"count": 2, "last_event": None}
    assert [data(m)["id"] for m in there.wait(7)[5:]] == [data(m)["id"] for m in first[2:]]
    drop(boss, made)


def test_an_endpoint_made_later_can_have_what_was_before(boss, house, receiver):
    there = receiver()
    ada = house.person("Ada")
    session = ada.session()
    rename(ada, session, 3)
    made = endpoint(boss, there, session_id=session["id"], event_types=["session.*"])
    count = boss.post(f"{ENDPOINTS}/{made['id']}/replay", json={}).json()["count"]
    assert count == 4
    assert types(there.wait(4)) == ["session.created"] + ["session.updated"] * 3
    drop(boss, made)


def test_given_up_stays_and_can_be_replayed(house, boss, receiver):
    """Nine attempts are long past; the endpoint took other things meanwhile, so it goes on."""
    there = receiver(lambda m: 500)
    made = endpoint(boss, there, event_types=["session.created"])
    session = house.person("Ada").session()
    until(lambda: [d for d in log(boss, made, state="waiting") if d["attempts"]], "it waits after an attempt")
    boss.patch(f"{ENDPOINTS}/{made['id']}", json={"state": "paused"})
    with house.db() as db:
        db.execute(f"UPDATE webhook_deliveries SET attempts = 9, due_at = 0 WHERE endpoint_id = {made['id']}")
    boss.patch(f"{ENDPOINTS}/{made['id']}", json={"state": "active"})
    [row] = until(lambda: log(boss, made, state="failed"), "it was given up")
    assert row["attempts"] == 10 and shown(boss, made)["state"] == "active"
    there.answer = lambda m: 200
    assert boss.post(f"{ENDPOINTS}/{made['id']}/replay", json={"only_failed": True}).json() == {"count": 1, "last_event": None}
    until(lambda: log(boss, made, state="delivered"), "it was taken")
    assert {data(m)["session_id"] for m in there.messages} == {session["id"]}
    drop(boss, made)


def test_long_failure_pauses_and_says_so(start_roomd, receiver):
    there = receiver(lambda m: 500)
    house = start_roomd()
    boss, ada = house.admin(), house.person("Ada")
    made = endpoint(boss, there, event_types=["session.created"])
    ada.session()
    until(lambda: shown(boss, made)["failed_count"] == 1 and log(boss, made, state="waiting"), "it failed once")
    house.stop()
    with house.db() as db:
        db.execute("UPDATE webhook_endpoints SET failing_since = failing_since - 76 * 3600000")
        db.execute("UPDATE webhook_deliveries SET due_at = 0")
    house.start()
    boss.http = house.client(boss.token)
    until(lambda: shown(boss, made)["state"] == "paused", "it was paused")
    assert shown(boss, made)["reason"] == "it took nothing for 75 hours; the last: HTTP 500"
    assert [d["state"] for d in log(boss, made)] == ["waiting"]
    with house.db() as db:
        assert list(db.execute("SELECT event_data FROM events WHERE event_type = 'webhook.paused'")) != []


def test_a_slow_one_holds_nobody_up(boss, house, receiver):
    gate = threading.Event()
    slow, quick = receiver(lambda m: gate.wait(DEADLINE) and 200 or 200), receiver()
    held, free = endpoint(boss, slow, event_types=["session.updated"]), endpoint(boss, quick, event_types=["session.updated"])
    ada = house.person("Ada")
    session = ada.session()
    rename(ada, session, 20)
    quick.wait(20)
    assert len(slow.messages) == 1  # one of a session at a time
    gate.set()
    slow.wait(20)
    for made in [held, free]:
        drop(boss, made)


def test_one_that_never_answers_is_broken_off(boss, house, receiver):
    gate = threading.Event()
    there = receiver(lambda m: gate.wait(4 * DEADLINE) and 200 or 200)
    made = endpoint(boss, there, event_types=["session.created"])
    house.person("Ada").session()
    [row] = until(lambda: [d for d in log(boss, made, state="waiting") if d["attempts"]], "it was broken off", 30)
    assert row["status"] is None and row["error"] == "Timeout was reached" and 14000 <= row["duration_ms"]
    gate.set()
    drop(boss, made)


def test_nothing_is_lost_when_it_is_killed(start_roomd, receiver):
    """-9 in the middle of deliveries, with some failing: what was committed is told, in its order, at least once."""
    attempts = {}

    def answer(message):
        number = message["headers"]["webhook-id"]
        attempts[number] = attempts.get(number, 0) + 1
        return 500 if data(message)["id"] % 7 == 0 and attempts[number] == 1 else 200
    there = receiver(answer)
    house = start_roomd()
    boss, ada = house.admin(), house.person("Ada")
    made = endpoint(boss, there, event_types=["session.*"])
    sessions = [ada.session() for _ in range(6)]
    for round_ in range(2):
        for session in sessions:
            rename(ada, session, 5)
        house.stop(signal.SIGKILL)
        house.start()
        ada.http, boss.http = house.client(ada.token), house.client(boss.token)
    with house.db() as db:
        wanted = {row[0] for row in db.execute("SELECT id FROM events WHERE event_type LIKE 'session.%'")}
    assert len(wanted) >= 66
    until(lambda: {d["event_id"] for d in log(boss, made, state="delivered")} >= wanted, "all were taken", 40)
    for session in sessions:
        firsts = []
        for message in there.messages:
            if data(message)["session_id"] == session["id"] and data(message)["id"] not in firsts:
                firsts.append(data(message)["id"])
        assert firsts == sorted(firsts)


def test_order_is_kept_over_two_kills_while_one_waits(start_roomd, receiver):
    """Behind one that waits some are in the log, and others were only read from the events: none overtakes another at the next start."""
    refused = []
    there = receiver(lambda m: 200 if refused else refused.append(data(m)["id"]) or 500)
    house = start_roomd()
    boss, ada = house.admin(), house.person("Ada")
    session = ada.session()
    made = endpoint(boss, there, event_types=["session.updated"])
    waiting = lambda: {d["event_id"] for d in log(boss, made, state="waiting")}
    rename(ada, session, 1)
    until(waiting, "the first was refused and waits")
    house.stop(signal.SIGKILL)
    with house.db() as db:  # told of, but not yet read
        db.execute("INSERT INTO events (session_id, user_id, event_type, event_data, timestamp) SELECT session_id, user_id, event_type, event_data, timestamp FROM events WHERE id = ?", refused)
    house.start()
    ada.http, boss.http = house.client(ada.token), house.client(boss.token)
    rename(ada, session, 1)
    with house.db() as db:
        wanted = [row[0] for row in db.execute("SELECT id FROM events WHERE id >= ? AND event_type = 'session.updated' ORDER BY id", refused)]
    assert len(wanted) == 3
    until(lambda: wanted[-1] in waiting() or len(there.messages) > 3, "the last waits too")
    house.stop(signal.SIGKILL)
    house.start()
    boss.http = house.client(boss.token)
    until(lambda: {d["event_id"] for d in log(boss, made, state="delivered")} >= set(wanted), "all were taken", 40)
    came = [data(m)["id"] for m in there.messages]
    assert sorted(set(came), key=came.index) == wanted


def test_a_stop_waits_for_answers(start_roomd, receiver):
    gate = threading.Event()
    there = receiver(lambda m: gate.wait(DEADLINE) and 200)
    house = start_roomd()
    boss, ada = house.admin(), house.person("Ada")
    made = endpoint(boss, there, event_types=["session.created"])
    ada.session()
    there.wait(1)
    threading.Timer(0.3, gate.set).start()
    assert house.stop(signal.SIGTERM) == 0
    with house.db() as db:
        assert [row[0] for row in db.execute(f"SELECT state FROM webhook_deliveries WHERE endpoint_id = {made['id']}")] == ["delivered"]


def test_a_long_backlog_is_worked_off(boss, house, receiver):
    """More than is held in memory, of a few sessions and of many."""
    there = receiver()
    made = endpoint(boss, there, event_types=["chat.message"])
    boss.patch(f"{ENDPOINTS}/{made['id']}", json={"state": "paused"})
    ada = house.person("Ada")
    sessions = [ada.session()["id"] for _ in range(5)]
    rows = [f"({'NULL' if n % 6 == 5 else sessions[n % 6]}, {ada.id}, 'chat.message', '{{\"text\":\"{n}\"}}', {n})" for n in range(2600)]
    with house.db() as db:
        db.execute(f"INSERT INTO events (session_id, user_id, event_type, event_data, timestamp) VALUES {', '.join(rows)}")
    boss.patch(f"{ENDPOINTS}/{made['id']}", json={"state": "active"})
    got = there.wait(2600, deadline=60)
    for session in sessions:
        texts = [int(data(m)["event_data"]["text"]) for m in got if data(m)["session_id"] == session]
        assert texts == sorted(texts) and len(texts) >= 433
    until(lambda: boss.get(f"{ENDPOINTS}/{made['id']}/deliveries", params={"limit": 1, "state": "delivered"}).json()["total"] == 2600, "all are in the log")
    drop(boss, made)


def test_the_log_is_swept(start_roomd, receiver):
    there = receiver()
    house = start_roomd(env={"WEBHOOK_LOG_DAYS": "1"})
    boss, ada = house.admin(), house.person("Ada")
    made, other = endpoint(boss, there, event_types=["session.created"]), endpoint(boss, there, event_types=["session.created"])
    ada.session()
    until(lambda: len(log(boss, made)) == len(log(boss, other)) == 1, "both have it")
    drop(boss, other)
    house.stop()
    with house.db() as db:
        db.execute("UPDATE webhook_deliveries SET created_at = created_at - 90000000")
    house.start()
    boss.http = house.client(boss.token)
    until(lambda: not log(boss, made), "the log is empty")
    with house.db() as db:
        assert list(db.execute("SELECT count(*) FROM webhook_deliveries"))[0][0] == 0
