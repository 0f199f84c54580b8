"""kill -9 at every place that spec/faults.def names: what was acknowledged is there afterwards, once, in order. On both databases."""
import contextlib
import random
import signal

import pytest

import invariants
import scenes
from control import points
from daily_world import DailyWorld
from luck import EACH, SEED
from where import places
from world import Died, World

CALLED = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "daily": "Daily"}
AT_PROVIDERS = ["room_noted", "room_opened", "room_closed", "person_removed", "record_begun", "record_stopped", "reconcile_asked", "reconcile_applied", "reconcile_told", "inbox_stored", "inbox_read",
                "inbox_settled", "inbox_applied", "fetch_begun", "fetch_got", "fetch_moved", "fetch_stored", "fetch_told", "job_taken", "job_worked", "forget_stepped"]


@pytest.fixture
def world(world_of, database):
    return world_of(f"points-{database}", lambda folder: DailyWorld(folder) if database == "daily" else World(folder, database=database))


def killed_at(world, name, scene, nth=1):
    """Armed, played until it dies, started again, at rest, looked at."""
    met = world.control.met()
    world.control.arm(name, nth)
    with contextlib.suppress(Died):
        scene(world)
        if scene not in scenes.OWN_HOUSE:
            world.wait(lambda: False, f"{name} is passed", 10)
    if scene not in scenes.OWN_HOUSE:  # those have looked at their own
        assert world.house.process.wait(10) == -signal.SIGKILL
        world.revive()
    invariants.afterwards(world)
    return world.control.met() - met


def judged(world, database, name, done):
    where = places(world, database, scenes.of(world))
    assert name in where, f"no scene passes {name}"
    done(f"places of kill -9 on {CALLED[database]}", killed_at(world, name, where[name]))


@pytest.mark.parametrize("name", [name for name in points() if name not in scenes.DAILY_ALONE])
@pytest.mark.parametrize("database", ["sqlite"])
def test_killed_at_every_named_place(world, database, name, done):
    judged(world, database, name, done)


@pytest.mark.parametrize("name", [name for name in points() if name not in {*scenes.SQLITE_ALONE, *scenes.DAILY_ALONE}])
@pytest.mark.parametrize("database", ["postgresql"])
def test_killed_at_every_named_place_on_postgresql(world, database, name, done):
    judged(world, database, name, done)


@pytest.mark.parametrize("name", AT_PROVIDERS)
@pytest.mark.parametrize("database", ["daily"])
def test_killed_while_daily_is_asked(world, database, name, done):
    judged(world, database, name, done)


@pytest.mark.parametrize("turn", range(EACH))
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_killed_at_a_later_passing(world, database, turn, done):
    """Not at the first time but at some time, while several things are under way; the place's own scene is played until it has been passed so often."""
    where, luck = places(world, database, scenes.of(world)), random.Random(f"{SEED} {database} {turn}")
    busy = [scene for scene in scenes.of(world) if scene not in scenes.OWN_HOUSE]
    name, nth, mixed = luck.choice([n for n, s in where.items() if s in busy]), luck.randrange(2, 12), luck.sample(busy, 3)
    print(f"{name}, passing {nth}, in {[s.__name__ for s in mixed]} (FAULT_SEED={SEED})")
    met = world.control.met()
    world.control.arm(name, nth)
    with contextlib.suppress(Died):
        for scene in (where[name], *mixed, *[where[name]] * nth):
            scene(world)
    assert world.house.process.wait(10) == -signal.SIGKILL, f"{name} was not passed {nth} times"
    world.revive()
    invariants.afterwards(world)
    done("kills at a later passing", world.control.met() - met)
