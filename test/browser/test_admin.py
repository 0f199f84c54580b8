"""Administration in the browser: rooms and who is in them, templates; and that nobody else gets there."""
import pytest

from playing import sign_in
from stage import SLOW, until
from test_pages import LOOKS, faults, shots  # noqa: F401

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


async def test_a_teacher_is_told_that_this_is_not_for_them(stage, server, cast):
    ada = cast("Ada")
    await ada.open(server.url + "/")
    page = ada.page = await sign_in(ada, server)
    await ada.click("account")
    await ada.see("sign-out")
    assert await page.get_by_test_id("admin").count() == 0
    for path in ("/admin", "/admin/rooms", "/admin/rooms/1", "/admin/templates"):
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
    await page.get_by_test_id("present").get_by_text("Benjamin").wait_for()
    await shot("room")
    await boss.click("nav-rooms")
    await page.get_by_test_id(f"room-{room['id']}").get_by_text("Benjamin").wait_for()
    await shot("rooms")
    boss.account.patch(f"/rooms/{room['id']}", {"status": "ended"})
    boss.account.delete(f"/room-templates/{made['id']}")
    assert found == []
    assert boss.errors == []
