"""roomd with faults built in (meson -Dfaults=true): make faults. ROOMD_BINARY names another one. Runs in several processes (pytest -n), each with a world of its own."""
import atexit
import collections
import os
import random
import shutil
import tempfile
import time

import pytest

import harness

os.environ.setdefault("FAULT_SEED", str(random.randrange(1 << 30)))
if "FAULT_SHARED" not in os.environ:  # a folder in which the processes of a run tell each other something (where.py)
    os.environ["FAULT_SHARED"] = tempfile.mkdtemp(prefix="roomd-faults-")
    atexit.register(shutil.rmtree, os.environ["FAULT_SHARED"], True)
if "ROOMD_BINARY" not in os.environ:
    harness.BINARY = str(harness.ROOT / "build-faults" / "roomd")

BEGAN = time.monotonic()


def pytest_configure(config):
    config.addinivalue_line("markers", "long: begins before the others, so that nobody waits for it at the end")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


# ---- worlds

class Stage:
    """The world that this process has now: kept as long as tests ask for the same, and not after one that failed."""

    def __init__(self, factory):
        self.factory, self.kind, self.world = factory, None, None

    def have(self, kind, make):
        if self.kind != kind:
            self.clear()
            self.world, self.kind = make(self.factory.mktemp(kind)), kind
        return self.world

    def clear(self):
        world, self.kind, self.world = self.world, None, None
        if world:
            world.close()


@pytest.fixture(scope="session")
def stage(tmp_path_factory):
    it = Stage(tmp_path_factory)
    yield it
    it.clear()


@pytest.fixture
def world_of(stage, request):
    """world_of(kind, make): make(folder) makes one, if there is none of that kind."""
    yield stage.have
    if getattr(request.node, "went_wrong", True):
        stage.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call":
        item.went_wrong = report.failed
    return report


# ---- what was done

@pytest.fixture(autouse=True)
def done(request, record_property):
    """done(what, happened, meant): counted if the test passes, and told at the end. A test whose faults have not happened proves nothing, so it fails; as does one that does not say."""
    said = []

    def say(what, happened, meant=1):
        assert happened >= meant, f"{what}: {happened} of {meant}: the fault did not happen"
        said.append(what)
        record_property(f"done: {what}", meant)
    yield say
    assert said or getattr(request.node, "went_wrong", True), "it does not say which faults have happened"


def pytest_terminal_summary(terminalreporter):
    sums = collections.Counter()
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties if report.when == "call" else []:
            if name.startswith("done: "):
                sums[name.removeprefix("done: ")] += value
    failed = len(terminalreporter.stats.get("failed", [])) + len(terminalreporter.stats.get("error", []))
    what = ", ".join(f"{count:g} {name}" for name, count in sums.items())
    terminalreporter.write_line(f"faults: {what}; {failed} failed; {time.monotonic() - BEGAN:.0f} s; FAULT_SEED={os.environ['FAULT_SEED']}")
