"""The n-th allocation, write, sync, rename or connect fails: what is answered is true, and nothing is lost. FAULT_SEED, FAULT_EACH."""
import contextlib
import random
import signal

import pytest

import invariants
import scenes
from injection import FAULTS, FOR_EVER, Injector
from luck import EACH, SEED
from world import Died, Refused, World

TRIES = 8


class Injected(World):
    def __init__(self, folder):
        self.injector = Injector(folder, folder / "house0" / "data")
        super().__init__(folder, tolerant=True, **self.injector.env)

    def revive(self):
        """As systemd does: one that cannot start for the fault says so, and is started again."""
        failed = self.injector.failed
        try:
            super().revive()
        except AssertionError:
            assert self.injector.failed > failed and self.house.log_text().splitlines()[-1].startswith("roomd: "), self.house.log_text()[-3000:]
            super().revive()

    def close(self):
        self.injector.stop()
        super().close()
        self.injector.close()


@pytest.fixture
def world(world_of):
    return world_of("injection", Injected)


def all_of_it(w):
    for scene in (scenes.accounts, scenes.lessons, scenes.call, scenes.kept_recording, scenes.large_recording):
        try:
            scene(w)
        except Refused:  # with a 5xx: it was not done, or nobody knows
            pass


def until_met(world):
    """All of it, and again with a roomd that is new: connections are kept, so later there are fewer of them. Gives how often it was met."""
    failed = world.injector.failed
    for _ in range(TRIES):
        with contextlib.suppress(Died):
            all_of_it(world)
        if world.injector.failed > failed or not world.house.alive:
            break
        world.kill()
        world.revive()
    return world.injector.failed - failed


def recovers(world, name):
    world.injector.stop()
    if not world.house.alive or world.house.process.poll() is not None:
        assert name == "no memory" and world.house.process.returncode == -signal.SIGABRT, (name, world.house.process.returncode, world.house.log_text()[-3000:])
        assert "out of memory" in world.house.log_text()[-4000:]
        world.revive()
    invariants.afterwards(world)


@pytest.mark.parametrize("name", FAULTS)
def test_the_nth_fails(world, name, done):
    kind, error = FAULTS[name]
    world.deaths = (-signal.SIGABRT,) if kind == "memory" else ()
    before = world.injector.count(kind)
    all_of_it(world)
    calls, chance, met = world.injector.count(kind) - before, random.Random(f"{SEED} {name}"), 0
    for _ in range(EACH):
        nth = 1 + int(calls * chance.random())
        print(f"{name}: call {nth} of {calls} (FAULT_SEED={SEED})")
        world.injector.fail(kind, nth, error)
        met += until_met(world) > 0
        recovers(world, name)
    done("n-th failures", met, EACH)


@pytest.mark.parametrize("name", ["disk full", "disk broken", "not synced", "refused"])
def test_it_goes_on_failing(world, name, done):
    """And no restart is needed when it is over."""
    kind, error = FAULTS[name]
    world.deaths = ()
    met = 0
    for nth in (1, 40 if kind != "connect" else 4):
        world.injector.fail(kind, nth, error, FOR_EVER)
        met += until_met(world) > 0
        recovers(world, name)
    done("failures that go on", met, 2)


def test_what_is_not_synced_is_not_acknowledged(world, done):
    met = 0
    for name in ("not synced", "disk full"):
        kind, error = FAULTS[name]
        failed = world.injector.failed
        world.injector.fail(kind, 1, error, FOR_EVER)  # once might be met by a job
        reply = world.ada.call("POST", "/sessions", {"title": f"Told {name}"})
        world.injector.stop()
        met += world.injector.failed > failed
        assert reply.status_code == 503 and not world.rows("SELECT 1 FROM sessions WHERE title = ?", f"Told {name}"), reply.text
        world.lesson()
    recovers(world, "not synced")
    done("failed syncs that somebody waited for", met, 2)
