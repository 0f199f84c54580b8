"""Who may do what, held against pages that obey and against clients that do not."""
from stage import grows, room_url, stops, total_of


async def test_viewer_receives_and_cannot_publish(stage, server, cast):
    ada, eve = cast("Ada"), cast("Eve", hand=True)
    session = ada.account.session()
    seat = ada.account.post(f"/sessions/{session['id']}/participants", {"user_id": eve.account.id, "role": "viewer"})
    assert seat.status_code == 201 and seat.json()["role"] == "viewer"
    await ada.enter(server, session)
    await (await eve.enter(server, session)).inside()
    await eve.publish("mic", "camera", "screen")
    await eve.heard("error", code="not_allowed", about="publish")
    assert not [m for m in await eve.page.evaluate("() => window.hand.log") if m["t"] == "answer"]
    assert (await ada.sees("Eve"))["tracks"] == []
    await eve.say(t="mute", kind="mic", muted=False)
    await eve.heard("error", code="not_allowed", about="mute")
    await eve.say(t="lock", locked=True)
    await eve.heard("error", code="not_allowed", about="lock")
    await eve.say(t="say", text="after all that")
    await ada.body_of_chat("after all that")
    assert await eve.total() > 0, "a viewer sees and hears"
    assert await ada.counts(eve, "mic") == {} and await ada.counts(eve, "camera") == {}
    assert await eve.sent() == 0


async def test_viewer_page_watches(stage, server, cast):
    ada, vera = cast("Ada"), cast("Vera")
    session = ada.account.session()
    ada.account.post(f"/sessions/{session['id']}/participants", {"user_id": vera.account.id, "role": "viewer"})
    await ada.enter(server, session)
    await vera.enter(server, session)
    await vera.meets(ada)
    for button in ("mic", "camera", "share"):
        assert await vera.page.get_by_test_id(button).count() == 0
    assert vera.errors == [] and ada.errors == []


async def test_share_denied_from_the_start(stage, server, cast):
    ada, ben, eve = cast("Ada"), cast("Ben"), cast("Eve", hand=True)
    session = ada.account.session(enable_screenshare=False)
    await ada.enter(server, session)
    await ben.enter(server, session)
    share = await ben.see("share")
    assert await share.is_disabled()
    await (await eve.enter(server, session)).inside()
    await eve.publish("mic", "screen")
    await eve.heard("error", code="not_allowed", about="publish")
    await eve.say(t="say", text="done")
    await ada.body_of_chat("done")
    assert (await ada.sees("Eve"))["tracks"] == [] and await ada.counts(eve, "screen") == {}


async def test_share_taken_away_in_mid_share(stage, server, cast):
    ada, ben, eve = cast("Ada"), cast("Ben"), cast("Eve", hand=True)
    session = ada.account.session()
    await ada.enter(server, session)
    await ben.enter(server, session)
    await (await eve.enter(server, session)).inside()
    await eve.publish("mic", "screen")
    await ada.flows(eve, "screen")
    await ben.flows(eve, "screen")
    await ada.click("people")
    await ada.click(f"host-{eve.connection}")
    await stops(lambda: total_of(ben, eve.connection, "screen"), lambda: ada.click(f"allow-{eve.connection}"), "the stubborn share")
    await eve.heard("stop_share")
    await eve.say(t="mute", kind="screen", muted=False)
    await eve.heard("error", code="not_allowed", about="mute")
    before = await total_of(ben, eve.connection, "screen")
    await eve.publish("mic", "screen")
    await eve.heard("error", code="not_allowed", about="publish")
    await ben.flows(eve, "mic")
    assert await total_of(ben, eve.connection, "screen") == before, "the share stays away"
    await eve.page.evaluate("() => window.hand.peers.up.setLocalDescription({type: 'rollback'})")
    await ada.click(f"host-{eve.connection}")
    await ada.click(f"allow-{eve.connection}")
    await eve.allowed(True)
    await eve.publish("mic", "screen")
    await ben.flows(eve, "screen")


async def test_share_by_the_page_and_its_end(stage, server, cast):
    ada, ben = cast("Ada"), cast("Ben")
    session = ada.account.session()
    await ada.enter(server, session)
    await ben.enter(server, session)
    await ben.click("share")
    await ada.flows(ben, "screen")
    await ada.see(f"tile-{ben.connection}-screen")
    await ada.click("people")
    await ada.click(f"host-{ben.connection}")
    await ada.click(f"allow-{ben.connection}")
    await ben.wait(lambda s: not any(t["kind"] == "screen" for p in s["people"] if p["name"] == "Ben" for t in p["tracks"]), "the page ends the share itself")
    await ada.page.get_by_test_id(f"tile-{ben.connection}-screen").wait_for(state="detached")
    assert await (await ben.see("share")).is_disabled()
    await ada.meets(ben)


async def test_share_stopped_by_the_host_may_begin_again(stage, server, cast):
    ada, ben = cast("Ada"), cast("Ben")
    session = ada.account.session()
    await ada.enter(server, session)
    await ben.enter(server, session)
    await ben.click("share")
    await ada.flows(ben, "screen")
    await ada.click("people")
    await ada.click(f"host-{ben.connection}")
    await ada.click(f"stop-share-{ben.connection}")
    await ada.page.get_by_test_id(f"tile-{ben.connection}-screen").wait_for(state="detached")
    await ben.click("share")
    await ada.flows(ben, "screen")


async def test_host_mute_holds_against_a_client_that_goes_on(stage, server, cast):
    ada, ben, eve = cast("Ada"), cast("Ben"), cast("Eve", hand=True)
    session = ada.account.session()
    await ada.enter(server, session)
    await ben.enter(server, session)
    await (await eve.enter(server, session)).inside()
    await eve.publish("mic", "camera")
    await ben.meets(eve)
    await ada.click("people")
    await ada.click(f"host-{eve.connection}")
    await stops(lambda: total_of(ben, eve.connection, "mic"), lambda: ada.click(f"mute-{eve.connection}"), "the muted voice")
    await grows(eve.voice_sent, "the client goes on sending its voice")
    before = await total_of(ben, eve.connection, "mic")
    await eve.publish("mic", "camera")
    await ben.flows(eve, "camera")
    assert await total_of(ben, eve.connection, "mic") == before, "publishing again does not lift the mute"
    await eve.say(t="mute", kind="mic", muted=False)
    await ben.flows(eve, "mic")


async def test_host_mute_by_the_pages(stage, server, cast):
    ada, ben = cast("Ada"), cast("Ben")
    session = ada.account.session()
    await ada.enter(server, session)
    await ben.enter(server, session)
    await ada.meets(ben)
    await ada.click("people")
    await ada.click(f"host-{ben.connection}")
    await ada.click(f"mute-{ben.connection}")
    await ben.page.locator('[data-testid=mic][data-on=false]').wait_for()
    await ada.wait(lambda s: any(t["muted"] for p in s["people"] if p["name"] == "Ben" for t in p["tracks"] if t["kind"] == "mic"), "Ben is shown as muted")
    await ben.click("mic")
    await ada.flows(ben, "mic")
    assert ada.errors == [] and ben.errors == []


async def test_removal_of_a_stubborn_page(stage, server, cast):
    ada, ben, cleo = cast("Ada"), cast("Ben"), cast("Cleo")
    session = ada.account.session()
    await ada.enter(server, session)
    await ben.enter(server, session)
    await cleo.enter(server, session, stubborn=True)
    await cleo.meets(ada)
    await ben.meets(cleo)
    await ada.click("people")
    await ada.click(f"host-{cleo.connection}")
    await ada.click(f"remove-{cleo.connection}")

    async def both():
        return await cleo.received(), await total_of(ben, cleo.connection, "mic"), (await ben.sees("Cleo")) is None
    await stops(both, ada.page.get_by_role("button", name="Remove", exact=True).click, "bytes to and from the removed one, and her name")
    assert await ben.sees("Cleo") is None
    await cleo.over("removed")
    assert cleo.account.post(f"/sessions/{session['id']}/join").status_code == 403
    await refused_by_link(cleo, server, session, "removed")


async def test_removal_of_a_hand_written_client(stage, server, cast):
    ada, eve = cast("Ada"), cast("Eve", hand=True)
    session = ada.account.session()
    await ada.enter(server, session)
    await (await eve.enter(server, session)).inside()
    await eve.publish("mic", "camera")
    await ada.meets(eve)
    seat = (await ada.page.evaluate("c => window.roomd.state.people.find(p => p.connection === c).participant_id", eve.connection))

    async def kick():
        ada.account.post(f"/sessions/{session['id']}/participants/{seat}/kick")

    async def both():
        return await eve.total(), await total_of(ada, eve.connection, "camera")
    await stops(both, kick, "bytes both ways")
    assert (await eve.closed())["code"] == 4001
    again = cast("Eve again", hand=True, account=eve.account)
    await again.enter(server, session, token=eve.token, connection=eve.connection, media=True)
    assert (await again.heard("over"))["reason"] == "removed"
    assert not [m for m in await again.page.evaluate("() => window.hand.log") if m["t"] == "joined"]


async def refused_by_link(person, server, session, words):
    page = await person.context.new_page()
    await page.goto(room_url(server, session, person.token))
    await page.get_by_text(words).first.wait_for()
    assert await page.get_by_test_id("call").count() == 0
    await page.close()


async def test_full_session_refuses_the_next(stage, server, cast):
    ada, ben, cleo = cast("Ada"), cast("Ben"), cast("Cleo")
    session = ada.account.session(max_participants=2)
    await ada.enter(server, session)
    await ben.enter(server, session)
    assert cleo.account.post(f"/sessions/{session['id']}/join").status_code == 400
    await cleo.open(f"{server.url}/join/{session['room_code']}")
    await cleo.page.get_by_test_id("name").fill("Cleo")
    await cleo.click("join-code")
    await cleo.body("full")
    assert await cleo.page.get_by_test_id("call").count() == 0
    # A second browser of one who is in takes no second seat.
    again = cast("Ben", account=ben.account)
    await again.enter(server, session, token=ben.token)
    await ben.over("replaced")
    await ada.meets(again)


async def test_second_browser_replaces_the_first(stage, server, cast):
    ada, ben = cast("Ada"), cast("Ben")
    session = ada.account.session()
    await ada.enter(server, session)
    await ben.enter(server, session)
    again = cast("Ben", account=ben.account)
    await again.enter(server, session, token=ben.token)
    await ben.over("replaced")
    await ada.wait(lambda s: [p["name"] for p in s["people"]].count("Ben") == 1, "one Ben")
    await ada.meets(again)
    await again.meets(ada)
    await ben.see("again")


async def test_nothing_of_one_session_is_of_use_in_another(stage, server, cast):
    ada, ben, eve = cast("Ada"), cast("Ben"), cast("Eve", hand=True)
    one, two = ada.account.session(), eve.account.session()
    await ada.enter(server, one)
    await ben.enter(server, one)
    await ada.meets(ben)
    # Eve holds a good token of her own session and has learned Ben's connection: she gets a place of her own, in her own room.
    await eve.enter(server, two, connection=ben.connection, media=True)
    joined = await eve.heard("joined")
    assert joined["connection"] != ben.connection and joined["room"]["session_id"] == two["id"] and not joined["media"]
    assert [p["name"] for p in joined["people"]] == ["Eve"]
    # A host's powers end at her session: neither Ben's connection nor his seat is hers.
    seat = await ada.page.evaluate("c => window.roomd.state.people.find(p => p.connection === c).participant_id", ben.connection)
    await eve.say(t="mute_peer", connection=ben.connection, kind="mic")
    await eve.heard("error", about="mute_peer")
    await eve.say(t="remove", participant_id=seat)
    await eve.heard("error", about="remove")
    await eve.say(t="allow", participant_id=seat, screenshare=False)
    await eve.heard("error", about="allow")
    assert eve.account.post(f"/sessions/{one['id']}/participants/{seat}/kick").status_code in (403, 404)
    # Ben's own offer, replayed under her token, opens nothing into his room.
    offer = await ben.page.evaluate("() => window.__peers.map(p => p.localDescription).find(d => d && d.type === 'offer').sdp")
    await eve.page.evaluate("() => { window.hand.peers.up = new RTCPeerConnection() }")
    await eve.say(t="publish", sdp=offer, tracks=[{"mid": "0", "kind": "mic"}])
    await eve.say(t="say", text="anybody there?")
    await eve.heard("chat")
    assert "anybody there?" not in [line["text"] for line in await ada.page.evaluate("() => window.roomd.state.chat")]
    assert {p["name"] for p in (await ada.state())["people"]} == {"Ada", "Ben"}
    await ada.meets(ben)
    # Even in the same session, a connection belongs to the person who made it.
    cleo = cast("Cleo", hand=True)
    await cleo.enter(server, one, connection=ben.connection, media=True)
    await cleo.inside()
    assert cleo.connection != ben.connection
    await ada.meets(ben)


async def test_locked_session(stage, server, cast):
    ada, ben, cleo = cast("Ada"), cast("Ben"), cast("Cleo")
    session = ada.account.session()
    await ada.enter(server, session)
    await ben.enter(server, session)
    cleo.token = cleo.account.join(session)
    await ada.click("more")
    await ada.click("lock")
    await ben.see("locked")
    await cleo.open(room_url(server, session, cleo.token))
    await cleo.body("locked")
    await ben.page.reload()  # who was in may come back
    await ben.joined()
    await ada.click("more")
    await ada.click("lock")
    await ada.page.get_by_test_id("locked").wait_for(state="detached")
    await cleo.click("again")
    await cleo.joined()
    await cleo.meets(ada)


async def test_waiting_room(stage, server, cast):
    ada, ben, cleo = cast("Ada"), cast("Ben"), cast("Cleo")
    session = ada.account.session(waiting_room=True)
    await ada.enter(server, session)
    for person in (ben, cleo):
        person.token = person.account.join(session)
        await person.open(room_url(server, session, person.token))
        await person.see("waiting")
        row = ada.page.locator("[data-testid=knocks] [data-testid^=knock-]", has_text=person.name)
        await row.wait_for()
        assert await person.received() == 0, "who waits gets nothing"
        await row.get_by_test_id("admit" if person is ben else "deny").click()
        await (ben.joined() if person is ben else cleo.over("denied"))
    await ben.meets(ada)
    await ada.page.get_by_test_id("knocks").wait_for(state="detached")
    assert {p["name"] for p in (await ada.state())["people"]} == {"Ada", "Ben"}


async def test_consent_is_asked_when_recording_starts_in_mid_call(stage, server, cast):
    ada, ben, cleo = cast("Ada"), cast("Ben"), cast("Cleo")
    session = ada.account.session()
    await ada.enter(server, session)
    for person in (ben, cleo):  # by hand through the prejoin page, without the consent that auto=1 gives
        person.token = person.account.join(session)
        await person.open(room_url(server, session, person.token, auto=False))
        await person.click("join")
        await person.joined()
    await ada.click("record-start")
    await ada.see("rec-sign")
    await ben.click("consent-yes")
    await ben.see("rec-sign")
    await cleo.click("consent-no")
    await cleo.over("left")
    await ada.wait(lambda s: {p["name"] for p in s["people"]} == {"Ada", "Ben"}, "who does not agree is out")
    await ben.flows(ada, "mic")
    assert ben.errors == [] and cleo.errors == [] and ada.errors == []
