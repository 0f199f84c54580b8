"""roomd with faults built in (meson -Dfaults=true): make faults. ROOMD_BINARY names another one."""
import os

import pytest

import harness

if "ROOMD_BINARY" not in os.environ:
    harness.BINARY = str(harness.ROOT / "build-faults" / "roomd")

from world import World  # noqa: E402


@pytest.fixture
def world(tmp_path):
    it = World(tmp_path)
    yield it
    it.close()
