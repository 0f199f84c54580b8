"""Attendance against an oracle: random stays in random order, told twice, lost and found again, across midnight and the change of clocks."""
import csv
import io
import random
import time
from datetime import datetime, timezone

import pytest

from fake_daily import FakeDaily
from harness import until
from recorded import hurry
from test_daily_events import attendance, daily, deliver, settings  # noqa: F401 (daily is a fixture)

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000


def ms(text):
    return None if text is None else round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def iso(at):
    return datetime.fromtimestamp(at / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03}Z"


def merged(spans, now):
    """Joins any two that overlap or are at most a second apart, until there are no such two. Another way than the server's, on purpose."""
    pieces = [(a, now if b is None else b, b is None) for a, b in spans]
    while pair := next(((x, y) for x in pieces for y in pieces if x is not y and x[0] <= y[0] and (x[2] or y[0] <= x[1] + SECOND)), None):
        x, y = pair
        pieces.remove(x)
        pieces.remove(y)
        pieces.append((x[0], max(x[1], y[1]), x[2] or y[2]))
    return sorted(pieces)


def oracle(spans, now, start, end):
    stays = merged(spans, now)
    present = any(b is None for _, b in spans)
    ordered = sorted(spans, key=lambda s: (s[0], float("inf") if s[1] is None else s[1]))
    back = sum(all(b is not None and b <= a for _, b in ordered[:n]) for n, (a, _) in enumerate(ordered) if n)
    last = None if present else max(b for _, b in spans)
    return {
        "spans": [(a, None if still else b) for a, b, still in stays], "total_ms": sum(b - a for a, b, _ in stays), "first_joined_at": stays[0][0], "last_left_at": last, "present": present,
        "late_ms": None if start is None else max(0, stays[0][0] - start), "left_early_ms": None if present or end is None or end > now else max(0, end - last),
        "connections": len(spans), "reconnects": back,
    }


def compare(shown, wanted):
    seen = {**shown, "spans": [(ms(s["joined_at"]), ms(s["left_at"])) for s in shown["spans"]], "first_joined_at": ms(shown["first_joined_at"]), "last_left_at": ms(shown["last_left_at"])}
    for name, value in wanted.items():
        if name != "total_ms":
            assert seen[name] == value, (shown["name"], name)
    slack = 30 if shown["present"] else 0.5  # who is in goes on being in while the server is asked
    assert abs(shown["total_seconds"] - wanted["total_ms"] / 1000) <= slack, shown["name"]


def lay_down(server, session, people):
    """People with their stays, put beside the server in any order: {name: [(from, to)]}."""
    with server.db() as db:
        for n, name in enumerate(people):
            db.execute("INSERT INTO participants (session_id, identity, name, role, connection_status, screenshare, admitted, token_generation, created_at) VALUES (?, ?, ?, 'student', 'left', 1, 0, 0, 1)", (session["id"], f"guest-{session['id']}-{n}", name))
        seats = {name: number for number, name in db.execute("SELECT id, name FROM participants WHERE session_id = ? AND identity LIKE 'guest-%'", (session["id"],))}
        rows = [(seats[name], a, b) for name, spans in people.items() for a, b in spans]
        random.Random(session["id"]).shuffle(rows)
        for n, (seat, a, b) in enumerate(rows):
            db.execute("INSERT INTO connection_spans (connection, session_id, participant_id, joined_at, left_at) VALUES (?, ?, ?, ?, ?)", (f"c{session['id']}-{n}", session["id"], seat, a, b))


def shown(teacher, session):
    reply = teacher.get(f"/sessions/{session['id']}/attendance").json()
    return {p["name"]: p for p in reply["people"]}, ms(reply["starts_at"]), ms(reply["ends_at"])


def set_times(server, session, start, ended, minutes=60):
    with server.db() as db:  # beside the server: it would end what is over by itself
        db.execute("UPDATE sessions SET scheduled_start = ?, ended_at = ?, duration_minutes = ?, status = 'ended' WHERE id = ?", (start, ended, minutes, session["id"]))


@pytest.mark.parametrize("seed", range(12))
def test_any_stays_in_any_order(server, teacher, seed):
    dice = random.Random(seed)
    session, now = teacher.session(), int(time.time() * 1000)
    begin = now - dice.randrange(HOUR, 30 * HOUR)
    start = dice.choice([None, begin, begin + dice.randrange(HOUR)])
    ended = dice.choice([None, begin + dice.randrange(2 * HOUR)])
    people = {}
    for n in range(dice.randrange(1, 7)):
        spans = []
        for _ in range(dice.randrange(1, 9)):
            a = begin + dice.choice([dice.randrange(2 * HOUR), dice.randrange(20) * 500])  # some meet by the millisecond
            spans.append((a, min(now - 1, a + dice.choice([0, 1, 500, 1000, 1001, MINUTE, dice.randrange(HOUR)]))))
        if dice.random() < 0.2:
            spans.append((begin + dice.randrange(HOUR), None))
        people[f"P{n}"] = spans
    set_times(server, session, start, ended, minutes=dice.choice([1, 60, 1440]))
    lay_down(server, session, people)
    found, starts_at, ends_at = shown(teacher, session)
    assert set(found) == set(people) and starts_at == start
    for name, spans in people.items():
        compare(found[name], oracle(spans, int(time.time() * 1000), start, ends_at))


@pytest.mark.parametrize("start, ended, ends", [(None, None, None), ("10:00", None, "11:00"), ("10:00", "10:30", "10:30"), ("10:00", "11:45", "11:00"), (None, "10:20", "10:20")])
def test_to_which_end_leaving_early_is_counted(server, teacher, start, ended, ends):
    at = lambda text: ms(f"2026-03-02T{text}:00Z") if text else None
    session = teacher.session()
    set_times(server, session, at(start), at(ended))
    lay_down(server, session, {"Ada": [(at("10:05"), at("10:10"))], "Grace": [(at("09:55"), at("12:00"))]})
    found, _, ends_at = shown(teacher, session)
    assert ends_at == at(ends)
    assert [found[p]["left_early_ms"] for p in ("Ada", "Grace")] == ([None, None] if not ends else [at(ends) - at("10:10"), 0])
    assert [found[p]["late_ms"] for p in ("Ada", "Grace")] == ([5 * MINUTE, 0] if start else [None, None])


def test_across_midnight_and_the_change_of_clocks(server, teacher):
    """All times are UTC: an hour that clocks show twice, or never, is an hour."""
    session = teacher.session()
    night, spring = ms("2026-10-24T23:30:00Z"), ms("2027-03-28T00:30:00Z")  # 02:30 there twice, and not at all
    set_times(server, session, night, night + 3 * HOUR, minutes=180)
    lay_down(server, session, {"Autumn": [(night, night + 3 * HOUR)], "Spring": [(spring, spring + HOUR), (spring + HOUR, spring + 2 * HOUR)], "Midnight": [(ms("2026-12-31T23:59:59.500Z"), ms("2027-01-01T00:00:00.500Z"))]})
    found, _, _ = shown(teacher, session)
    assert {name: p["total_seconds"] for name, p in found.items()} == {"Autumn": 10800, "Spring": 7200, "Midnight": 1}
    assert [(s["joined_at"], s["left_at"]) for s in found["Spring"]["spans"]] == [("2027-03-28T00:30:00Z", "2027-03-28T02:30:00Z")] and found["Spring"]["reconnects"] == 1
    assert found["Midnight"]["spans"] == [{"joined_at": "2026-12-31T23:59:59.500Z", "left_at": "2027-01-01T00:00:00.500Z"}]


def test_as_csv(server, teacher):
    session = teacher.session()
    begin = ms("2026-03-02T10:00:00Z")
    set_times(server, session, begin, begin + HOUR)
    names = ["=1+1", " \t=2", "＝3", "|calc", "%x", "\n=4", 'say "hi", twice', "5 + 5"]
    lay_down(server, session, {name: [(begin + n * MINUTE, begin + 30 * MINUTE), (begin + 40 * MINUTE, None)] for n, name in enumerate(names)})
    at = f"/sessions/{session['id']}/attendance"
    stays, people = (list(csv.DictReader(io.StringIO(teacher.get(at, params={"format": "csv", **more}).text, newline=""))) for more in ({}, {"rows": "people"}))
    safe = ["'" + n for n in names[:6]] + names[6:]
    assert [r["name"] for r in people] == safe and [r["name"] for r in stays] == [n for n in safe for _ in range(2)]
    found, _, _ = shown(teacher, session)
    for row, name in zip(people, names):
        one = found[name]
        assert row == {"identity": one["identity"], "user_id": "", "name": row["name"], "role": "student", "total_seconds": row["total_seconds"], "first_joined_at": one["first_joined_at"], "last_left_at": "",
                       "present": "true", "late_ms": str(one["late_ms"]), "left_early_ms": "", "connections": "2", "reconnects": "1"}
    assert [(r["joined_at"], r["left_at"]) for r in stays[:2]] == [("2026-03-02T10:00:00Z", "2026-03-02T10:30:00Z"), ("2026-03-02T10:40:00Z", "")]
    assert teacher.get(at, params={"format": "xml"}).status_code == 422 and teacher.get(at, params={"rows": "all"}).status_code == 422


# ---- what a provider tells

@pytest.fixture
def house(start_roomd, daily):  # noqa: F811
    return start_roomd(settings(daily, DEPARTURE_TIMEOUT_SECONDS="80000"))


def a_story(fake, session, dice, now):
    """Stays at the stand-in, which has all of them in its books; what it would tell, and the truth."""
    told, truth, going = [], {}, []
    fake.post = lambda event: told.append(event) or []
    room, begin = session["room_name"], now - 5400
    for step in range(begin, begin + 3600, 60):
        for stay in [s for s in going if dice.random() < 0.2]:
            going.remove(stay)
            fake.leave(room, stay[0], at=step)
            truth[stay[1]].append((stay[2] * 1000, step * 1000))
        if dice.random() < 0.4:
            name = f"P{dice.randrange(4)}"
            truth.setdefault(name, [])
            going.append((fake.join(room, name, name, at=step), name, step))
    for stay, name, step in going:
        fake.leave(room, stay, at=begin + 3600)
        truth[name].append((step * 1000, (begin + 3600) * 1000))
    fake.post = lambda event: [event]
    return told, truth


def test_told_late_twice_or_not_at_all(house, daily):  # noqa: F811
    """Whatever half of it is told, in whatever order and how often: with the provider's books it is the truth in the end."""
    ada, now = house.person("Ada Lovelace"), int(time.time())
    stories = []
    for seed in range(4):
        dice = random.Random(seed)
        session = ada.session(scheduled_start=iso((now - 5000) * 1000), duration_minutes=600)
        told, truth = a_story(daily, session, dice, now)
        sent = [e for e in told if dice.random() < (1, 0.7, 0.4, 1)[seed]] or told[:1]
        sent += dice.choices(sent, k=len(sent) // 2)
        if seed:
            dice.shuffle(sent)
        deliver(house.port, sent)
        stories.append((session, truth))

    def as_told():
        hurry(house, "history")
        known = lambda session, truth: set(found := attendance(ada, session)) == set(truth) and all(p["connections"] == len(truth[n]) and not p["present"] for n, p in found.items())
        return all(known(*story) for story in stories)

    until(as_told, "every stay is known, and over", 90)
    for session, truth in stories:
        assert ada.patch(f"/sessions/{session['id']}", {"status": "ended"}).status_code == 200
        found, start, end = shown(ada, session)
        assert start == (now - 5000) * 1000
        for name, spans in truth.items():
            compare(found[name], oracle(spans, int(time.time() * 1000), start, end))
