"""What the browser and crash tests share: real Chromium pages on a running roomd, in one event loop for the whole run.

Run below tools/netns.sh. A browser process is kept for each colour, since the fake camera's file belongs to the process; every
person gets a context of their own in it."""
import asyncio
import json
import os
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "demo"))
import people  # noqa: E402
from people import CHROMIUM, FLAGS, WATCH, Person, make_media  # noqa: E402
from watch import Recording, probe  # noqa: E402,F401

TONES = {"red": 440, "lime": 700, "blue": 1000, "yellow": 1500}
CLIENT = (HERE / "client.js").read_text()
SLOW = float(os.environ.get("TEST_DEADLINE", "30"))  # the least that a test waits before it says that something does not come
PROMISED_S = 1.0  # "received bytes stop within 1000 ms"


async def until(read, holds, deadline, what, every=0.05):
    return await people.until(read, holds, max(deadline, SLOW), what, every)


class Stage:
    """Playwright, the browsers, and their fake cameras."""

    def __init__(self, folder):
        self.folder, self.loop = folder, asyncio.new_event_loop()
        self.browsers, self.media, self.contexts, self.driver = {}, {}, [], None

    def run(self, work):
        return self.loop.run_until_complete(work)

    async def browser(self, colour):
        from playwright.async_api import async_playwright
        if not self.driver:
            self.driver = await async_playwright().start()
        if colour not in self.browsers:
            video, audio = self.media[colour] = make_media(str(self.folder), colour, colour, TONES[colour])
            cameras = [f"--use-file-for-fake-video-capture={video}", f"--use-file-for-fake-audio-capture={audio}"]
            self.browsers[colour] = await self.driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *cameras])
        return self.browsers[colour]

    async def context(self, colour, stubborn=False, **options):
        browser = await self.browser(colour)
        options = {"viewport": {"width": 960, "height": 600}, "permissions": ["camera", "microphone"], **options}
        context = await browser.new_context(**options)
        await context.add_init_script(WATCH.replace("STUBBORN", json.dumps(stubborn)))
        self.contexts.append(context)
        return context

    async def clear(self):
        """Nobody is left over for the next test."""
        for context in self.contexts:
            await context.close()
        self.contexts = []

    async def _close(self):
        for browser in self.browsers.values():
            await browser.close()
        if self.driver:
            await self.driver.stop()

    def close(self):
        self.run(self._close())
        self.loop.close()


class Actor(Person):
    """A person in a call, by the product's own page."""

    def __init__(self, stage, name, colour, account=None):
        super().__init__(name, colour, TONES[colour])
        self.stage, self.account, self.errors = stage, account, []

    async def open(self, url, stubborn=False, **options):
        self.context = await self.stage.context(self.colour, stubborn, **options)
        self.page = await self.context.new_page()
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        await self.page.goto(url)
        return self

    async def enter(self, server, session, token=None, stubborn=False, **options):
        """Into the call at once, everything on."""
        self.token = token or self.account.join(session)
        await self.open(room_url(server, session, self.token), stubborn, **options)
        await self.joined(SLOW)
        return self

    async def wait(self, holds, what, deadline=SLOW):
        return await until(self.state, holds, deadline, f"{self.name}: {what}")

    async def counts(self, other, kind):
        """What has come in of that track of that person: {} when nothing does."""
        connection = other if isinstance(other, str) else other.connection
        return (await self.stats()).get(connection, {}).get(kind, {})

    async def flows(self, other, kind="camera", deadline=SLOW):
        """More of that track comes in from now on."""
        key = "packetsReceived" if kind == "mic" else "framesDecoded"
        first = (await self.counts(other, kind)).get(key, 0)

        def more(found):
            return found.get(key, 0) > first or 0 < found.get(key, 0) < first  # a new PeerConnection counts from nothing
        await until(lambda: self.counts(other, kind), more, deadline, f"{self.name} gets {kind} of {getattr(other, 'name', other)}")

    async def on_air(self):
        """The server gets this page's media."""
        await until(lambda: self.page.evaluate("() => window.__peers.some(p => p.connectionState === 'connected')"), bool, SLOW, f"{self.name} is on air")

    async def meets(self, *others, deadline=SLOW):
        for other in others:
            await self.flows(other, "mic", deadline)
            await self.flows(other, "camera", deadline)

    async def total(self):
        """Bytes that came in on every PeerConnection that this page ever had."""
        return await self.received()

    def sees(self, name):
        """The person of that name in this page's roster."""
        async def find():
            return next((p for p in (await self.state())["people"] if p["name"] == name), None)
        return find()

    async def body(self, words, deadline=SLOW):
        def there(text):
            return words.lower() in text.lower()
        return await until(lambda: self.page.evaluate("() => document.body.innerText"), there, deadline, f"{self.name}'s page says {words!r}")

    async def body_of_chat(self, text):
        lines = lambda: self.page.evaluate("() => window.roomd.state.chat.map(line => line.text)")  # noqa: E731
        await until(lines, lambda found: text in found, SLOW, f"the line {text!r} reaches {self.name}")

    async def see(self, testid, deadline=SLOW):
        await self.page.get_by_test_id(testid).first.wait_for(timeout=deadline * 1000)
        return self.page.get_by_test_id(testid).first

    async def click(self, testid, deadline=SLOW):
        await self.page.get_by_test_id(testid).first.click(timeout=deadline * 1000)

    async def over(self, reason, deadline=SLOW):
        state = await self.wait(lambda s: s.get("phase") == "over", f"it is over, {reason}", deadline)
        assert state["over"]["reason"] == reason, state["over"]
        return state["over"]


class Hand(Actor):
    """A hand-written client: it does what the test says, and nothing that the server asks."""

    async def enter(self, server, session, token=None, connection=None, **join):
        self.token = token or self.account.join(session)
        await self.open(server.url + "/signin")
        await self.page.evaluate(CLIENT)
        fields = {"token": self.token, "consent": True, **join, **({"connection": connection} if connection else {})}
        await self.page.evaluate("fields => window.hand.enter(fields)", fields)
        return self

    async def inside(self):
        self.connection = (await self.heard("joined"))["connection"]
        return self

    async def heard(self, t, deadline=SLOW, **fields):
        """The first message of that kind with these fields."""
        def match(log):
            return [m for m in log if m["t"] == t and all(m.get(k) == v for k, v in fields.items())]
        log = await until(lambda: self.page.evaluate("() => window.hand.log"), match, deadline, f"{self.name} hears {t} {fields}")
        return match(log)[0]

    async def allowed(self, share):
        """The last news of oneself says whether one may share."""
        def last(log):
            news = [m["person"] for m in log if m["t"] == "peer" and m["person"]["connection"] == self.connection]
            return news and news[-1]["screenshare"] is share
        await until(lambda: self.page.evaluate("() => window.hand.log"), last, SLOW, f"{self.name} is told that sharing is {share}")

    async def say(self, **message):
        await self.page.evaluate("m => window.hand.send(m)", message)

    async def publish(self, *kinds):
        await self.page.evaluate("kinds => window.hand.publish(kinds)", list(kinds))

    async def sent(self):
        return await self.page.evaluate("() => window.hand.sent()")

    async def voice_sent(self):
        return await self.page.evaluate("() => window.hand.sent('audio')")

    async def closed(self, deadline=SLOW):
        return await until(lambda: self.page.evaluate("() => window.hand.closed"), lambda c: c, deadline, f"{self.name}'s WebSocket is closed")

    async def total(self):
        return await self.page.evaluate("() => window.hand.received()")


def room_url(server, session, token, auto=True):
    return f"{server.url}/room/{session['room_name']}?t={token}&raw=1" + ("&auto=1" if auto else "")


async def stops(read, act, what, within=PROMISED_S):
    """What is read changes no more from `within` seconds after `act` on. What it is then is read after that moment, and how long reading takes says nothing."""
    await act()
    await asyncio.sleep(within)
    began = time.monotonic()
    last = await read()
    while time.monotonic() < began + 1.5:
        now = await read()
        assert now == last, f"{what}: goes on {within + time.monotonic() - began:.2f} s later: {last} and {now}"
        await asyncio.sleep(0.02)


async def grows(read, what, deadline=SLOW):
    first = await read()
    await until(read, lambda n: n > first, deadline, what)


async def total_of(receiver, connection, kind):
    found = await receiver.counts(connection, kind)
    return found.get("packetsReceived", 0)


# ---- what was recorded

async def recordings(account, session, deadline=120, count=1):
    """The session's recordings, once all are made or given up."""
    async def read():
        return account.get(f"/sessions/{session['id']}/recordings").json()["recordings"]

    def settled(rows):
        return len(rows) >= count and all(row["status"] in ("ready", "failed") for row in rows)
    return await until(read, settled, deadline, "the recordings are made", 0.2)


def download(account, row, kind, folder):
    file = next(f for f in row["files"] if f["kind"] == kind)
    reply = account.http.get(file["url"].replace("localhost", "127.0.0.1"))
    assert reply.status_code == 200 and len(reply.content) == file["size_bytes"]
    path = pathlib.Path(folder) / file["name"]
    path.write_bytes(reply.content)
    return path


async def film(account, session, folder):
    """The one recording of a session, decoded, with its row."""
    (row,) = await recordings(account, session)
    assert row["status"] == "ready", row["error"]
    return Recording(str(download(account, row, "video", folder))), row


def seconds(film):
    return len(film.sound) / 8000


def heard(film, tone, at):
    return film.level(tone, at) > 0.02


# ---- who was there

def spans(account, session):
    people = account.get(f"/sessions/{session['id']}/attendance").json()["people"]
    return {person["name"]: person["spans"] for person in people}
