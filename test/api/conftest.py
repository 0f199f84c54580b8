"""The suite fails when a route, an error or an event of spec/ was never met, unless there is a reason in this file."""
import pathlib

from harness import SEEN

HERE = pathlib.Path(__file__).parent

NOT_HERE = {
    "screenshare.stopped": "follows a renegotiation that only a real page does; in the browser tests",
}


def whole_suite(session):
    """All files of this folder, nothing deselected: else a partial run would always fail."""
    asked = {item.path for item in session.items if item.path.parent == HERE}
    return asked == set(HERE.glob("test_*.py")) and not session.config.getoption("-k") and not session.config.getoption("-m")


def pytest_sessionfinish(session, exitstatus):
    if exitstatus or not whole_suite(session):
        return
    unseen = sorted((SEEN.all_routes - SEEN.routes) | (SEEN.all_errors - SEEN.errors) | (SEEN.all_events - SEEN.events))
    missing = [name for name in unseen if name not in NOT_HERE]
    stale = [name for name in NOT_HERE if name not in unseen]
    if missing or stale:
        print(f"\nnever met by any test: {missing}\nexceptions that are none any more: {stale}")
        session.exitstatus = 1
