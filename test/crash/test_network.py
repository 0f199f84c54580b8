"""Lines break, tabs are closed and loaded anew: the call knows, and goes on by itself."""
import subprocess

from playing import pair
from stage import SLOW, spans, until


def one_stay_each(account, session):
    for name, stays in spans(account, session).items():
        assert len(stays) == 1 and stays[0]["left_at"] is None, (name, stays)


async def test_lost_websocket_is_taken_up_again(stage, house, cast):
    ada, ben, session = await pair(cast, house)
    peers = await ben.page.evaluate("() => window.__peers.length")
    await ben.act("e.socket.ws.close()")
    await ben.wait(lambda s: s["link"] == "down", "the page knows")
    await ada.flows(ben, "mic")
    await ben.wait(lambda s: s["link"] == "up" and s["phase"] == "in", "the page is back")
    assert (await ben.state())["connection"] == ben.connection
    assert await ben.page.evaluate("() => window.__peers.length") == peers, "the media was never touched"
    await ben.act("e.say('still here')")
    await ada.body_of_chat("still here")
    assert [p["name"] for p in (await ada.state())["people"]] == ["Ada", "Ben"]
    one_stay_each(ada.account, session)


async def test_media_comes_back_after_the_network_was_away(stage, house, cast):
    ada, ben, session = await pair(cast, house)
    link = ["ip", "link", "set", "media0"]
    subprocess.run([*link, "down"], check=True)
    try:
        async def broken():
            return await ben.page.evaluate("() => window.__peers.some(p => p.connectionState === 'disconnected' || p.connectionState === 'failed' || p.connectionState === 'closed')")
        await until(broken, bool, SLOW, "the media is cut")
    finally:
        subprocess.run([*link, "up"], check=True)
    await ada.meets(ben, deadline=30)
    await ben.meets(ada, deadline=30)
    assert (await ben.state())["connection"] == ben.connection
    one_stay_each(ada.account, session)


async def test_reload_is_the_same_person(stage, house, cast):
    ada, ben, session = await pair(cast, house)
    await ben.page.reload()
    await ben.joined(SLOW)
    await ada.wait(lambda s: sorted(p["name"] for p in s["people"]) == ["Ada", "Ben"], "no ghost")
    await ada.meets(ben)
    await ben.meets(ada)
    assert ada.errors == [] and ben.errors == []


async def test_closed_tab_is_seen_at_once(stage, house, cast):
    ada, ben, session = await pair(cast, house)
    await ben.page.close(run_before_unload=True)
    await ada.wait(lambda s: [p["name"] for p in s["people"]] == ["Ada"], "Ben is gone")
    await ada.page.get_by_test_id(f"tile-{ben.connection}").wait_for(state="detached")

    async def told():
        return [e["event_data"] for e in ada.account.get(f"/sessions/{session['id']}/events").json()["events"] if e["event_type"] == "participant.left"]
    (gone,) = await until(told, bool, SLOW, "his stay is closed")
    assert gone["reason"] == "left" and spans(ada.account, session)["Ben"][0]["left_at"], "not only when his time to come back was over"


async def test_killed_browser_is_away_first(stage, house, cast):
    """The process dies without a word: the others see that the line is broken, and who comes back is no ghost."""
    ada, ben, session = await pair(cast, house)
    await ben.act("e.socket.close()")  # no more tries, and no goodbye
    await ada.wait(lambda s: any(p["name"] == "Ben" and p["away"] for p in s["people"]), "Ben is shown as away")
    await ben.context.close()
    again = cast("Ben", account=ben.account)
    await again.enter(house, session, token=ben.token)
    await ada.wait(lambda s: [(p["name"], p["away"]) for p in s["people"]] == [("Ada", False), ("Ben", False)], "one Ben, and here")
    await ada.meets(again)
