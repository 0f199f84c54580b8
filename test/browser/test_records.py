"""What is left of a call, in the pages: recordings and how long they are kept, attendance, the audit log, what providers told."""
import csv
import io
import pathlib
import time

import pytest

from harness import Server
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
