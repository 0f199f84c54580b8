"""What breaks, breaks here: a roomd of its own, killed and started again. tools/netns.sh .venv/bin/pytest test/crash"""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "browser"))
from harness import Server  # noqa: E402
from playing import cast_of, pytest_pyfunc_call, stage, whole_stage  # noqa: E402,F401


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("house")).start()
    yield server
    server.stop()


@pytest.fixture
def cast(stage, house):  # noqa: F811
    return cast_of(stage, house)
