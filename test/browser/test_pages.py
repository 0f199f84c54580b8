"""The pages as people use them who have no mouse, a small screen, a dark room, or a screen reader."""
import os
import pathlib
import re

import pytest

from playing import sign_in
from stage import SLOW, until

SHOTS = os.environ.get("SCREENSHOTS")  # a folder to keep the pictures in

# What a screen reader has to go by: a name for every control, one main heading, a label for every field, a language, a title.
UNNAMED = """
() => {
  const shown = (e) => e.checkVisibility({checkVisibilityCSS: true}) && !e.closest('[aria-hidden=true]');
  const text = (id) => document.getElementById(id)?.textContent ?? '';
  const name = (e) => (e.getAttribute('aria-label') ?? (e.getAttribute('aria-labelledby') ?? '').split(' ').map(text).join('')) ||
    [...(e.labels ?? [])].map((l) => l.textContent).join('') || e.textContent || e.title || e.alt || '';
  const wrong = [];
  for (const e of document.querySelectorAll('button, a[href], input, select, textarea, video, audio, [role=button], [role=switch], [role=menuitem], dialog, [role=dialog]'))
    if (shown(e) && e.type !== 'hidden' && !name(e).trim()) wrong.push(e.outerHTML.slice(0, 160));
  for (const e of document.querySelectorAll('img, svg[role=img]')) if (shown(e) && !name(e).trim() && e.getAttribute('alt') !== '') wrong.push(e.outerHTML.slice(0, 160));
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push('twice: #' + id);
  if (!document.documentElement.lang) wrong.push('no language');
  if (!document.title.trim()) wrong.push('no title');
  if (![...document.querySelectorAll('h1')].some(shown)) wrong.push('no main heading');
  if (document.querySelectorAll('main').length !== 1) wrong.push(document.querySelectorAll('main').length + ' main parts');
  return wrong;
}
"""

# Contrast of every text against what is painted behind it (WCAG 2.1 AA), as far as plain colours go.
FAINT = """
() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (css) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = css; canvas.fillRect(0, 0, 1, 1); const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const wrong = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].filter((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own.length || !e.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}) || e.closest(':disabled, [data-disabled], .sr-only, [aria-disabled=true], [aria-hidden=true]')) continue;
    const layers = [];
    let plain = true;
    for (let p = e; p; p = p.parentElement) { const s = getComputedStyle(p); if (s.backgroundImage !== 'none' || s.position === 'absolute') plain = false; layers.unshift(rgba(s.backgroundColor)); }
    if (!plain) continue;
    const back = layers.reduce((under, top) => over(top, under), [255, 255, 255, 1]);
    const style = getComputedStyle(e), front = over(rgba(style.color), back);
    const [hi, lo] = [light(front), light(back)].sort((a, b) => b - a), ratio = (hi + 0.05) / (lo + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) wrong.push(`${own[0].textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return wrong;
}
"""


@pytest.fixture
def shots(tmp_path):
    folder = pathlib.Path(SHOTS) if SHOTS else tmp_path / "shots"
    folder.mkdir(exist_ok=True, parents=True)
    return folder


async def settle(page):
    """Nothing moves any more."""
    await until(lambda: page.evaluate("() => document.getAnimations().filter(a => a.playState === 'running' && a.effect.getTiming().iterations !== Infinity).length"), lambda n: n == 0, 5, "no animation")


async def faults(page, where):
    await settle(page)
    found = [f"{where}: no name or structure: {x}" for x in await page.evaluate(UNNAMED)] + [f"{where}: faint: {x}" for x in await page.evaluate(FAINT)]
    wide = await page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found + ([f"{where}: {wide} px too wide"] if wide > 0 else [])


async def focus_on(page, name, key="Tab", most=60):
    """Goes on by key until the control of that name has the focus; it must be seen to have it."""
    pattern = re.compile(name)
    for _ in range(most):
        here = await page.evaluate("() => { const e = document.activeElement; return (e.getAttribute('aria-label') || [...(e.labels || [])].map(l => l.textContent).join('') || e.textContent || '').trim() }")
        if pattern.search(here):
            return
        await page.keyboard.press(key)
    raise AssertionError(f"{name!r} is not reached by {key}")


async def seen_focus(page):
    return await page.evaluate("() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0 }")


async def press(page, name):
    await focus_on(page, name)
    assert await seen_focus(page), f"the focus on {name!r} is not seen"
    await page.keyboard.press("Enter")


async def state(page, part):
    return await page.evaluate(f"() => {part}")


async def test_a_link_without_a_seat_says_what_is_needed(stage, server, cast):
    ada, ben = cast("Ada"), cast("Ben")
    room = ada.account.session()["daily_room_url"].rsplit("/", 1)[1]
    stranger = cast("Nobody")
    await stranger.open(f"{server.url}/room/{room}")
    await stranger.see("why")
    assert "sign in" in await stranger.page.get_by_test_id("why").inner_text()
    await ben.open(server.url + "/")
    page = await sign_in(ben, server)
    await page.goto(f"{server.url}/room/{room}")
    assert "no seat" in await page.get_by_test_id("why").inner_text()


async def test_the_main_job_by_keyboard_alone(stage, server, cast):
    ada = cast("Ada")
    await ada.open(server.url + "/")
    page = ada.page
    await ada.context.grant_permissions(["camera", "microphone", "clipboard-read", "clipboard-write"])
    await ada.see("email")
    await focus_on(page, "^Email")
    await page.keyboard.type(ada.account.email)
    await focus_on(page, "^Password")
    await page.keyboard.type("correct horse battery")
    await page.keyboard.press("Enter")
    await ada.see("new-session")
    await press(page, "^New session$")
    await ada.see("save")
    await focus_on(page, "^Title")
    await page.keyboard.type("Geometry by keys")
    await page.keyboard.press("Enter")
    await page.get_by_text("Geometry by keys").wait_for()
    await press(page, "^Copy the code of Geometry")
    session = (await until(lambda: sessions(ada), bool, SLOW, "the session is there"))[-1]
    await until(lambda: page.evaluate("() => navigator.clipboard.readText()"), lambda t: t == session["room_code"], 5, "the code is copied")
    await press(page, "^Copy the link to Geometry")
    await until(lambda: page.evaluate("() => navigator.clipboard.readText()"), lambda t: t == f"{server.url}/join/{session['room_code']}", 5, "the link is copied")
    await press(page, "^Open$")
    await ada.see("join")
    await press(page, "^Join$")
    await ada.joined()
    await keys_in_the_call(ada, page)
    await press(page, "^Leave$")
    await ada.over("left")
    await press(page, "^My sessions$")
    await page.get_by_text("Geometry by keys").wait_for()
    assert ada.errors == []


async def sessions(person):
    return person.account.get("/sessions").json()["sessions"]


async def keys_in_the_call(ada, page):
    await page.locator("[data-testid=mic][data-on=true]").wait_for()
    for key, testid in (("m", "mic"), ("c", "camera")):
        was = await page.get_by_test_id(testid).get_attribute("data-on")
        await page.keyboard.press(key)
        await page.locator(f"[data-testid={testid}]:not([data-on={was}])").wait_for()
    await page.keyboard.press("h")
    await ada.wait(lambda s: True, "still there")
    await until(lambda: state(page, "window.roomd.state.people[0].hand"), bool, 5, "the hand is up")
    await page.keyboard.press("?")
    await page.get_by_role("dialog").wait_for()
    await page.keyboard.press("Escape")
    await page.get_by_role("dialog").wait_for(state="detached")
    await press(page, "^Chat$")
    await focus_on(page, "Message|message|Write|Say")
    await page.keyboard.type("hmm, mch")  # letters that are shortcuts elsewhere
    await page.keyboard.press("Enter")
    await ada.body_of_chat("hmm, mch")
    assert await state(page, "window.roomd.state.people[0].hand"), "typing is no shortcut"


LOOKS = {"light": {"color_scheme": "light"}, "dark": {"color_scheme": "dark"},
         "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}}}


@pytest.mark.parametrize("look", LOOKS)
async def test_every_page_looks_right(stage, server, cast, shots, look):
    ada, ben = cast("Ada Lovelace"), cast("Ben")
    session = ada.account.session(title="A rather long title of a session, such as teachers write: geometry for the second year, part two")
    await ada.open(server.url + "/signin", **LOOKS[look])
    page, found = ada.page, []

    async def shot(name, testid=None):
        if testid:
            await ada.see(testid)
        found.extend(await faults(page, f"{name} ({look})"))
        await page.screenshot(path=shots / f"{look}-{name}.png")

    await shot("signin", "submit")
    await page.goto(server.url + "/register")
    await shot("register", "submit")
    await page.goto(f"{server.url}/join/{session['room_code']}")
    await shot("join", "found")
    await page.goto(server.url + "/signin")
    await page.get_by_test_id("email").fill(ada.account.email)
    await page.get_by_test_id("password").fill("correct horse battery")
    await ada.click("submit")
    await shot("sessions", f"open-{session['id']}")
    await ada.click("new-session")
    await shot("form", "save")
    await page.keyboard.press("Escape")
    await page.goto(f"{server.url}/my/{session['id']}/recordings")
    await page.get_by_text("Nothing was recorded").wait_for()
    await shot("recordings")
    await page.goto(f"{server.url}/my/{session['id']}/attendance")
    await page.get_by_text("Nobody was here yet").wait_for()
    await shot("attendance")
    await page.goto(server.url + "/nowhere")
    await shot("nowhere")
    await ben.enter(server, session)
    token = ada.account.join(session)
    await page.goto(f"{server.url}/room/{session['room_name']}?t={token}")
    await page.locator("[data-testid=mic][data-on=true]").wait_for()
    await shot("prejoin", "join")
    await ada.click("camera")
    await ada.click("join")
    await ada.joined()
    await ada.meets(ben)
    await page.locator("[data-testid=tile-%s][data-video=true]" % ben.connection).wait_for()
    await shot("call")
    if look != "phone":
        await ada.click("people")
        await shot("people", "roster")
    await ada.click("chat-toggle")
    await ada.act("e.say('Good morning! This is a line that is long enough to be broken into two.')")
    await ada.body_of_chat("Good morning! This is a line that is long enough to be broken into two.")
    await shot("chat", "chat")
    await page.keyboard.press("Escape")
    await ada.act("e.leave()")
    await shot("left", "over")
    assert found == []
    assert ada.errors == []
