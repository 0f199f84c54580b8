"""PostgreSQL goes away in the middle of a transaction: a backend is killed (then the server starts anew), or the connection is ended. roomd goes on."""
import atexit
import contextlib
import functools
import os
import signal

import pytest

import invariants
import postgresql
import scenes
from harness import until
from luck import EACH
from world import Refused, World

MIDDLE = "pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'roomd'"
PLACES = {"event_written": scenes.lessons, "commit_before": scenes.lessons, "commit_after": scenes.lessons, "key_claimed": scenes.accounts, "key_answered": scenes.accounts,
          "api_key_made": scenes.accounts, "stay_opened": scenes.page, "stay_closed": scenes.page, "inbox_settled": scenes.call, "job_taken": scenes.call, "job_worked": scenes.call,
          "room_made": scenes.call, "webhook_noting": scenes.lessons, "record_begun": scenes.kept_recording, "fetch_stored": scenes.kept_recording, "upload_whole": scenes.large_recording,
          "recording_marked": scenes.recording, "forget_stepped": scenes.forgotten}


@functools.cache
def careful():
    """A server that tells of a commit once it is written, unlike that of the other tests."""
    cluster = postgresql.Cluster([setting for setting in postgresql.FAST if "synchronous" not in setting])
    atexit.register(cluster.close)
    return cluster


@pytest.fixture
def world(world_of):
    return world_of("database", lambda folder: World(folder, database="postgresql", tolerant=True, DATABASE_URL=postgresql.fresh_database(on=careful())))


def kill_a_backend(url):
    [(pid,)] = postgresql.Connection(url).execute(f"SELECT {MIDDLE} ORDER BY state = 'idle in transaction' DESC LIMIT 1")
    os.kill(pid, signal.SIGKILL)
    return 1


def end_the_connections(url):
    [(ended,)] = postgresql.Connection(url).execute(f"SELECT count(pg_terminate_backend(pid)) AS n FROM (SELECT {MIDDLE}) q")
    return ended


def writes_again(world):
    with contextlib.suppress(Refused):
        return world.lesson()


@pytest.mark.parametrize("name", list(PLACES)[:None if EACH > 1 else 3])
@pytest.mark.parametrize("ended", [kill_a_backend, end_the_connections])
def test_the_database_goes_away(world, ended, name, done):
    url = world.house.env["DATABASE_URL"]
    with world.control.stopped_at(name, world.house.process, lambda: ended(url)) as met:
        try:
            PLACES[name](world)
            world.wait(lambda: met, f"{name} is passed")
        except Refused:
            pass
    assert met and world.house.alive
    until(lambda: writes_again(world), "the database is back")
    invariants.afterwards(world)
    done("times that PostgreSQL went away in mid-transaction", met[0])
