"""LiveKit dies in mid-call and comes back; roomd dies in mid-call and comes back. A call on our page costs a moment or nothing."""
from playing import pair
from stage import SLOW, grows, spans, until

OUTAGE = 60


async def test_livekit_is_killed_and_started_again(cast, house, livekit):
    ada, ben, session = await pair(cast, house)
    livekit.kill()
    await ben.act("e.say('are you there?')")  # roomd is, and its chat
    await ada.body_of_chat("are you there?")
    livekit.start()
    await ada.meets(ben, deadline=OUTAGE)
    await ben.meets(ada, deadline=OUTAGE)
    (stay,) = spans(ada.account, session)["Ben"]
    assert stay["left_at"] is None, "nobody has left for that"
    await ada.click("people")
    await ada.click(f"host-{ben.connection}")
    await ada.click(f"remove-{ben.connection}")
    await ada.click("confirm")
    await ben.over("removed")


async def test_roomd_is_killed_and_started_again(cast, house, livekit):
    ada, ben, session = await pair(cast, house)
    house.process.kill()
    house.process.wait()
    await ada.wait(lambda s: s["link"] == "down", "the page has noticed")

    async def frames():
        return (await ada.counts(ben, "camera")).get("framesDecoded", 0)
    await grows(frames, "Ben's picture while roomd is gone")
    peers = await ada.page.evaluate("() => window.__peers.length")
    house.start()
    for one in (ada, ben):
        await one.wait(lambda s: s["link"] == "up" and len(s["people"]) == 2, "is back")
    await grows(frames, "Ben's picture after that")
    assert await ada.page.evaluate("() => window.__peers.length") == peers, "the media was never begun anew"
    assert [len(s) for s in spans(ada.account, session).values()] == [1, 1], "one unbroken stay each"
    await ada.click("end")
    await ada.click("confirm")
    await ben.over("ended")

    async def closed():
        return session["room_name"] not in livekit.rooms()
    await until(closed, bool, SLOW, "the room is gone at LiveKit")


async def test_roomd_and_a_person_go_and_the_person_does_not_come_back(cast, house, livekit):
    """Whoever is gone when roomd is back has left when roomd last knew; LiveKit does not keep them either."""
    ada, ben, session = await pair(cast, house)
    house.process.kill()
    house.process.wait()
    await ben.context.close()
    house.start()
    await ada.wait(lambda s: s["link"] == "up", "Ada is back")
    await ada.wait(lambda s: len(s["people"]) == 1, "Ben is gone", OUTAGE)
    (stay,) = spans(ada.account, session)["Ben"]
    assert stay["left_at"] is not None

    async def alone():
        return [p["name"] for p in livekit.participants(session["room_name"])] == ["Ada"]
    await until(alone, bool, SLOW, "Ben is not at LiveKit")
