"""Headless browsers that take part in a call, each with a colour and a tone of its own."""
import asyncio
import json
import subprocess

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required",
    "--auto-select-desktop-capture-source=Entire screen", "--allow-loopback-in-peer-connection",
    "--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding",
    "--disable-features=WebRtcHideLocalIpsWithMdns,Translate,OptimizationHints,MediaRouter",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]

# Every PeerConnection is kept in sight, so that bytes can be counted after the page has let go of it. `stubborn` pages do not
# even close theirs: what stops then was stopped by the server.
WATCH = """
(() => {
  const Native = window.RTCPeerConnection;
  window.__peers = [];
  window.RTCPeerConnection = class extends Native {
    constructor(...a) { super(...a); window.__peers.push(this); }
    close() { if (!STUBBORN) super.close(); }
  };
  window.__received = async () => {
    let bytes = 0;
    for (const pc of window.__peers)
      for (const r of (await pc.getStats()).values()) if (r.type === 'inbound-rtp') bytes += r.bytesReceived;
    return bytes;
  };
})();
"""


def make_media(folder, name, colour, tone):
    """A picture of one colour with something that moves, and a tone: what the fake camera and microphone give."""
    video, audio = f"{folder}/{name}.y4m", f"{folder}/{name}.wav"
    ffmpeg = ["ffmpeg", "-y", "-v", "error", "-nostdin"]
    subprocess.run([*ffmpeg, "-f", "lavfi", "-i", f"color=c={colour}:s=320x240:r=15:d=2", "-f", "lavfi", "-i", "testsrc=s=32x24:r=15:d=2",
                    "-filter_complex", "[0][1]overlay=4:4,format=yuv420p", video], check=True)
    subprocess.run([*ffmpeg, "-f", "lavfi", "-i", f"sine=frequency={tone}:sample_rate=48000:duration=2", "-af", "volume=2", audio], check=True)
    return video, audio


class Person:
    def __init__(self, name, colour, tone):
        self.name, self.colour, self.tone = name, colour, tone
        self.page = self.browser = self.connection = None

    async def open(self, playwright, media, url, stubborn=False, size=(960, 600)):
        video, audio = media
        self.browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, f"--use-file-for-fake-video-capture={video}", f"--use-file-for-fake-audio-capture={audio}"])
        context = await self.browser.new_context(viewport={"width": size[0], "height": size[1]}, permissions=["camera", "microphone"])
        self.page = await context.new_page()
        self.errors = []
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        await self.page.add_init_script(WATCH.replace("STUBBORN", json.dumps(stubborn)))
        await self.page.goto(url)

    async def state(self):
        return await self.page.evaluate(
            "() => { const s = window.roomd?.state; return s ? {phase: s.phase, link: s.link, media: s.media, connection: s.connection, over: s.over, room: s.room, "
            "people: (s.people || []).map(p => ({connection: p.connection, name: p.name, away: p.away, tracks: p.tracks}))} : {} }")

    async def stats(self):
        return await self.page.evaluate("() => window.roomd ? window.roomd.stats() : {}")

    async def received(self):
        return await self.page.evaluate("() => window.__received()")

    async def joined(self, deadline=20):
        state = await until(self.state, lambda s: s.get("phase") == "in", deadline, f"{self.name} is in")
        self.connection = state["connection"]
        return state

    async def act(self, expression):
        return await self.page.evaluate(f"() => {{ const e = window.roomd.engine; return {expression}; }}")

    async def close(self):
        if self.browser:
            await self.browser.close()


class NotTrue(Exception):
    pass


async def until(read, holds, deadline, what, every=0.05):
    """Reads until it holds; no sleeping for luck: a condition with a deadline."""
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    value = None
    while loop.time() < end:
        try:
            value = await read()
            if holds(value):
                return value
        except NotTrue:
            raise
        except Exception as error:  # the page is loading, the server is away
            value = error
        await asyncio.sleep(every)
    raise NotTrue(f"not within {deadline} s: {what}; last seen: {value!r:.600}")
