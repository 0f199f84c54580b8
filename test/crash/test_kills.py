"""kill -9 and kill -STOP in mid-call: the call outlives both programs, and the recording tells the truth."""
import asyncio
import datetime
import os
import pathlib
import signal
import time

import pytest

from playing import pair
from stage import SLOW, film, heard, seconds, spans, until


def janus_pid(house):
    return int((house.data / "run" / "janus.pid").read_text().split()[0])


def runs(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def kill_roomd(house, number):
    house.process.send_signal(number)
    return house.process.wait(SLOW)


async def recorded_for(moments):
    """A stretch of the call that is long enough to be looked for in the recording."""
    await asyncio.sleep(moments)


def in_film(row, moment):
    """Where that moment (UTC seconds) is in the recording."""
    return moment - datetime.datetime.fromisoformat(row["started_at"].replace("Z", "+00:00")).timestamp()


async def end(ada, ben):
    await ada.act("e.end()")
    for person in (ada, ben):
        await person.over("ended")


def one_stay_each(ada, session):
    for name, stays in spans(ada.account, session).items():
        assert len(stays) == 1 and stays[0]["left_at"], (name, stays)


async def back_with_everything(ada, ben):
    for person in (ada, ben):
        await person.wait(lambda s: s["link"] == "up" and s["phase"] == "in" and len(s["people"]) == 2, "the page is back with its roster")
    await ben.body_of_chat("said before")
    await ada.act("e.lock(true)")
    await ben.see("locked")
    await ada.act("e.lock(false)")
    await ada.act("e.say('said after')")
    await ben.body_of_chat("said after")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "upgraded"])
async def test_roomd_goes_and_comes(stage, house, cast, tmp_path, number):
    ada, ben, session = await pair(cast, house, enable_recording=True)
    met = time.time()
    await ada.act("e.say('said before')")
    await ben.body_of_chat("said before")
    engine, places = janus_pid(house), [ada.connection, ben.connection]
    peers = await ben.page.evaluate("() => window.__peers.length")
    code = kill_roomd(house, number)
    assert number == signal.SIGKILL or code == 0
    for person in (ada, ben):
        await person.wait(lambda s: s["link"] == "down", "the page knows")
        await person.see("banner-reconnecting")
    await ada.meets(ben)
    await ben.meets(ada)
    house.start()
    started = time.monotonic()
    await back_with_everything(ada, ben)
    back = time.monotonic() - started
    assert janus_pid(house) == engine and [ada.connection, ben.connection] == [(await p.state())["connection"] for p in (ada, ben)]
    assert await ben.page.evaluate("() => window.__peers.length") == peers, "the media was never touched"
    await ada.meets(ben)
    await end(ada, ben)
    one_stay_each(ada, session)
    shown, row = await film(ada.account, session, tmp_path)
    whole = seconds(shown)
    silent = [at / 2 for at in range(int(in_film(row, met) * 2) + 1, int(whole * 2) - 4) if not heard(shown, ada.tone, at / 2)]
    assert not silent, f"gaps at {silent} of {whole} s"
    assert abs(row["duration_ms"] / 1000 - whole) < 1
    assert back < 15, f"controls were back after {back:.1f} s"


async def test_muted_by_the_host_before_roomd_goes(stage, house, cast):
    """Who was muted then can still switch the microphone on, and be heard."""
    ada, ben, session = await pair(cast, house)
    await ada.click("people")
    await ada.click(f"host-{ben.connection}")
    await ada.click(f"mute-{ben.connection}")
    await ben.page.locator("[data-testid=mic][data-on=false]").wait_for()
    kill_roomd(house, signal.SIGKILL)
    for person in (ada, ben):
        await person.wait(lambda s: s["link"] == "down", "the page knows")
    house.start()
    for person in (ada, ben):
        await person.wait(lambda s: s["link"] == "up" and s["phase"] == "in", "the page is back")
    await ada.flows(ben, "camera")
    await ben.click("mic")
    await ada.flows(ben, "mic")


def writes_tracks(pid):
    return any(os.readlink(file).split(" ")[0].endswith(".mjr") for file in pathlib.Path(f"/proc/{pid}/fd").iterdir())


async def test_recording_that_was_stopped_while_roomd_was_away(stage, house, cast):
    """Another node can do that, and roomd may die between the wish and Janus: nobody is recorded any longer."""
    ada, ben, session = await pair(cast, house, enable_recording=True)
    engine = janus_pid(house)

    async def written():
        return writes_tracks(engine)
    await until(written, bool, SLOW, "it is recorded")
    kill_roomd(house, signal.SIGKILL)
    with house.db() as db:
        db.execute("UPDATE recordings SET status = 'failed', ended_at = started_at WHERE session_id = ?", (session["id"],))
    assert writes_tracks(engine), "Janus knows nothing of it"
    house.start()
    await ada.wait(lambda s: s["link"] == "up" and s["phase"] == "in", "the page is back")
    await until(written, lambda writes: not writes, SLOW, "Janus records no more")
    await ada.meets(ben)
    assert janus_pid(house) == engine


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
async def test_janus_fails(stage, house, cast, number):
    ada, ben, session = await pair(cast, house)
    engine = janus_pid(house)
    os.kill(engine, number)

    async def another():
        return janus_pid(house) != engine
    await until(another, bool, 30, "Janus was started anew")
    for person in (ada, ben):
        await person.wait(lambda s: s["media"] == "live" and s["link"] == "up", "media is there again")
    await ada.meets(ben)
    await ben.meets(ada)
    assert not runs(engine), "the old one is not left behind"
    assert ada.errors == [] and ben.errors == []
    assert all(len(stays) == 1 and not stays[0]["left_at"] for stays in spans(ada.account, session).values())


async def test_both_are_killed_at_once(stage, house, cast, tmp_path):
    ada, ben, session = await pair(cast, house, enable_recording=True)
    met = time.time()
    await ada.act("e.say('said before')")
    await recorded_for(3)
    os.kill(janus_pid(house), signal.SIGKILL)
    kill_roomd(house, signal.SIGKILL)
    for person in (ada, ben):
        await person.wait(lambda s: s["link"] == "down", "the page knows")
    house.start()
    await back_with_everything(ada, ben)
    await ada.meets(ben)
    await ben.meets(ada)
    await recorded_for(3)
    await end(ada, ben)
    one_stay_each(ada, session)
    shown, row = await film(ada.account, session, tmp_path)
    whole = seconds(shown)
    for tone in (ada.tone, ben.tone):
        assert heard(shown, tone, in_film(row, met) + 1), f"{tone} Hz before"
        assert heard(shown, tone, whole - 2), f"{tone} Hz after"
    assert abs(row["duration_ms"] / 1000 - whole) < 1
