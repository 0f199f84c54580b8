"""What is only a teacher's is not offered to students; what cannot be shown says so, with a way back; small screens show what matters."""
import signal

import pytest

from harness import until as wait_until
from playing import sign_in
from recorded import record
from stage import Actor, until
from test_pages import LOOKS, faults

TOKEN_KEY = "roomd.token"


@pytest.fixture
def lesson(server, cast):
    """A session with a recording that is ready: its teacher, a student of it, the session, the recording's number."""
    ada, ben = cast("Ada"), cast("Ben")
    session, number = record(server, ada.account)
    ben.account.join(session)
    wait_until(lambda: ada.account.get(f"/recordings/{number}").json()["status"] == "ready", "the recording is ready", 60)
    return ada, ben, session, number


async def test_a_student_is_offered_only_what_they_may_do(stage, server, lesson):
    ada, ben, session, number = lesson
    for person, is_theirs in ((ada, True), (ben, False)):
        await person.open(server.url + "/")
        page = await sign_in(person, server)
        card = page.get_by_test_id(f"session-{session['id']}")
        await card.get_by_role("link", name="Recordings").wait_for()
        assert await card.get_by_role("link", name="Attendance").count() == is_theirs
        await page.goto(f"{server.url}/recordings/{number}")
        await page.get_by_role("link", name="Download recording.mp4").wait_for()
        await until(lambda: page.get_by_role("button", name="Delete this recording").count(), lambda n: n == is_theirs, 5, f"{person.name} is offered to delete: {is_theirs}")  # noqa: B023
        assert person.errors == []


async def test_a_phone_shows_how_to_fetch_a_file(stage, server, lesson):
    ada, _, _, number = lesson
    await ada.open(server.url + "/", **LOOKS["phone"])
    page = await sign_in(ada, server)
    await page.goto(f"{server.url}/recordings/{number}")
    button = page.get_by_role("link", name="Download recording.mp4")
    await button.wait_for()
    box = await button.evaluate("e => { const own = e.getBoundingClientRect(); return {left: own.left, right: own.right, wide: innerWidth}; }")
    assert 0 <= box["left"] < box["right"] <= box["wide"], box
    assert await faults(page, "recording") == []


NOT_SHOWN = ["/recordings/99999", "/admin/rooms/99999", "/recordings/nonsense", "/my/99999/recordings", "/my/99999/attendance", "/room/nowhere?t=nonsense"]


@pytest.mark.parametrize("path", NOT_SHOWN)
async def test_what_cannot_be_shown_says_so_with_a_way_back(stage, server, cast, path):
    ada = cast("Ada", account=server.admin())
    await ada.open(server.url + "/")
    page = await sign_in(ada, server)
    await page.goto(server.url + path)
    await page.get_by_test_id("problem").wait_for()
    assert await faults(page, path) == []
    assert await page.locator("main").get_by_role("link").count() >= 1
    assert await page.get_by_role("button", name="Try again").count() == 0, "it would be refused again"


async def test_a_server_that_is_away_is_asked_again(stage, start_roomd, cast):
    server = start_roomd()
    ada = Actor(stage, "Ada", "red", server.person("Ada"))
    await ada.open(server.url + "/")
    page = await sign_in(ada, server)
    await page.get_by_test_id("new-session").wait_for()
    await page.route("**/api/v1/sessions?*", lambda route: route.abort())
    await page.reload()
    await page.get_by_test_id("problem").get_by_text("cannot be reached").wait_for()
    assert await faults(page, "server away") == []
    await page.unroute("**/api/v1/sessions?*")
    await page.get_by_role("button", name="Try again").click()
    await page.get_by_text("No sessions yet").wait_for()
    assert ada.errors == []


async def test_a_code_that_cannot_be_looked_up_is_not_called_unknown(stage, server, cast):
    ada = cast("Ada")
    await ada.open(server.url + "/join/ZZZZZZ")
    await ada.page.get_by_text("This code was not found").wait_for()
    await ada.page.route("**/api/v1/sessions/lookup", lambda route: route.abort())
    await ada.page.reload()
    await ada.page.get_by_test_id("problem").get_by_text("cannot be reached").wait_for()
    assert await ada.page.get_by_text("This code was not found").count() == 0


LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


@pytest.mark.parametrize("look", LOOKS)
async def test_names_that_no_line_holds_are_broken(stage, server, cast, look):
    ada, boss = Actor(stage, LONG, "red", server.person(LONG)), cast("Admin", account=server.admin())
    await boss.open(server.url + "/", **LOOKS[look])
    page, session = await sign_in(boss, server), ada.account.session(title=LONG)
    await page.goto(f"{server.url}/admin/privacy/account/{ada.account.id}")
    await page.get_by_role("heading", name=LONG).wait_for()
    found = await faults(page, "person")
    await page.goto(f"{server.url}/room/{session['room_name']}?t={ada.account.join(session)}")
    words = page.get_by_text(f"Your camera is off, {LONG}")
    await page.get_by_test_id("join").wait_for()
    await words.wait_for()
    found += await faults(page, "door")
    assert found == []
    assert await words.evaluate("e => e.scrollWidth <= e.parentElement.clientWidth"), "the name leaves the preview"


async def test_who_has_to_sign_in_again_is_told_so_and_comes_back(stage, server, cast):
    ada = cast("Ada")
    session = ada.account.session()
    await ada.open(server.url + "/")
    page = await sign_in(ada, server)
    await page.evaluate("key => localStorage.setItem(key, 'x.y.z')", TOKEN_KEY)
    await page.goto(f"{server.url}/my/{session['id']}/recordings")
    await page.get_by_test_id("expired").wait_for()
    assert await faults(page, "signed out") == []
    await page.get_by_test_id("email").fill(ada.account.email)
    await page.get_by_test_id("password").fill("correct horse battery")
    await page.get_by_test_id("submit").click()
    await page.get_by_role("heading", name="Recordings").wait_for()
    await page.get_by_test_id("account").click()
    await page.get_by_test_id("sign-out").click()
    await page.get_by_test_id("submit").wait_for()
    assert await page.get_by_test_id("expired").count() == 0, "who signs out knows why"


async def test_a_title_of_blanks_is_none(stage, server, cast):
    ada = cast("Ada")
    await ada.open(server.url + "/")
    page = await sign_in(ada, server)
    await page.get_by_test_id("new-session").click()
    await page.get_by_test_id("title").fill("   ")
    await page.get_by_test_id("save").click()
    assert await page.get_by_test_id("title").evaluate("e => e.validity.patternMismatch")
    await page.get_by_test_id("title").fill(" Geometry ")
    await page.get_by_test_id("save").click()
    await page.get_by_role("heading", name="Geometry").wait_for()
    assert [s["title"] for s in ada.account.get("/sessions").json()["sessions"]] == ["Geometry"]


async def test_a_lost_line_is_told_in_whole_words_on_a_phone(stage, start_roomd):
    server = start_roomd()
    ada = Actor(stage, "Ada", "red", server.person("Ada"))
    await ada.enter(server, ada.account.session(), **LOOKS["phone"])
    await ada.on_air()
    server.stop(signal.SIGTERM)  # the media goes on
    try:
        button = (await ada.see("banner-reconnecting")).get_by_role("button")
        cut = await button.evaluate("e => [e, ...e.querySelectorAll('*')].filter((part) => part.scrollWidth > part.clientWidth && part.clientWidth > 0).length")
        assert cut == 0 and await button.inner_text() == "Try now"
        assert await faults(ada.page, "lost line") == []
    finally:
        server.end_janus()
