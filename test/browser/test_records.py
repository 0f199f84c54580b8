"""What is left of a call, in the pages: recordings and how long they are kept, attendance, the audit log, what providers told; and of a person, who is forgotten."""
import csv
import io
import json
import pathlib
import re
import time

import pytest

from harness import PASSWORD, Server, until
from playing import sign_in
from recorded import record
from stage import Actor
from test_pages import LOOKS, faults, shots  # noqa: F401

WIDTHS = ["light", "phone"]
REFUSED = "answered 403: AccessDenied"


@pytest.fixture(scope="module")
def house(tmp_path_factory, store):
    """A server that keeps recordings for 30 days and copies them to a store."""
    server = Server(tmp_path_factory.mktemp("records"), {"RETENTION_DAYS": "30", **store.env("local,s3")}).start()
    yield server
    assert server.stop() == 0


@pytest.fixture
def opened(stage, house, shots):  # noqa: F811
    """opened("Ada", …): somebody's signed-in page; what is wrong on it is gathered and judged at the end."""
    found, people = [], []

    async def one(actor, look, start="/"):
        await actor.open(house.url + start, **LOOKS[look])
        actor.page = await sign_in(actor, house)
        actor.page.on("pageerror", lambda e: actor.errors.append(str(e)))
        actor.page.on("console", lambda m: m.type == "error" and "status of 4" not in m.text and actor.errors.append(m.text))
        people.append(actor)
        return actor.page

    async def shot(page, name, look):
        await page.evaluate("() => scrollTo(0, 0)")
        found.extend(await faults(page, f"{name} ({look})"))
        await page.screenshot(path=shots / f"{look}-{name}.png", full_page=True)

    one.shot = shot
    yield one
    assert found == [] and [p.errors for p in people] == [[] for _ in people]


def seen_by(stage, house, name, account=None):
    return Actor(stage, name, "red", account or house.person(name))


@pytest.mark.parametrize("look", WIDTHS)
async def test_a_recording_is_kept_let_go_and_deleted(stage, house, store, opened, look):
    store.fail(lambda method, query: method in ("PUT", "POST"), 403, "AccessDenied", "Access Denied", times=1000)
    ada, boss = seen_by(stage, house, "Ada Lovelace"), seen_by(stage, house, "Admin", house.admin())
    session, number = record(house, ada.account, ada.account.session(title="Geometry for the second year, part two: circles"))
    page = await opened(ada, look)
    await page.goto(f"{house.url}/my/{session['id']}/recordings")
    await page.get_by_text("unless an administrator keeps it").wait_for()
    await page.get_by_role("link", name="Watch").click()
    await page.get_by_test_id("copy-error").filter(has_text=REFUSED).first.wait_for()
    await opened.shot(page, "recording-refused", look)
    store.faults.clear()
    await ada.click(f"retry-copies-{number}")
    await page.get_by_test_id("copy-error").first.wait_for(state="detached")
    await page.get_by_text("Stored", exact=True).nth(len(ada.account.get(f"/recordings/{number}").json()["copies"]) - 1).wait_for()

    office = await opened(boss, look)
    await office.goto(f"{house.url}/admin/rooms/{session['id']}")
    await boss.click(f"keep-{number}")
    await office.get_by_test_id("keep-reason").fill("claim 4711")
    await opened.shot(office, "recording-keep", look)
    await boss.click("save")
    await office.get_by_text("Kept (claim 4711)").wait_for()
    assert await office.get_by_test_id(f"delete-{number}").count() == 0
    await page.reload()
    await page.get_by_text("Kept (claim 4711)").wait_for()
    assert await page.get_by_role("button", name="Delete this recording").count() == 0 and await page.get_by_test_id(f"let-go-{number}").count() == 0
    await opened.shot(page, "recording-kept", look)
    await boss.click(f"let-go-{number}")
    await boss.see(f"keep-{number}")

    await page.reload()
    await page.get_by_role("button", name="Delete this recording").click()
    await ada.click("confirm")
    gone = page.get_by_test_id(f"gone-{number}")
    await gone.get_by_text("by hand").wait_for()
    await opened.shot(page, "recordings-deleted", look)
    await page.goto(f"{house.url}/recordings/{number}")
    await ada.see("gone")
    await page.get_by_text("This recording was deleted on").wait_for()
    await opened.shot(page, "recording-gone", look)


async def words_of(download):
    return pathlib.Path(await download.path()).read_text()


@pytest.mark.parametrize("look", WIDTHS)
async def test_attendance_says_late_early_and_how_often(stage, house, opened, look):
    ada = seen_by(stage, house, "Ada Lovelace")
    session = ada.account.session(title="Geometry")
    token = house.guest(session, "Benjamin with a name that goes on")
    for _ in range(2):
        house.call(token).joined().leave()
    late = house.call(house.guest(session, "Grace Hopper")).joined()
    with house.db() as db:
        db.execute("UPDATE sessions SET scheduled_start = ? WHERE id = ?", (int(time.time() * 1000) - 600_000, session["id"]))
    page = await opened(ada, look)
    await page.goto(f"{house.url}/my/{session['id']}/attendance")
    await page.get_by_text("in now").wait_for()
    await page.get_by_test_id("attendance").get_by_text("late").first.wait_for()
    await page.get_by_text("came back once").wait_for()
    await opened.shot(page, "attendance-people", look)
    async with page.expect_download() as saved:
        await ada.click("csv")
    rows = list(csv.DictReader(io.StringIO(await words_of(await saved.value))))
    assert {row["name"] for row in rows} == {"Benjamin with a name that goes on", "Grace Hopper"}
    late.close()


@pytest.mark.parametrize("look", WIDTHS)
async def test_the_audit_log_is_narrowed_down(stage, house, opened, look):
    boss, ada = seen_by(stage, house, "Admin", house.admin()), house.person(f"Ada of {look}")
    session = ada.session(title="Geometry")
    ada.patch(f"/sessions/{session['id']}", {"title": "Algebra"})
    page = await opened(boss, look, "/admin/audit")
    await page.goto(f"{house.url}/admin/audit")
    table = page.get_by_test_id("audit")
    await table.get_by_text("session create").first.wait_for()
    await page.get_by_test_id("audit-user").click()
    await page.get_by_role("option", name=f"Ada of {look} ({ada.id})").click()
    await page.get_by_test_id("audit-subject").click()
    await page.get_by_role("option", name="Sessions", exact=True).click()
    await page.get_by_test_id("audit-subject-id").fill(str(session["id"]))
    await page.get_by_test_id("audit-action").fill("v1_session_update")
    await table.get_by_text("session create").first.wait_for(state="detached")
    await table.get_by_text("session update").wait_for()
    assert await table.locator("tbody tr").count() == 1
    await table.get_by_role("button", name="More of entry").click()
    await opened.shot(page, "audit", look)
    async with page.expect_download() as saved:
        await boss.click("audit-csv")
    [row] = csv.DictReader(io.StringIO(await words_of(await saved.value)))
    assert (row["action"], row["subject_id"], row["user_id"]) == ("v1_session_update", str(session["id"]), str(ada.id))
    await page.get_by_test_id("audit-to").fill("2020-01-01")
    await page.get_by_text("No entry fits").wait_for()


@pytest.mark.parametrize("look", WIDTHS)
async def test_what_was_set_aside_is_tried_again(stage, house, opened, look):
    boss = seen_by(stage, house, "Admin", house.admin())
    error = 'the room "lesson-17" is not one of this server'
    with house.db() as db:
        for n in range(2):
            db.execute("INSERT INTO inbox (provider, dedupe, event_type, room_name, state, body, encoded, attempts, error, received_at) VALUES ('daily', ?, 'participant.joined', 'lesson-17', 'failed', ?, 0, 5, ?, 1900000000000)",
                       (f"{look}-{n}", '{"type":"participant.joined","payload":{"room":"lesson-17","user_name":"' + "x" * 300 + '"}}', error))
        number = db.execute("SELECT max(id) FROM inbox").fetchone()[0]
    page = await opened(boss, look, "/admin/inbox")
    await page.goto(f"{house.url}/admin/inbox")
    row = page.get_by_test_id(f"told-{number}")
    await row.get_by_text(error).wait_for()
    await row.get_by_role("button", name="Bytes of").click()
    await row.get_by_text('"payload"').wait_for()
    await opened.shot(page, "inbox", look)
    await boss.click(f"replay-told-{number}")
    await row.wait_for(state="detached")
    await boss.click("replay-set-aside")
    await page.get_by_text("Nothing is set aside").wait_for()


async def test_a_door_without_guests_leads_to_signing_in(stage, house):
    session = house.person("Ada").session(allow_guests=False)
    nobody = await seen_by(stage, house, "Nobody").open(f"{house.url}/join/{session['room_code']}", **LOOKS["phone"])
    link = await nobody.see("sign-in-first")
    assert await link.get_attribute("href") == f"/signin?next=/join/{session['room_code']}"
    assert await nobody.page.get_by_test_id("join-code").is_disabled() and nobody.errors == []


def was_in(house, teacher, session, *tokens):
    """A recorded call of these people, who have left; the recording and their seats."""
    calls = [house.call(token).joined() for token in tokens]
    calls[-1].send("say", text="We are all here")
    calls[-1].round_trip()
    _, number = record(house, teacher, session)
    for call in calls:
        call.leave()
    with house.db() as db:
        until(lambda: not db.execute("SELECT 1 FROM connection_spans WHERE left_at IS NULL").fetchone(), "all have left")
    until(lambda: teacher.get(f"/recordings/{number}").json()["status"] == "ready", "its files are made", 60)
    return number, [call.me["you"]["participant_id"] for call in calls]


async def is_in_view(page, testid):
    """Within the scrolled dialog, too."""
    seen = "([e]) => new Promise((tell) => new IntersectionObserver(([seen], all) => { all.disconnect(); tell(seen.intersectionRatio > 0.9) }).observe(e))"
    assert await page.get_by_test_id(testid).evaluate_all(seen), f"{testid} is out of view"


async def to_privacy(boss, page, text):
    await boss.click("account")
    await boss.click("admin")
    await boss.click("nav-privacy")
    await page.get_by_test_id("find-person").fill(text)


@pytest.mark.parametrize("look", WIDTHS)
async def test_a_guest_is_found_gets_a_copy_and_is_forgotten(stage, house, opened, look):
    name, teacher, boss = f"Gwendolyn Featherstone-{look}", house.person("Tess Teacher"), seen_by(stage, house, "Admin", house.admin())
    first, second = teacher.session(title="Geometry for the second year, part two: circles"), teacher.session(title="Algebra")
    shared, (_, seat) = was_in(house, teacher, first, teacher.join(first), house.guest(first, name))
    alone, (newest,) = was_in(house, teacher, second, house.guest(second, name.upper()))
    teacher.post(f"/sessions/{first['id']}/consents", {"given": False, "participant_id": seat})
    page = await opened(boss, look)
    await to_privacy(boss, page, f"featherstone-{look}")
    found = page.get_by_test_id(f"guest-{newest}")
    await found.get_by_text("Geometry for the second year").wait_for()
    await opened.shot(page, "privacy-found", look)
    await found.get_by_test_id("see-guest").click()
    kept = page.get_by_test_id("kept")
    for words in ("2 stays in 2 seats", "2 lines", "2, 1 of them with nobody else in it", "1 entry"):
        await kept.get_by_text(words, exact=True).wait_for()
    await page.get_by_test_id("kept-recordings").get_by_text(f"Recording {alone}, Algebra").wait_for()
    await page.get_by_test_id("kept-consents").get_by_text("Refused, told to the host").wait_for()
    await boss.click("prepare-export")
    async with page.expect_download() as saved:
        await boss.click("save-export")
    known = json.loads(await words_of(await saved.value))
    assert known["guest"]["seats"] == 2 and {f["recording_id"] for f in known["recording_files"]} == {shared, alone}
    await opened.shot(page, "privacy-guest", look)

    await boss.click("forget")
    for words in ("1 recording with others", "2 stays in 2 seats", "1 entry"):
        await page.get_by_test_id("stays").get_by_text(words).wait_for()
    await page.get_by_test_id("media-all").check()
    await page.get_by_test_id("stays").get_by_text("1 recording with others").wait_for(state="detached")
    await page.get_by_test_id("goes").get_by_text("2 recordings, 1 of them with others, who lose it too").wait_for()
    await page.get_by_test_id("media-own").check()
    assert await page.get_by_test_id("save").is_disabled()
    await page.get_by_test_id("confirm-person").fill(name.lower())
    await opened.shot(page, "privacy-erase", look)
    house.guest(second, name)  # and comes once more
    await boss.click("save")
    await page.get_by_test_id("problem").get_by_text("begin again").wait_for()
    await is_in_view(page, "problem")
    await kept.get_by_text("2 stays in 3 seats").wait_for()
    await page.get_by_test_id("stays").get_by_text("2 stays in 2 seats").wait_for()  # what was not read is not confirmed
    await opened.shot(page, "privacy-refused", look)
    await page.get_by_role("button", name="Cancel").click()
    await boss.click("forget")
    await page.get_by_test_id("confirm-person").fill(name)
    await boss.click("save")
    await page.get_by_test_id("erasure-status").get_by_text("Done").wait_for()
    await page.locator("[data-testid^=stage-][data-at=done]").nth(9).wait_for()
    await kept.get_by_text("1, with others", exact=True).wait_for()
    pseudonym = await page.get_by_role("heading", level=1).inner_text()
    assert pseudonym.startswith("Erased participant ") and not re.search("featherstone", await page.content(), re.I)
    await opened.shot(page, "privacy-erased", look)

    await page.get_by_role("link", name=f"Attendance of {first['title']}").click()
    attendance = page.get_by_test_id("attendance")
    await attendance.get_by_text(pseudonym).wait_for()
    assert await attendance.locator("tbody tr").count() == 2 and name not in await attendance.inner_text()
    await page.goto(f"{house.url}/admin/privacy?find=featherstone-{look}")
    await page.get_by_text("Nobody who came by a code").wait_for()
    await page.get_by_text("No account has that").wait_for()
    await page.get_by_test_id("find-person").fill("")
    await page.get_by_role("link", name=pseudonym).wait_for()
    await opened.shot(page, "privacy-erasures", look)


@pytest.mark.parametrize("look", WIDTHS)
async def test_an_account_is_forgotten_when_a_recording_is_let_go(stage, house, opened, look):
    zoe, boss = house.person(f"Zoe Zimmermann of {look}"), seen_by(stage, house, "Admin", house.admin())
    session = zoe.session(title="By herself")
    number, _ = was_in(house, zoe, session, zoe.join(session))
    boss.account.request("PUT", f"/recordings/{number}/keep", json={"kept": True, "reason": "claim 4711"})
    page = await opened(boss, look)
    await to_privacy(boss, page, f"zimmermann of {look}")
    await page.get_by_role("link", name=zoe.name).click()
    await page.get_by_test_id("kept-recordings").get_by_text("Kept by an administrator").wait_for()
    await boss.click("forget")
    await page.get_by_text("the erasure waits until it is let go").wait_for()
    await page.get_by_test_id("confirm-person").fill(zoe.name)
    assert await page.get_by_test_id("save").is_disabled(), "an account is confirmed by its address"
    await page.get_by_test_id("confirm-person").fill(zoe.email)
    await boss.click("save")
    await page.get_by_test_id("erasure-waits").get_by_text("Let it go").wait_for()
    await page.locator("[data-testid=stage-recordings][data-at=now]").wait_for()
    await opened.shot(page, "privacy-waits", look)
    await page.get_by_test_id("erasure-waits").get_by_role("link").click()
    await boss.click(f"let-go-{number}")
    await page.get_by_text("Kept (claim 4711)").wait_for(state="detached")
    await page.goto(f"{house.url}/admin/privacy/account/{zoe.id}")
    await page.get_by_test_id("erasure-status").get_by_text("Done").wait_for()
    await page.get_by_test_id("kept").get_by_text("none", exact=True).wait_for()
    assert house.client().post("/api/v1/auth/login", data={"username": zoe.email, "password": PASSWORD}).status_code == 401
    assert await page.get_by_test_id("forget").count() == 0 and zoe.email not in await page.content()
