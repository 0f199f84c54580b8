"""Our call page on the real LiveKit: real Chromium tabs see and hear each other, and the host's controls hold."""
import os
import pathlib

from playing import pair
from stage import SLOW, grows, stops, until

SHOTS = os.environ.get("SCREENSHOTS")


def shot_path(name, tmp_path):
    folder = pathlib.Path(SHOTS) if SHOTS else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder / f"{name}.png")


async def tracks(person, other):
    """What of the other's tracks is on, as this page's roster says."""
    found = await person.sees(other.name)
    return {track["kind"]: not track["muted"] for track in found["tracks"]} if found else {}


async def test_two_people_see_and_hear_each_other(cast, house, livekit, tmp_path):
    ada, ben, session = await pair(cast, house)
    assert session["provider"] == "livekit"
    seats = {p["identity"].split("-")[1]: p["name"] for p in livekit.participants(session["room_name"])}
    assert sorted(seats.values()) == ["Ada", "Ben"]
    await until(lambda: tracks(ada, ben), lambda t: t == {"mic": True, "camera": True}, SLOW, "Ada's roster knows what Ben sends")
    assert await ada.page.evaluate("() => performance.getEntriesByType('resource').some(r => r.name.includes('livekit-media'))")
    await ada.page.screenshot(path=shot_path("livekit-call", tmp_path))
    assert ada.errors == ben.errors == []
    await ben.act("e.leave()")
    await ada.wait(lambda s: len(s["people"]) == 1, "Ben is gone from the roster")
    await until(lambda: gone(livekit, session, "Ben"), bool, SLOW, "and from LiveKit")


async def gone(livekit, session, name):
    return name not in [p["name"] for p in livekit.participants(session["room_name"])]


async def test_chat_hands_and_mute(cast, house):
    ada, ben, session = await pair(cast, house)
    await ben.act("e.say('hello from LiveKit')")
    await ada.body_of_chat("hello from LiveKit")
    await ben.act("e.setHand(true)")
    await ada.see(f"hand-{ben.connection}")
    await ada.click("people")
    await ada.click(f"host-{ben.connection}")
    await ada.click(f"mute-{ben.connection}")
    await until(lambda: tracks(ada, ben), lambda t: t.get("mic") is False, SLOW, "Ben's microphone is off")

    async def heard():
        return (await ada.counts(ben, "mic")).get("packetsReceived", 0)
    await stops(heard, nothing, "Ben's voice after the mute", within=2.0)
    await ben.act("e.local.setMic(true)")
    await grows(heard, "Ben's voice is back once he switched it on again")


async def nothing():
    return None


async def test_sharing_a_screen_may_be_forbidden(cast, house, livekit):
    ada, ben, session = await pair(cast, house)
    await ben.act("e.local.startShare()")
    await ada.flows(ben, "screen")
    await ada.see(f"tile-{ben.connection}-screen")
    await ada.click("people")
    await ada.click(f"host-{ben.connection}")
    await ada.click(f"allow-{ben.connection}")
    await until(lambda: tracks(ada, ben), lambda t: "screen" not in t, SLOW, "the share has ended")

    def forbidden():
        seat = next(p for p in livekit.participants(session["room_name"]) if p["name"] == "Ben")
        sources = seat["permission"]["can_publish_sources"]
        return sorted(sources) == ["CAMERA", "MICROPHONE"] or sorted(sources) == [1, 2]

    async def look():
        return forbidden()
    await until(look, bool, SLOW, "LiveKit itself refuses the share")


async def test_a_removed_person_is_out_at_livekit_too(cast, house, livekit):
    ada, ben, session = await pair(cast, house)
    await ada.click("people")
    await ada.click(f"host-{ben.connection}")
    await ada.click(f"remove-{ben.connection}")
    await ada.click("confirm")
    await ben.over("removed")
    await until(lambda: gone(livekit, session, "Ben"), bool, SLOW, "Ben is out of the room at LiveKit")
    reply = house.client().post("/api/v1/call/door", json={"token": ben.token})
    assert reply.status_code == 403, reply.text


async def test_the_door_comes_before_the_media(cast, house, livekit):
    """Waiting room and consent: LiveKit hears of nobody whom the door has not let in."""
    ada, ben = cast("Ada", colour="red"), cast("Ben", colour="lime")
    session = ada.account.session(waiting_room=True)
    await ada.enter(house, session)
    await ben.open(f"{house.url}/room/{session['room_name']}?t={ben.account.join(session)}&auto=1")
    await ben.see("waiting")
    await ada.see("knocks")
    assert [p["name"] for p in livekit.participants(session["room_name"])] == ["Ada"]
    await ada.click("admit")
    await ben.joined(SLOW)
    await ada.meets(ben)


async def test_a_locked_room_lets_nobody_in(cast, house):
    ada, ben, session = await pair(cast, house)
    cleo = cast("Cleo", colour="blue")
    link = f"{house.url}/room/{session['room_name']}?t={cleo.account.join(session)}&auto=1"
    await ada.click("people")
    await ada.page.get_by_test_id("lock-switch").click()
    await ben.see("locked")
    await cleo.open(link)
    await cleo.over("refused")


async def test_the_end_is_for_everybody(cast, house, livekit):
    ada, ben, session = await pair(cast, house)
    await ada.click("end")
    await ada.click("confirm")
    await ben.over("ended")
    await ada.over("ended")

    async def closed():
        return session["room_name"] not in livekit.rooms()
    await until(closed, bool, SLOW, "the room is gone at LiveKit")


async def test_another_window_takes_over(cast, house):
    """The same person in a second window: the first is told, and there is one Ben."""
    ada, ben, session = await pair(cast, house)
    again = cast("Ben", colour="blue", account=ben.account)
    await again.enter(house, session)
    await ben.over("replaced")
    await ada.flows(again, "camera")
    state = await ada.wait(lambda s: len(s["people"]) == 2, "two people")
    assert sorted(p["name"] for p in state["people"]) == ["Ada", "Ben"]
