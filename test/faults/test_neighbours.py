"""Those whom roomd talks to refuse, lie, hang up, are slow, for a while: afterwards everything is as if they had not."""
import contextlib
import time

import pytest

import invariants
import scenes
from fake_s3 import FakeS3
from world import Refused, World

ANY = lambda method, query: True
OF_PARTS = lambda method, query: "uploadId" in query


@pytest.fixture
def world(world_of):
    return world_of("neighbours", lambda folder: World(folder, tolerant=True))


class Instead:
    """A stand-in does something else than it would, until it is over; `met`: how often."""

    def __init__(self, of, name, act):
        self.of, self.name, self.would, self.act, self.met = of, name, getattr(of, name), act, 0
        setattr(of, name, self)

    def __call__(self, *what):
        self.met += 1
        return self.act(self.would, *what)

    def over(self):
        setattr(self.of, self.name, self.would)


class Bucket:
    """Its next requests of a kind are answered otherwise, or not at all."""

    def __init__(self, w, when, answer, times):
        self.s3, self.times = w.s3, times
        w.s3.faults += [(when, answer)] * times

    @property
    def met(self):
        return self.times - len(self.s3.faults)

    def over(self):
        self.s3.faults.clear()


class LiveKit:
    def __init__(self, w, **how):
        self.livekit, self.fault = w.livekit, w.livekit.fault(".*", times=3, **how)

    @property
    def met(self):
        return 3 - self.fault.left

    def over(self):
        self.livekit.faults.clear()


class Mute:
    """Nothing is told by webhooks."""

    def __init__(self, w):
        self.livekit, self.before = w.livekit, len(w.livekit.hook_log)
        w.livekit.mute_hooks = True

    @property
    def met(self):
        return len(self.livekit.hook_log) - self.before

    def over(self):
        self.livekit.mute_hooks = False


def slowly(seconds):
    def act(would, *what):
        time.sleep(seconds)  # this is the trouble
        return would(*what)
    return act


def hangs_up(would, message):
    raise ConnectionAbortedError


def keeps_less(would, key, body, headers):
    return would(key, body[:-1], headers)


def bucket(status, code=None, when=ANY, times=4):
    return lambda w: Bucket(w, when, status and FakeS3.error(status, code), times)


def endpoint(answer):
    return lambda w: Instead(w.receiver, "answer", answer if callable(answer) else lambda would, message: answer)


WRONG_TAG = (200, {"ETag": '"00000000000000000000000000000000"'}, b"")  # not that of what is kept
TROUBLES = {
    "the bucket refuses": bucket(403, "AccessDenied"),
    "the bucket is out of order": bucket(503, "SlowDown"),
    "the bucket hangs up": bucket(None),
    "the bucket hangs up over parts": bucket(None, when=OF_PARTS, times=3),
    "the bucket forgets an upload": bucket(404, "NoSuchUpload", OF_PARTS, 1),
    "the bucket keeps less": lambda w: Instead(w.s3, "keep", keeps_less),
    "the bucket has wrong tags": lambda w: Bucket(w, lambda method, query: "partNumber=1" in query, WRONG_TAG, 1),
    "the bucket is slow": lambda w: Instead(w.s3, "answer", slowly(0.1)),
    "the endpoint is out of order": endpoint(500),
    "the endpoint refuses": endpoint(403),
    "the endpoint has enough": endpoint((429, {"Retry-After": "20"}, b"")),
    "the endpoint hangs up": endpoint(hangs_up),
    "the endpoint is slow": endpoint(slowly(0.05)),
    "LiveKit is out of order": lambda w: LiveKit(w, status=500),
    "LiveKit hangs up before": lambda w: LiveKit(w, drop="before"),
    "LiveKit hangs up after": lambda w: LiveKit(w, drop="after"),
    "LiveKit refuses us": lambda w: LiveKit(w, status=401),
    "LiveKit's webhooks are lost": Mute,
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_passes(world, trouble, done):
    it = TROUBLES[trouble](world)
    for scene in (scenes.call, scenes.kept_recording, scenes.large_recording):
        with contextlib.suppress(Refused):
            scene(world)
    met = it.met
    it.over()
    invariants.afterwards(world)
    done("neighbours in trouble", met)
