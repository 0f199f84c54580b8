"""Administration in the browser: rooms and who is in them, links, recordings, templates, accounts, keys; and that nobody else gets there."""
import pathlib

import pytest
from standardwebhooks import Webhook

from playing import sign_in
from receiver import Receiver
from stage import SLOW, recordings, until
from test_pages import LOOKS, faults, focus_on, press, seen_focus, shots  # noqa: F401

LONG = "A rather long name of a room, such as schools write: geometry for the second year, part two"


@pytest.fixture
def office(stage, server, cast):
    """An administrator at /admin, signed in."""
    async def enter(look="light"):
        boss = cast("Admin", account=server.admin())
        await boss.open(server.url + "/", **LOOKS[look])
        boss.page = await sign_in(boss, server)
        boss.page.on("pageerror", lambda e: boss.errors.append(str(e)))
        await boss.click("account")
        await boss.click("admin")
        await boss.see("new-room")
        return boss
    return enter


async def choose(page, testid, option):
    await page.get_by_test_id(testid).click()
    await page.get_by_role("option", name=option, exact=True).click()


async def fill(page, testid, text):
    await page.get_by_test_id(testid).fill(text)


async def make_template(boss, name, **ticks):
    page = boss.page
    await boss.click("nav-templates")
    await boss.click("new-template")
    await fill(page, "name", name)
    for field, on in ticks.items():
        await page.get_by_test_id(field).set_checked(on)
    await boss.click("save")
    await page.get_by_role("dialog").wait_for(state="detached")
    return await until(lambda: template_of(boss, name), bool, SLOW, f"there is a template {name}")


async def template_of(boss, name):
    return next((t for t in boss.account.get("/room-templates?limit=100").json()["results"] if t["name"] == name), None)


async def make_room(boss, name, template=None):
    page = boss.page
    await boss.click("nav-rooms")
    await boss.click("new-room")
    await fill(page, "name", name)
    if template:
        await choose(page, "template", template)
    await boss.click("save")
    await page.get_by_role("heading", name=name).wait_for()
    room_id = page.url.rsplit("/", 1)[1]
    return boss.account.get(f"/rooms/{room_id}").json()


async def test_a_template_is_made_used_changed_and_deleted(stage, server, office):
    boss = await office()
    page = boss.page
    made = await make_template(boss, "Quiet hour", is_default=True, enable_chat=False, waiting_room=True)
    assert made["is_default"] and not made["enable_chat"] and made["waiting_room"] and made["room_type"] == "group"
    room = await make_room(boss, "Silent reading")
    assert room["template"] == made["id"] and room["waiting_room"] and not room["enable_chat"]
    await boss.click("nav-templates")
    await boss.click(f"more-template-{made['id']}")
    await page.get_by_role("menuitem", name="Edit").click()
    await fill(page, "max_participants", "12")
    await boss.click("save")
    await page.get_by_test_id(f"template-{made['id']}").get_by_text("12 seats").wait_for()
    changed = await template_of(boss, "Quiet hour")
    assert {**changed, "max_participants": 50, "updated_at": ""} == {**made, "updated_at": ""}, "nothing else was touched"
    await boss.click(f"more-template-{made['id']}")
    await page.get_by_role("menuitem", name="Delete").click()
    await boss.click("confirm")
    await page.get_by_test_id(f"template-{made['id']}").wait_for(state="detached")
    assert boss.account.get(f"/rooms/{room['id']}").json()["template"] is None
    assert boss.errors == []


async def test_a_room_is_seen_live_and_ended(stage, server, cast, office):
    boss, ben = await office(), cast("Ben")
    host, page = cast("Host", account=boss.account), boss.page
    room = await make_room(boss, "Evening class")
    await boss.click("nav-rooms")
    await choose(page, "filter-status", "Planned")
    await boss.see(f"room-{room['id']}")
    await choose(page, "filter-status", "Open now")
    await page.get_by_test_id(f"room-{room['id']}").wait_for(state="detached")
    session = boss.account.get(f"/sessions/{room['id']}").json()
    await host.enter(server, session)
    card = page.get_by_test_id(f"room-{room['id']}")
    await card.get_by_text("1 person in now").wait_for()
    await ben.enter(server, session, token=server.guest(session, "Ben from afar"))
    await card.get_by_test_id("present").get_by_text("Ben from afar").wait_for()
    await card.get_by_text("2 people in now").wait_for()
    await card.locator("[data-quality]").nth(1).wait_for()  # of both, once ten seconds of it were noted
    await choose(page, "filter-type", "Webinar")
    await card.wait_for(state="detached")
    await choose(page, "filter-type", "Every type")
    await boss.click(f"end-{room['id']}")
    await boss.click("confirm")
    await ben.over("ended")
    await host.over("ended")
    await card.wait_for(state="detached")
    assert boss.account.get(f"/rooms/{room['id']}").json()["status"] == "ended"
    assert boss.errors == [] and ben.errors == []


async def issue(boss, name, **choices):
    """Makes a link on the room's page; gives the link and the token's row."""
    page = boss.page
    await boss.click("new-token")
    await fill(page, "name", name)
    for field, option in choices.items():
        await choose(page, field, option)
    await boss.click("save")
    link = await page.get_by_test_id("secret-link").input_value()
    secret = await page.get_by_test_id("secret-token").input_value()
    assert secret and link.endswith(secret)
    await page.get_by_role("button", name="Copy: Link").click()
    assert await page.evaluate("() => navigator.clipboard.readText()") == link
    await boss.click("done")
    await page.get_by_test_id("secret-link").wait_for(state="detached")
    return link, secret


async def test_a_link_lets_in_and_when_revoked_puts_out(stage, server, cast, office):
    boss, ben = await office(), cast("Ben", account=None)
    page = boss.page
    await boss.context.grant_permissions(["clipboard-read", "clipboard-write"])
    room = await make_room(boss, "Open evening")
    link, secret = await issue(boss, "Ben Bitdiddle", role="Viewer", ttl="4 hours")
    (token,) = boss.account.get(f"/rooms/{room['id']}/tokens").json()["results"]
    assert (token["role"], token["name"], token["use_count"]) == ("viewer", "Ben Bitdiddle", 0)
    link, secret = await issue(boss, "Ben Bitdiddle")
    token = boss.account.get(f"/rooms/{room['id']}/tokens").json()["results"][-1]
    assert secret not in await page.content(), "the secret is shown once"
    boss.account.patch(f"/rooms/{room['id']}", {"status": "active"})
    await ben.open(f"{server.url}{link[link.index('/room/'):]}&auto=1")
    await ben.joined(SLOW)
    await page.get_by_test_id("people-list").get_by_text("Ben Bitdiddle").wait_for()
    await page.get_by_test_id("people-list").get_by_text("In now").wait_for()
    row = page.get_by_test_id(f"token-{token['id']}")
    await row.get_by_text("used once").wait_for()
    await boss.click("nav-rooms")
    await page.get_by_test_id(f"room-{room['id']}").get_by_test_id("present").get_by_text("Ben Bitdiddle").wait_for()
    await page.get_by_role("link", name="Open evening", exact=True).click()
    await boss.click(f"revoke-{token['id']}")
    await boss.click("confirm")
    await ben.over("removed")
    await page.locator(f"[data-testid=token-{token['id']}][data-standing=revoked]").wait_for()
    await page.get_by_test_id("people-list").get_by_text("In now").wait_for(state="detached")
    await ben.page.reload()
    await ben.body("not valid any more")
    assert boss.account.get(f"/rooms/{room['id']}").json()["num_participants"] == 0
    assert boss.errors == [] and ben.errors == []


async def written(folder):
    return sum(f.stat().st_size for f in folder.glob("*.mjr"))


async def test_a_recording_is_found_fetched_and_deleted(stage, server, cast, office):
    boss, host = await office(), cast("Host")
    page = boss.page
    session = host.account.session(title="Recorded evening")
    await host.enter(server, session)
    await host.on_air()
    host.account.post(f"/sessions/{session['id']}/recordings")
    await page.goto(f"{server.url}/admin/rooms/{session['id']}")
    await page.get_by_text("Running", exact=True).wait_for()
    raw = server.data / "recordings" / host.account.get(f"/sessions/{session['id']}/recordings").json()["recordings"][0]["uuid"] / "raw"
    await until(lambda: written(raw), lambda size: size > 50_000, SLOW, "something is recorded")
    await boss.click(f"end-{session['id']}")
    await boss.click("confirm")
    await host.over("ended")
    (made,) = await recordings(boss.account, session)
    assert made["status"] == "ready", made
    row = page.get_by_test_id(f"recording-{made['id']}")
    async with page.expect_download() as fetched:
        await row.get_by_role("link", name="Download Recording 1").click()
    download = await fetched.value
    assert pathlib.Path(await download.path()).stat().st_size in {file["size_bytes"] for file in made["files"]}
    await row.get_by_role("link", name="Details of Recording 1").click()
    await boss.see("video")
    await page.go_back()
    await boss.click(f"delete-{made['id']}")
    await boss.click("confirm")
    await row.wait_for(state="detached")
    assert boss.account.get(f"/recordings/{made['id']}").status_code == 410
    assert boss.errors == [] and host.errors == []


async def test_a_room_that_can_be_dialled_into_says_how(stage, server, office):
    """The media engine of these tests has no telephone: what the server would say is put in its mouth."""
    boss = await office()
    page, room = boss.page, await make_room(boss, "By phone")
    says = "Call +44-20-7946-0000 and enter the PIN 123456 followed by #"
    dial_in = {"number": "+44-20-7946-0000", "pin": "123456", "instructions": says, "numbers": [{"country": "UK", "number": "+44-20-7946-0000"}, {"country": "US", "number": "+1-555-0100"}]}
    await page.get_by_text("it cannot be dialled into").wait_for()
    assert await page.get_by_role("region", name="By phone", exact=True).count() == 0
    await page.route(f"**/api/v1/rooms/{room['id']}", lambda route: route.fulfill(json={**room, "sip_enabled": True, "sip_pin": "123456"}))
    await page.route("**/dial-in", lambda route: route.fulfill(json=dial_in))
    part = page.get_by_role("region", name="By phone", exact=True)
    for words in (says, "+1-555-0100"):
        await part.get_by_text(words).wait_for()
    assert await faults(page, "room with a telephone") == []
    await page.unroute_all(behavior="wait")


async def status_of(client, path):
    return client.get(path).status_code


async def test_an_api_key_is_made_and_revoked(stage, server, office):
    boss = await office()
    page = boss.page
    await boss.click("nav-keys")
    await boss.click("new-key")
    await fill(page, "name", "Our website")
    assert await page.get_by_test_id("save").is_disabled(), "a key that may do nothing is not made"
    await page.get_by_test_id("scope-rooms:read").check()
    await boss.click("save")
    secret = await page.get_by_test_id("secret-key").input_value()
    await boss.click("done")
    program = server.client(secret)
    assert program.get("/api/v1/rooms").status_code == 200
    assert program.post("/api/v1/rooms", json={"name": "no"}).status_code == 403
    key = boss.account.get("/api-keys?limit=1000").json()["keys"][-1]
    assert (key["name"], key["scope"]) == ("Our website", "rooms:read")
    row = page.get_by_test_id(f"key-{key['id']}")
    await row.get_by_text("See rooms, templates and links").wait_for()
    assert secret not in await page.content()
    await boss.click(f"revoke-key-{key['id']}")
    await boss.click("confirm")
    await row.get_by_text("Revoked", exact=True).wait_for()
    await until(lambda: status_of(program, "/api/v1/rooms"), lambda status: status == 401, 5, "the key is dead")
    await boss.click("new-key")
    await fill(page, "name", "Backup")
    await page.get_by_test_id("everything").check()
    await boss.click("save")
    await boss.see("secret-key")
    assert boss.account.get("/api-keys?limit=1000").json()["keys"][-1]["scope"] is None
    assert boss.errors == []


async def test_a_key_is_made_and_revoked_by_keyboard_alone(stage, server, office):
    boss = await office()
    page = boss.page
    await boss.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await press(page, "^API keys$")
    await boss.see("new-key")
    await press(page, "^New key$")
    await boss.see("save")
    await focus_on(page, "^What is it for")
    await page.keyboard.type("Made by keys")
    await focus_on(page, "^See rooms")
    assert await seen_focus(page)
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    secret = await page.get_by_test_id("secret-key").input_value()
    await press(page, "^Copy: Key$")
    await until(lambda: page.evaluate("() => navigator.clipboard.readText()"), lambda text: text == secret, 5, "the key is copied")
    await press(page, "^Done$")
    await page.get_by_test_id("secret-key").wait_for(state="detached")
    await press(page, "^Revoke the key Made by keys$")
    await boss.see("confirm")
    await press(page, "^Revoke$")
    key = boss.account.get("/api-keys?limit=1000").json()["keys"][-1]
    await page.get_by_test_id(f"key-{key['id']}").get_by_text("Revoked", exact=True).wait_for()
    assert key["name"] == "Made by keys" and boss.errors == []


async def test_an_account_is_made_changed_and_switched_off(stage, server, office):
    boss = await office()
    page, email = boss.page, f"new-{boss.account.id}@example.org"
    await boss.click("nav-accounts")
    await boss.click("new-account")
    for field, text in {"email": email, "name": "Katherine", "password": "orbits and arcs"}.items():
        await fill(page, field, text)
    await boss.click("save")
    await fill(page, "find", email.upper())
    row = page.locator("li[data-testid^=account-]")
    await row.get_by_text("Katherine").wait_for()
    assert await row.count() == 1
    user_id = int((await row.get_attribute("data-testid")).split("-")[1])
    person = boss.account.get(f"/users/{user_id}").json()
    assert person["role"] == "teacher" and not person["is_superuser"]

    async def menu(item):
        await boss.click(f"more-account-{user_id}")
        await page.get_by_role("menuitem", name=item).click()

    def sign_in_with(password):
        return server.client().post("/api/v1/auth/login", data={"username": email, "password": password}).status_code

    await menu("Edit")
    await choose(page, "role", "Administrator")
    await boss.click("save")
    await row.get_by_text("Administrator").wait_for()
    assert boss.account.get(f"/users/{user_id}").json()["is_superuser"]
    await menu("Set a password")
    await fill(page, "password", "launch windows")
    await boss.click("save")
    await page.get_by_text("Katherine has a new password").wait_for()
    assert (sign_in_with("orbits and arcs"), sign_in_with("launch windows")) == (401, 200)
    await menu("Switch off")
    await boss.click("confirm")
    await row.get_by_text("Off", exact=True).wait_for()
    assert sign_in_with("launch windows") != 200
    await menu("Switch on")
    await row.get_by_text("Off", exact=True).wait_for(state="detached")
    assert sign_in_with("launch windows") == 200
    boss.account.patch(f"/users/{user_id}", {"role": "student"})
    assert boss.errors == []


async def test_a_teacher_is_told_that_this_is_not_for_them(stage, server, cast):
    ada = cast("Ada")
    await ada.open(server.url + "/")
    page = ada.page = await sign_in(ada, server)
    await ada.click("account")
    await ada.see("sign-out")
    assert await page.get_by_test_id("admin").count() == 0
    for path in ("/admin", "/admin/rooms", "/admin/rooms/1", "/admin/templates", "/admin/accounts", "/admin/keys", "/admin/audit"):
        await page.goto(server.url + path)
        await ada.see("refused")
        assert await page.get_by_test_id("new-room").count() == 0


@pytest.mark.parametrize("look", LOOKS)
async def test_every_page_of_the_administration_looks_right(stage, server, cast, office, shots, look):  # noqa: F811
    boss, ben = await office(look), cast("Ben")
    page, found = boss.page, []

    async def shot(name):
        found.extend(await faults(page, f"{name} ({look})"))
        await page.screenshot(path=shots / f"{look}-admin-{name}.png", full_page=True)

    await page.goto(server.url + "/admin/rooms?type=broadcast")
    await page.get_by_text("No such room").wait_for()
    await shot("rooms-none")
    made = await make_template(boss, "Seminar of the second year", recording_enabled=False, waiting_room=False)
    boss.account.patch(f"/room-templates/{made['id']}", {"description": "Twelve people who know each other", "is_default": True})
    await page.reload()
    await page.get_by_text("Twelve people").first.wait_for()
    await shot("templates")
    await boss.click("new-template")
    await boss.see("save")
    await shot("template-form")
    await page.keyboard.press("Escape")
    await boss.click("nav-rooms")
    await boss.click("new-room")
    await boss.see("save")
    await shot("room-form")
    await page.keyboard.press("Escape")
    room = await make_room(boss, LONG)
    session = boss.account.get(f"/sessions/{room['id']}").json()
    boss.account.patch(f"/rooms/{room['id']}", {"status": "active"})
    await ben.enter(server, session, token=server.guest(session, "Benjamin with a name that goes on and on"))
    await page.get_by_test_id("people-list").get_by_text("Benjamin").wait_for()
    await boss.click("new-token")
    await fill(page, "name", "Grace Hopper, the mother of a student")
    await shot("token-form")
    await boss.click("save")
    await boss.see("secret-link")
    await shot("token")
    await boss.click("done")
    await page.get_by_text("not used yet").wait_for()
    await shot("room")
    if look != "phone":
        await page.set_viewport_size({"width": 1280, "height": 800})
        await shot("room-wide")
        await page.set_viewport_size({"width": 960, "height": 600})
    await boss.click("nav-rooms")
    await page.get_by_test_id(f"room-{room['id']}").get_by_text("Benjamin").wait_for()
    await shot("rooms")
    await boss.click("nav-accounts")
    await boss.see(f"account-{boss.account.id}")
    await shot("accounts")
    await boss.click("new-account")
    await boss.see("email")
    await shot("account-form")
    await page.keyboard.press("Escape")
    await boss.click("nav-keys")
    await boss.click("new-key")
    await fill(page, "name", "Our website")
    await page.get_by_test_id("scope-sessions:read").check()
    await page.get_by_test_id("scope-rooms:read").check()
    await shot("key-form")
    await boss.click("save")
    await boss.see("secret-key")
    await shot("key")
    await boss.click("done")
    await page.get_by_text("Our website").first.wait_for()
    await shot("keys")
    boss.account.patch(f"/rooms/{room['id']}", {"status": "ended"})
    boss.account.delete(f"/room-templates/{made['id']}")
    assert found == []
    assert boss.errors == []


async def test_an_endpoint_is_made_tested_and_paused(stage, server, office, shots):
    boss, there = await office(), Receiver()
    page = boss.page
    try:
        await boss.click("nav-webhooks")
        await boss.click("new-webhook")
        await fill(page, "url", there.url + "/hook")
        await fill(page, "description", "Our website")
        await page.get_by_test_id("event-types").fill("template.nothing")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await boss.click("save")
        await page.get_by_text("Unknown event type: template.nothing").wait_for()
        await page.get_by_test_id("event-types").press("Backspace")
        await page.get_by_test_id("event-types").fill("session.*")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await boss.click("save")
        secret = await page.get_by_test_id("webhook-secret").input_value()
        await boss.click("done")
        made = boss.account.get("/webhooks/endpoints?limit=1000").json()["endpoints"][-1]
        assert made["event_types"] == ["session.*"] and secret.startswith("whsec_")
        await boss.click(f"webhook-test-{made['id']}")
        await page.get_by_text("The test was taken").wait_for()
        assert Webhook(secret).verify(there.messages[0]["body"], there.messages[0]["headers"])
        boss.account.session()
        await boss.click(f"webhook-log-{made['id']}")
        await page.get_by_test_id(f"webhook-deliveries-{made['id']}").get_by_text("session.created").wait_for()
        [sent] = [d for d in boss.account.get(f"/webhooks/endpoints/{made['id']}/deliveries").json()["deliveries"] if d["event_id"]]
        await boss.click(f"delivery-details-{sent['id']}")
        await page.get_by_text('"type":"session.created"').wait_for()
        assert await faults(page, "webhooks") == []
        await page.screenshot(path=shots / "admin-webhooks.png", full_page=True)
        await boss.click(f"replay-{sent['id']}")
        there.wait(3)
        await boss.click(f"webhook-state-{made['id']}")
        await page.get_by_test_id(f"webhook-trouble-{made['id']}").get_by_text("by hand").wait_for()
        await boss.click(f"webhook-delete-{made['id']}")
        await boss.click("confirm")
        await page.get_by_test_id(f"webhook-{made['id']}").wait_for(state="detached")
        assert not boss.errors
    finally:
        there.close()
