"""Those whom roomd talks to refuse, lie, hang up, are slow, for a while: afterwards everything is as if they had not."""
import time

import pytest

import invariants
import scenes
from world import Refused, World

ANY = lambda method, query: True
OF_PARTS = lambda method, query: "uploadId" in query


@pytest.fixture
def world(world_of):
    return world_of("neighbours", lambda folder: World(folder, tolerant=True))


def slowly(seconds, then):
    def answer(*what):
        time.sleep(seconds)
        return then(*what)
    return answer


def hangs_up(message):
    raise ConnectionAbortedError


class Short:
    """A store that keeps less than it was given, and says that all is well."""

    def __init__(self, world, times):
        self.keep, self.times = world.s3.keep, times
        world.s3.keep = self

    def __call__(self, key, body, headers):
        self.times -= 1
        return self.keep(key, body[:-1] if self.times >= 0 else body, headers)


def short_store(world):
    Short(world, 2)


def slow_store(world):
    world.s3.answer = slowly(0.1, world.s3.answer)


def wrong_tags(world):
    """The first part's tag is not that of what is kept."""
    world.s3.faults.append((lambda method, query: "partNumber=1" in query, (200, {"ETag": '"00000000000000000000000000000000"'}, b"")))


TROUBLES = {
    "the bucket refuses": lambda w: w.s3.fail(ANY, 403, "AccessDenied", times=4),
    "the bucket is out of order": lambda w: w.s3.fail(ANY, 503, "SlowDown", times=4),
    "the bucket hangs up": lambda w: w.s3.fail(ANY, times=4),
    "the bucket hangs up over parts": lambda w: w.s3.fail(OF_PARTS, times=3),
    "the bucket forgets an upload": lambda w: w.s3.fail(OF_PARTS, 404, "NoSuchUpload", times=1),
    "the bucket keeps less": short_store,
    "the bucket has wrong tags": wrong_tags,
    "the bucket is slow": slow_store,
    "the endpoint is out of order": lambda w: setattr(w.receiver, "answer", lambda m: 500),
    "the endpoint refuses": lambda w: setattr(w.receiver, "answer", lambda m: 403),
    "the endpoint has enough": lambda w: setattr(w.receiver, "answer", lambda m: (429, {"Retry-After": "20"}, b"")),
    "the endpoint hangs up": lambda w: setattr(w.receiver, "answer", hangs_up),
    "the endpoint is slow": lambda w: setattr(w.receiver, "answer", slowly(0.05, lambda m: 200)),
    "LiveKit is out of order": lambda w: w.livekit.fault(".*", status=500, times=3),
    "LiveKit hangs up before": lambda w: w.livekit.fault(".*", drop="before", times=3),
    "LiveKit hangs up after": lambda w: w.livekit.fault(".*", drop="after", times=3),
    "LiveKit refuses us": lambda w: w.livekit.fault(".*", status=401, times=3),
    "LiveKit's webhooks are lost": lambda w: setattr(w.livekit, "mute_hooks", True),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_passes(world, trouble, done):
    good = {(what, name): getattr(what, name) for what, name in ((world.s3, "answer"), (world.s3, "keep"), (world.receiver, "answer"))}
    TROUBLES[trouble](world)
    for scene in (scenes.call, scenes.kept_recording, scenes.large_recording):
        try:
            scene(world)
        except Refused:
            pass
    for (what, name), value in good.items():
        setattr(what, name, value)
    world.s3.faults.clear()
    world.livekit.faults.clear()
    world.livekit.mute_hooks = False
    world.answer_all()
    world.empty()
    world.rest()
    invariants.check(world)
    done("neighbours in trouble")
