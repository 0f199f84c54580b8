"""A day of lessons in minutes: the clock is the test's. FAULT_HOURS (24), FAULT_SEED says the day that failed once more."""
import collections
import heapq
import itertools
import random
import time

import pytest

import invariants
from harness import until
from luck import HOURS, SEED
from world import World

MINUTE, HOUR, STEP, SMALL_STEP, LATE_MS = 60_000, 3_600_000, 20_000, 5_000, 45_000


class Day:
    """Who does what when. Times are milliseconds of the moved clock."""

    def __init__(self, world):
        self.world, self.luck, self.turn = world, random.Random(SEED), itertools.count()
        self.plan, self.lessons, self.here, self.stays, self.lost_at = [], {}, {}, [], 0
        self.met = collections.Counter()
        self.begin = world.control.now_ms()
        self.end = self.begin + int(HOURS * HOUR)
        self.deliver_hook = world.livekit.deliver
        world.livekit.deliver = self.may_lose

    def at(self, when, what, *about):
        heapq.heappush(self.plan, (when, next(self.turn), what, about))

    def chance(self, of):
        return self.luck.random() < of

    # ---- what is planned

    def fill(self):
        for _ in range(max(3, int(HOURS * 3))):
            self.at(self.begin + self.luck.randrange(int(HOURS * HOUR)), self.schedule)
        for _ in range(max(1, int(HOURS / 4))):
            self.at(self.begin + self.luck.randrange(int(HOURS * HOUR)), self.crash)
        self.at(self.begin + int(HOURS * HOUR * 0.2), self.endpoint_gone)
        self.at(self.begin + int(HOURS * HOUR * 0.5), self.endpoint_back)
        self.at(self.begin + int(HOURS * HOUR * 0.55), self.store_gone)
        self.at(self.begin + int(HOURS * HOUR * 0.65), self.store_back)

    def schedule(self):
        w, minutes = self.world, self.luck.choice([15, 30, 45, 60])
        now = w.control.now_ms()
        starts = now + self.luck.randrange(5, 60) * MINUTE
        s = w.lesson(scheduled_start=text(starts), duration_minutes=minutes)
        self.lessons[s["id"]] = (s, starts, minutes)
        over = starts + minutes * MINUTE
        self.at(starts - self.luck.randrange(3 * MINUTE), self.arrive, s, w.ada)
        for _ in range(self.luck.randrange(1, 4)):
            self.at(starts + self.luck.randrange(minutes * MINUTE), self.arrive, s, w.ben)
            self.at(starts + self.luck.randrange(minutes * MINUTE), self.depart, s, w.ben)
        if self.chance(0.5):
            self.at(starts + 2 * MINUTE, self.record, s)
            self.at(over - 2 * MINUTE, self.stop_recording, s)
        if self.chance(0.5):
            self.at(over - self.luck.randrange(MINUTE, 5 * MINUTE), self.finish, s)

    # ---- what happens

    def is_over(self, s):
        return self.world.rows("SELECT status FROM sessions WHERE id = ?", s["id"])[0][0] not in ("scheduled", "active")

    def arrive(self, s, who):
        if (s["id"], who.id) in self.here or self.is_over(s):
            return
        there = self.world.come(who, s)
        there.publish()
        self.here[s["id"], who.id] = there
        self.stays.append([there, self.world.control.now_ms(), None])

    def depart(self, s, who):
        there = self.here.pop((s["id"], who.id), None)
        if there and not there.gone:
            there.leave()
            next(stay for stay in self.stays if stay[0] is there)[2] = self.world.control.now_ms()

    def record(self, s):
        if any(id == s["id"] and not p.gone for (id, _), p in self.here.items()) and not self.is_over(s):
            self.world.livekit.egress.content = str(s["id"]).encode()
            self.world.record(s)

    def stop_recording(self, s):
        for id, uuid in self.world.rows("SELECT id, uuid FROM recordings WHERE session_id = ? AND status = 'recording'", s["id"]):
            self.world.stop({"id": id, "uuid": uuid})

    def finish(self, s):
        if not self.is_over(s):
            self.world.end(s)

    def endpoint_gone(self):
        def refuse(message):
            self.met["endpoint"] += 1
            return 503
        self.world.receiver.answer = refuse
        self.schedule()  # there is something to be told

    def endpoint_back(self):
        self.world.receiver.answer = lambda message: 200

    def store_gone(self):
        def meant(method, query):
            self.met["bucket"] += 1
            return True
        self.world.s3.fail(meant, 500, times=1000000)
        now, s = self.world.control.now_ms(), self.world.lesson()
        for minutes, what, about in ((1, self.arrive, (s, self.world.ada)), (2, self.record, (s,)), (3, self.stop_recording, (s,)), (4, self.finish, (s,))):  # there is something to be stored
            self.at(now + minutes * MINUTE, what, *about)

    def store_back(self):
        self.world.s3.faults.clear()

    def crash(self):
        self.met["crash"] += 1
        self.world.kill()
        self.world.revive()

    def may_lose(self, body):
        if not self.chance(0.05):
            return self.deliver_hook(body)
        self.lost_at = self.world.control.now_ms()
        self.met["hook"] += 1
        return 0

    # ---- the hours

    def go(self):
        w = self.world
        self.fill()
        while w.control.now_ms() < self.end:
            now = w.control.now_ms()
            while self.plan and self.plan[0][0] <= now:
                _, _, what, about = heapq.heappop(self.plan)
                what(*about)
            due = self.plan[0][0] if self.plan else self.end
            repairing = now - self.lost_at < 2 * LATE_MS  # rounds of asking are 15 s apart, and it takes two of them to miss somebody
            w.control.shift(max(1000, min(SMALL_STEP if repairing else STEP, due - now)))
            w.control.noticed(8)
            until(self.caught_up, "what was due is done")
            self.note_gone()

    def caught_up(self):
        """Time waits for whoever has something to do at this moment, however slow this box is."""
        w = self.world
        due = w.rows("SELECT 1 FROM jobs WHERE status = 'running' OR status = 'waiting' AND due_at <= ?", w.control.now_ms() - 1000)
        return not due and w.quiet()

    def note_gone(self):
        """Who was put out by the end of a lesson."""
        for stay in self.stays:
            if stay[0].gone and stay[2] is None:
                stay[2] = self.world.control.now_ms()


def text(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ms / 1000))


@pytest.fixture
def day(tmp_path):
    world = World(tmp_path, RECONCILE_SECONDS="15", DEPARTURE_TIMEOUT_SECONDS="300", EMPTY_TIMEOUT_SECONDS="900")
    yield Day(world)
    world.close()


@pytest.mark.long
def test_a_day(day, done):
    print(f"FAULT_SEED={SEED} FAULT_HOURS={HOURS}")
    began, world = time.monotonic(), day.world
    day.go()
    print(f"{HOURS} hours in {time.monotonic() - began:.0f} s: {len(day.lessons)} lessons, {len(day.stays)} stays, {len(world.receiver.messages)} messages")
    world.livekit.deliver = day.deliver_hook
    day.store_back()
    on_time(day)
    invariants.afterwards(world)
    attendance(day)
    assert all(day.met[what] for what in ("endpoint", "bucket", "crash", *(["hook"] if HOURS >= 6 else []))), day.met  # one of twenty webhooks is lost
    done("virtual hours", HOURS, HOURS)


def on_time(day):
    """Whom nobody ended, time has ended."""
    w = day.world
    for s, starts, minutes in day.lessons.values():
        [(status, expires, ended)] = w.rows("SELECT status, expires_at, ended_at FROM sessions WHERE id = ?", s["id"])
        if expires and expires + LATE_MS < w.control.now_ms():
            assert status == "ended", (s["id"], status, expires, w.control.now_ms())
            assert ended <= expires + LATE_MS, (s["id"], ended - expires)


def attendance(day):
    """Each stay is there, and as long as it was, whatever was lost on the way."""
    w = day.world
    rows = {c: (j, l) for c, j, l in w.rows("SELECT connection, joined_at, left_at FROM connection_spans")}
    for there, came, went in day.stays:
        if there.sid not in rows:  # shorter than anybody looked
            assert went - came < LATE_MS, (there.sid, came, went)
            continue
        joined, left = rows[there.sid]
        assert abs(joined - came) < LATE_MS and (went is None or abs(left - went) < LATE_MS), (there.sid, joined - came, left - (went or 0))
