"""Neighbours that take what is said and never answer, answer a byte at a time, or cannot be reached at all, without a word: deadlines hold, nothing is lost, everybody else goes on."""
import pytest

import invariants
import scenes
from daily_world import DailyWorld
from front import Front
from harness import until
from world import Refused, World

HURRY = 10  # deadlines are so many times shorter meanwhile
PROVIDER_SECONDS = 10


class Fronted(World):
    """All that roomd asks it asks by way of a front."""

    def __init__(self, folder):
        super().__init__(folder, tolerant=True, PROVIDER_TIMEOUT_SECONDS=str(PROVIDER_SECONDS))

    def neighbours(self):
        asked = super().neighbours()
        self.fronts = {"provider": Front(self.livekit.port), "bucket": Front(self.s3.server.server_port), "endpoint": Front(self.receiver.http.server_port)}
        return {**asked, "LIVEKIT_SERVER_URL": self.fronts["provider"].url}

    def sinks(self):
        return self.s3.env(S3_ENDPOINT=self.fronts["bucket"].url)

    def endpoint_url(self):
        return self.fronts["endpoint"].url + "/hook"

    def part(self):
        super().part()
        for front in self.fronts.values():
            front.close()


class SlowFiles(DailyWorld):
    def __init__(self, folder):
        super().__init__(folder, tolerant=True)

    def neighbours(self):
        asked = super().neighbours()
        self.daily.files, self.daily.content = Front(self.daily.port), b"long" * 25000
        return asked

    def part(self):
        self.daily.files.close()
        super().part()


@pytest.fixture
def world(world_of):
    return world_of("silence", Fronted)


@pytest.fixture
def at_daily(world_of):
    return world_of("files", SlowFiles)


def given_up_on(world, who):
    """A try that was made meanwhile has come to its end."""
    if who == "bucket":
        return world.rows("SELECT 1 FROM jobs WHERE kind = 'publish' AND status = 'waiting' AND attempts > 0 AND error IS NOT NULL")
    if who == "endpoint":
        return world.rows("SELECT 1 FROM webhook_deliveries WHERE state = 'waiting' AND attempts > 0 AND error IS NOT NULL")
    return True  # who asked was refused


def gets_better(world, front):
    """All of it is as it should be, and nothing of it twice."""
    world.tolerant = True
    front.be(None)
    world.control.hurry(1)
    invariants.afterwards(world)


def refused(scene, world):
    try:
        scene(world)
    except Refused:
        return True
    return False


@pytest.mark.parametrize("mode", ["mute", "slow", "closed"])
@pytest.mark.parametrize("who", ["provider", "bucket", "endpoint"])
def test_somebody_does_not_answer(world, who, mode, done):
    front, knocks = world.fronts[who], world.fronts[who].knocks
    world.control.hurry(HURRY)
    front.be(mode)
    try:
        was_refused = [refused(scene, world) for scene in (scenes.kept_recording, scenes.call)]
        world.tolerant = False
        scenes.lessons(world)
        if who != "provider":
            scenes.call(world)
        met = until(lambda: given_up_on(world, who), f"{who} was given up on for now") and (who != "provider" or any(was_refused))
    finally:
        gets_better(world, front)
    done("neighbours that do not answer", met and (front.knocks > knocks or mode == "closed"))


@pytest.mark.parametrize("mode", ["mute", "slow", "closed"])
def test_a_file_does_not_come(at_daily, mode, done):
    world, front = at_daily, at_daily.daily.files
    world.control.hurry(HURRY)
    front.be(mode)
    try:
        refused(scenes.kept_recording, world)
        met = until(lambda: world.rows("SELECT 1 FROM jobs WHERE kind = 'fetch' AND status = 'waiting' AND attempts > 0 AND error IS NOT NULL"), "it was given up on for now")
        scenes.call(world)
    finally:
        gets_better(world, front)
    done("neighbours that do not answer", len(met))
