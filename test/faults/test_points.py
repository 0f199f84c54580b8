"""kill -9 at every place that spec/faults.def names: what was acknowledged is there afterwards, once, in order."""
import contextlib
import os
import random
import signal
import time

import invariants
import scenes
from control import points
from world import Died

SEED = int(os.environ.get("FAULT_SEED", random.randrange(1 << 30)))
EACH = int(os.environ.get("FAULT_EACH", "3"))


def met(world):
    """Which scene goes past which places: each is played once without a fault."""
    where = {}
    world.rest()  # what happens once, at the start, belongs to no scene
    for scene in scenes.ALL:
        before = world.control.passed()
        began = time.monotonic()
        scene(world)
        after = world.control.passed()
        for name in after:
            if after[name] > before[name] and scenes.ONLY.get(name, scene) is scene:
                where.setdefault(name, scene)
        print(f"{scene.__name__}: {time.monotonic() - began:.2f} s")
    return where


def killed_at(world, name, scene, nth=1):
    """Armed, played until it dies, started again, at rest, looked at."""
    armed = world.control.passed()[name] + nth
    world.control.arm(name, nth)
    with contextlib.suppress(Died):
        scene(world)
        if scene not in scenes.OWN_HOUSE:
            world.wait(lambda: False, f"{name} is passed", 10)
    if scene in scenes.OWN_HOUSE:
        assert world.control.passed()[name] >= armed, f"{name} was not passed again"
        return
    assert world.house.process.wait(10) == -signal.SIGKILL
    world.revive()
    world.empty()
    world.rest()
    invariants.check(world)


def test_killed_at_every_named_place(world):
    where = met(world)
    world.empty()
    world.rest()
    invariants.check(world)
    never = set(points()) - set(where)
    for name, scene in where.items():
        began = time.monotonic()
        killed_at(world, name, scene)
        print(f"{name} in {scene.__name__}: {time.monotonic() - began:.2f} s")
    assert not never, f"never passed: {never}"


def test_killed_at_a_later_passing(world):
    """Not at the first time but at some time, while several things are under way."""
    where, luck = met(world), random.Random(SEED)
    busy = [scene for scene in scenes.ALL if scene not in scenes.OWN_HOUSE]
    for _ in range(2 * EACH):
        name, nth, mixed = luck.choice([n for n, s in where.items() if s in busy]), luck.randrange(2, 12), luck.sample(busy, 3)
        print(f"{name}, passing {nth}, in {[s.__name__ for s in mixed]} (FAULT_SEED={SEED})")
        last = world.control.passed()[name] + nth
        world.control.arm(name, nth)
        with contextlib.suppress(Died):
            for scene in (where[name], *mixed):
                scene(world)
        world.control.disarm()
        if world.control.passed()[name] >= last:  # else it was passed less often than that
            assert world.house.process.wait(10) == -signal.SIGKILL
            world.revive()
        world.empty()
        world.rest()
        invariants.check(world)
