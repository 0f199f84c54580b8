"""Real Chromium on real media. Needs a network namespace: tools/netns.sh .venv/bin/pytest test/browser"""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from playing import cast_of, pytest_pyfunc_call, stage, whole_stage  # noqa: E402,F401


@pytest.fixture
def cast(stage, server):  # noqa: F811
    return cast_of(stage, server)
