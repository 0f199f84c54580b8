"""Fixtures that every Python test shares. ROOMD_BINARY names another roomd than build/roomd."""
from contextlib import closing

import pytest

from fake_s3 import FakeS3
from harness import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """One roomd for all tests that leave nothing behind which another would mind. No rate limits."""
    server = Server(tmp_path_factory.mktemp("roomd")).start()
    yield server
    assert server.stop() == 0


@pytest.fixture
def start_roomd(tmp_path):
    """More of them: start_roomd(env={…}) gives a running server with a data folder of its own, stopped at the end."""
    started = []

    def start(env=None, name=None, **how):
        server = Server(tmp_path / (name or f"roomd{len(started)}"), env, **how)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        if server.process:
            server.stop()


@pytest.fixture
def s3():
    """A bucket for one test."""
    with closing(FakeS3()) as store:
        yield store


@pytest.fixture(scope="module")
def store():
    """A bucket for a server that all tests of a file share: each test looks for its own keys, and takes back the faults that it made."""
    with closing(FakeS3()) as store:
        yield store


@pytest.fixture
def teacher(server):
    return server.person("Ada Lovelace")


@pytest.fixture
def student(server):
    return server.person("Grace Hopper")


@pytest.fixture
def stranger(server):
    return server.person("Eve")


@pytest.fixture(scope="session")
def admin(server):
    return server.admin()


@pytest.fixture
def anybody(server):
    """A client without a bearer."""
    return server.client()
