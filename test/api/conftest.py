"""The suite fails when a route, an error or an event of spec/ was never met (met.py). API_PART=1/2 runs every second file, beginning with the
first, and leaves what it has met in API_MET for met.py: parts beside each other take less time, as tests wait more than they work."""
import json
import os
import pathlib

from harness import SEEN
from met import judge

HERE = pathlib.Path(__file__).parent
FILES = sorted(HERE.glob("test_*.py"))


def mine():
    """The files of this part."""
    part, _, parts = os.environ.get("API_PART", "1/1").partition("/")
    return set(FILES[int(part) - 1 :: int(parts)])


def pytest_ignore_collect(collection_path):
    return True if collection_path in FILES and collection_path not in mine() else None


def whole_suite(session):
    """All files of this folder, nothing deselected: else a partial run would always fail."""
    asked = {item.path for item in session.items if item.path.parent == HERE}
    return asked == set(FILES) and not session.config.getoption("-k") and not session.config.getoption("-m")


def pytest_sessionfinish(session, exitstatus):
    if "API_MET" in os.environ:
        pathlib.Path(os.environ["API_MET"]).write_text(json.dumps({name: sorted(names) for name, names in vars(SEEN).items()}))
    if not exitstatus and whole_suite(session) and not judge(vars(SEEN)):
        session.exitstatus = 1
