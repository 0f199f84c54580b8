"""Two nodes on one database: one is killed, or falls silent, at each place where it holds something; the other one goes on, and nothing happens twice."""
import contextlib
import random
import signal

import pytest

import invariants
import scenes
from control import STOP, is_stopped, points
from harness import until
from luck import EACH, SEED
from where import places
from world import Died, Refused, World

NOT_HELD = {*scenes.OF_A_START, *scenes.DAILY_ALONE, "webhook_opened"}  # an endpoint is a node's from its start on
BUSY = [scene for scene in scenes.ALL if scene not in (*scenes.OWN_HOUSE, scenes.restart, scenes.flood)]


class Two(World):
    """Asked is the first one, as long as it is there: LiveKit tells the same one."""

    def __init__(self, folder):
        shared = folder / "recordings"  # doc/operate.md
        for i in range(2):
            (folder / f"house{i}" / "data").mkdir(mode=0o700, parents=True)
            (folder / f"house{i}" / "data" / "recordings").symlink_to(shared)
        shared.mkdir(mode=0o700)
        super().__init__(folder, database="postgresql", nodes=2, SECRET_KEY="one secret that both nodes share")
        self.livekit.patience = 3  # with one that has fallen silent

    def turn_to(self, house):
        self.house = house
        self.http.close()
        self.http = self.client(timeout=5 if self.tolerant else 20)
        self.introduce()

    @property
    def dead(self):
        return next((house for house in self.houses if not house.alive), None)

    def other(self, house):
        return self.houses[1 - self.houses.index(house)]

    def alone(self, house):
        """This one does everything that the other one has left; lessons go on meanwhile."""
        self.turn_to(house)
        self.watched, self.skip_ms = [house], 200  # leases run out
        until(self.quiet, "LiveKit, whose time is not moved, has said what it had to say to the other one")
        self.control.shift(11000)  # the other one is known to be gone
        self.answer_all()
        scenes.lessons(self)
        scenes.call(self)
        invariants.afterwards(self, at_least_ms=1000)

    def together(self):
        """Both are there again."""
        self.watched, self.skip_ms = self.houses, 0
        self.turn_to(self.houses[0])
        invariants.afterwards(self)


@pytest.fixture
def world(world_of):
    return world_of("nodes", Two)


@pytest.mark.parametrize("name", [name for name in points() if name not in NOT_HELD])
def test_one_node_is_killed(world, name, done):
    scene = places(world, "nodes", BUSY)[name]
    met = world.control.met()
    world.control.arm(name)
    with contextlib.suppress(Died):
        scene(world)
        world.wait(lambda: world.dead, f"{name} is passed")
    until(lambda: world.dead, "one is dead")
    met = world.control.met() - met
    dead, world.tolerant = world.dead, False
    assert dead.process.wait(10) == -signal.SIGKILL
    world.control.disarm()
    world.alone(world.other(dead))
    assert dead.start()
    world.together()
    done("places where one of two nodes was killed", met)


@pytest.mark.parametrize("turn", range(EACH))
def test_one_node_falls_silent(world, turn, done):
    """It holds what it held; when it wakes it finds that the other one has it."""
    where, luck = places(world, "nodes", BUSY), random.Random(f"{SEED} silent {turn}")
    name = luck.choice(sorted(where))
    print(f"{name} in {where[name].__name__} (FAULT_SEED={SEED})")
    met, silent = world.control.met(), lambda: next((house for house in world.houses if is_stopped(house.process)), None)
    world.control.arm(name, action=STOP)
    world.tolerant = True
    world.turn_to(world.house)
    try:
        where[name](world)
        world.wait(silent, f"{name} is passed")
    except Refused:
        pass
    house = until(silent, "one is silent")
    world.control.disarm()
    world.tolerant = False  # the other one refuses nothing, but may have to wait until leases have run out
    try:
        world.alone(world.other(house))
    finally:
        house.process.send_signal(signal.SIGCONT)
    world.together()
    done("times that one of two nodes fell silent", world.control.met() - met)
