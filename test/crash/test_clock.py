"""Somebody sets the clock while a call is recorded: the call goes on, and what is told of it stays true.

libfaketime gives this roomd (and its Janus) a wall clock of their own; the monotonic one goes on as it is, as when a box's time is set."""
import asyncio
import datetime
import glob

import pytest

from harness import Server
from playing import cast_of, pair
from stage import SLOW, recordings, spans, until

MINUTES = 20


@pytest.fixture
def clock(tmp_path):
    file = tmp_path / "clock"
    file.write_text("+0")
    return file


@pytest.fixture
def house(tmp_path, clock):
    library = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")[0]
    env = {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FORCE_MONOTONIC_FIX": "0"}
    server = Server(tmp_path / "house", env=env).start()
    yield server
    server.stop()


@pytest.fixture
def cast(stage, house):  # noqa: F811
    return cast_of(stage, house)


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


@pytest.mark.parametrize("jump", [MINUTES, -MINUTES], ids=["forward", "back"])
async def test_the_clock_is_set_in_mid_call(stage, house, cast, clock, jump):
    now = asyncio.get_running_loop().time
    began = now()
    ada, ben, session = await pair(cast, house, enable_recording=True)
    met = now()
    await asyncio.sleep(3)  # a stretch of the call, to be looked for in the recording
    clock.write_text(f"{jump * 60:+d}")

    async def noticed():
        return "clock.jumped" in house.log_text()
    await until(noticed, bool, SLOW, "roomd noticed")
    await ada.flows(ben, "mic")
    await ben.flows(ada, "mic")
    await asyncio.sleep(3)
    lasted, together = now() - began, now() - met
    assert all(p["link"] == "up" and p["phase"] == "in" for p in (await ada.state(), await ben.state()))
    await ada.act("e.end()")
    for person in (ada, ben):
        await person.over("ended")
    rows = await recordings(ada.account, session)
    assert len(rows) == 2 and {row["status"] for row in rows} == {"ready"}, rows
    whole = sum(row["duration_ms"] for row in rows) / 1000
    assert together - 1 < whole < lasted + 2, (together, whole, lasted)
    for name, stays in spans(ada.account, session).items():
        assert len(stays) == 1, (name, stays)
        stay = moment(stays[0]["left_at"]) - moment(stays[0]["joined_at"])
        assert together - 1 < stay < lasted + 2, (name, together, stay, lasted)
