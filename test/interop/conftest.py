"""Against the real servers. `make interop` installs them, and runs this in a network namespace: every server on 127.0.0.1.

A test names what it needs by its fixtures; where a part could not be installed it is skipped, and the closing line says why."""
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "browser")]
import parts  # noqa: E402
from harness import Server  # noqa: E402
from playing import cast_of, pytest_pyfunc_call, stage, whole_stage  # noqa: E402,F401

DEADLINE = "30"


def need(*names):
    gone = {name: why for name, why in parts.missing().items() if name in names}
    if gone:
        pytest.skip("; ".join(f"{name} is not there ({why})" for name, why in gone.items()))


def kept(made):
    """A fixture's part, closed at the end whatever happens."""
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def redis():
    need("redis")
    yield from kept(parts.Redis())


@pytest.fixture(scope="session")
def roomd_port():
    """Told to LiveKit before roomd is there."""
    return parts.free_port()


@pytest.fixture(scope="session")
def livekit(redis, roomd_port):
    need("livekit-server")
    yield from kept(parts.LiveKit(redis, [f"http://127.0.0.1:{roomd_port}/webhooks/livekit"]))


def livekit_env(livekit):
    return {"PROVIDER": "livekit", "LIVEKIT_SERVER_URL": livekit.url, "LIVEKIT_API_KEY": parts.KEY, "LIVEKIT_API_SECRET": parts.SECRET, "LOG_LEVEL": "debug"}


@pytest.fixture(scope="session")
def house(livekit, roomd_port, tmp_path_factory):
    """roomd whose sessions are at the real LiveKit."""
    server = Server(tmp_path_factory.mktemp("house"), livekit_env(livekit), listen=f"127.0.0.1:{roomd_port}").start()
    yield server
    assert server.stop() == 0


@pytest.fixture
def guest(house):
    """guest(account, session): a participant without a browser, in by the door that apps use."""
    need("rtc-node")
    made = []

    def enter(account, session, publish=True):
        reply = house.client().post("/api/v1/call/door", json={"token": account.join(session)})
        assert reply.status_code == 200, reply.text
        made.append(parts.Guest(reply.json()["server_url"], reply.json()["access_token"], publish))
        made[-1].told_identity = reply.json()["identity"]
        return made[-1]

    yield enter
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def minio():
    need("minio")
    yield from kept(parts.Minio())


@pytest.fixture(scope="session")
def synapse():
    need("synapse")
    yield from kept(parts.Synapse())


@pytest.fixture
def cast(stage, house):  # noqa: F811
    need("chromium")
    return cast_of(stage, house)
