#!/usr/bin/env python3
"""demo.py OUT: a real recorded call, start to finish, and proof of it in OUT/result.json.

Three headless browsers with a camera and a microphone each, on roomd and Janus, in a network namespace: one is the host, one
shares a screen for a while, one comes late and is removed. In mid-call Janus and then roomd are killed with -9. Exits non-zero
when anything that is claimed is not true."""
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import httpx
from playwright.async_api import async_playwright

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from people import NotTrue, Person, make_media, until  # noqa: E402
from watch import Recording, probe  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BINARY = os.environ.get("ROOMD_BINARY", os.path.join(ROOT, "build", "roomd"))
CALL_SECONDS = 40


def iso(text):
    from datetime import datetime
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Roomd:
    def __init__(self, folder):
        self.data, self.log = os.path.join(folder, "data"), os.path.join(folder, "roomd.log")
        self.port, self.process = None, None

    def tool(self, *words, text=None):
        return subprocess.run([BINARY, *words, "--data", self.data], input=text, text=True, check=True, capture_output=True).stdout.strip()

    async def start(self):
        log = open(self.log, "ab")
        self.process = subprocess.Popen([BINARY, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port or 0}"], stdout=subprocess.PIPE, stderr=log, text=True)
        line = await asyncio.get_running_loop().run_in_executor(None, self.process.stdout.readline)
        if not line.startswith("ready "):
            raise NotTrue(f"roomd did not start: {line!r}; see {self.log}")
        self.url = line.split()[1]
        self.port = int(self.url.rsplit(":", 1)[1])

    def janus_pid(self):
        with open(os.path.join(self.data, "run", "janus.pid")) as f:
            return int(f.read().split()[0])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()


class Demo:
    def __init__(self, out, scratch):
        self.out, self.scratch = out, scratch
        self.roomd = Roomd(scratch)
        self.result = {"participants": [], "removed": {}, "recording": {}, "attendance": {}, "steps": [], "crash": {}, "ok": False, "failures": []}
        self.people = {"Ada": Person("Ada", "red", 440), "Ben": Person("Ben", "lime", 700), "Cleo": Person("Cleo", "blue", 1000)}
        self.best = {name: {} for name in self.people}  # most frames and packets seen, by remote name and kind
        self.began = time.monotonic()

    # ---- bookkeeping

    def check(self, holds, what):
        if not holds:
            self.result["failures"].append(what)
            print(f"  NOT TRUE: {what}", flush=True)

    async def step(self, name, work):
        start = time.monotonic()
        value = await work
        ms = round((time.monotonic() - start) * 1000)
        self.result["steps"].append({"name": name, "ms": ms})
        print(f"{time.monotonic() - self.began:6.1f} s  {name} ({ms} ms)", flush=True)
        return value

    async def call_clock(self, second):
        """Waits for a moment of the call: the script's own time, not somebody else's work."""
        await asyncio.sleep(max(0, self.t0 + second - time.monotonic()))

    # ---- the API

    async def set_up(self):
        media = {n: make_media(self.scratch, n, p.colour, p.tone) for n, p in self.people.items()}
        for name in self.people:
            self.roomd.tool("user", "add", "--email", f"{name.lower()}@example.org", "--name", name, "--role", "teacher" if name == "Ada" else "student",
                            "--password-stdin", text="correct horse battery")
        await self.roomd.start()
        self.http = httpx.AsyncClient(base_url=f"{self.roomd.url}/api/v1", timeout=10)
        self.bearer = {}
        for name in self.people:
            form = {"username": f"{name.lower()}@example.org", "password": "correct horse battery"}
            self.bearer[name] = (await self.http.post("/auth/login", data=form)).json()["access_token"]
        body = {"title": "Demo: algebra", "enable_recording": True, "max_participants": 5}
        self.session = await self.api("Ada", "POST", "/sessions", body)
        self.media = media

    async def api(self, who, method, path, body=None, status=None):
        reply = await self.http.request(method, path, json=body, headers={"Authorization": f"Bearer {self.bearer[who]}"})
        if status is None and reply.status_code >= 300 or status is not None and reply.status_code != status:
            raise NotTrue(f"{method} {path}: {reply.status_code} {reply.text}")
        return reply.json() if reply.content and reply.headers.get("content-type", "").startswith("application/json") else reply

    async def bring(self, name, stubborn=False):
        join = await self.api(name, "POST", f"/sessions/{self.session['id']}/join")
        self.people[name].token = join["token"]
        url = f"{self.roomd.url}/room/{join['room_name']}?t={join['token']}&auto=1&raw=1"
        await self.people[name].open(self.playwright, self.media[name], url, stubborn)
        await self.people[name].joined()

    # ---- media seen

    def name_of(self, connection):
        return next((n for n, p in self.people.items() if p.connection == connection), None)

    async def note(self, name):
        """Keeps the highest counts: a page that starts anew counts from nothing."""
        stats = await self.people[name].stats()
        for connection, kinds in stats.items():
            other = self.name_of(connection)
            for kind, n in kinds.items():
                best = self.best[name].setdefault(other, {}).setdefault(kind, {"frames": 0, "packets": 0})
                best["frames"] = max(best["frames"], n["framesDecoded"])
                best["packets"] = max(best["packets"], n["packetsReceived"])
        return stats

    async def hears_and_sees(self, name, others, frames=1, packets=1, deadline=20):
        def holds(stats):
            for other in others:
                kinds = stats.get(self.people[other].connection, {})
                if kinds.get("camera", {}).get("framesDecoded", 0) < frames or kinds.get("mic", {}).get("packetsReceived", 0) < packets:
                    return False
            return True
        return await until(lambda: self.note(name), holds, deadline, f"{name} sees and hears {others}")

    async def everybody_meets(self, names, deadline=20):
        for name in names:
            await self.hears_and_sees(name, [o for o in names if o != name], deadline=deadline)

    async def frames(self, name):
        stats = await self.note(name)
        return sum(kinds.get("camera", {}).get("framesDecoded", 0) for kinds in stats.values())

    # ---- scenes

    async def share(self):
        ben = self.people["Ben"]
        await ben.page.get_by_test_id("share").click()
        for name in ("Ada", "Cleo"):
            def arrives(stats):
                return stats.get(ben.connection, {}).get("screen", {}).get("framesDecoded", 0) > 0
            await until(lambda n=name: self.note(n), arrives, 15, f"the screen arrives at {name}")

    async def kill_janus(self):
        pid = self.roomd.janus_pid()
        start = time.monotonic()
        self.killed_at = time.time()
        os.kill(pid, signal.SIGKILL)
        names = list(self.people)
        await until(lambda: self.fresh_pid(pid), lambda fresh: fresh, 5, "Janus was started again", 0.02)
        # Everybody's PeerConnections are new: frames from everybody at everybody count from nothing.
        for name in names:
            await until(self.people[name].state, lambda s: s.get("media") != "lost", 10, f"{name} has media again")
        await asyncio.gather(*(self.hears_and_sees(n, [o for o in names if o != n], deadline=10) for n in names))
        back = round((time.monotonic() - start) * 1000)
        self.result["crash"]["janus_back_ms"] = back
        self.check(back <= 3000, f"media after Janus' death within 3 s, not {back} ms")

    async def fresh_pid(self, old):
        return self.roomd.janus_pid() != old

    async def kill_roomd(self):
        names = list(self.people)
        before = {n: await self.frames(n) for n in names}
        pid = self.roomd.janus_pid()
        self.roomd.kill()
        for name in names:
            await until(self.people[name].state, lambda s: s.get("link") == "down", 5, f"{name}'s page knows that the server is away")
        await self.people["Ben"].page.get_by_test_id("banner-reconnecting").wait_for(timeout=3000)
        await asyncio.sleep(1.5)  # the outage itself
        during = {n: await self.frames(n) - before[n] for n in names}
        self.result["crash"]["roomd_frames_during"] = min(during.values())
        self.result["crash"]["roomd_frames_during_each"] = during
        self.check(min(during.values()) > 5, f"frames are decoded at everybody while roomd is down: {during}")
        start = time.monotonic()
        await self.roomd.start()
        await until(self.people["Ada"].state, lambda s: s.get("link") == "up" and s.get("phase") == "in", 10, "the host's page is back", 0.02)
        await self.people["Ada"].act("e.lock(true)")
        await until(self.people["Ben"].state, lambda s: (s.get("room") or {}).get("locked"), 10, "the host's lock reaches Ben", 0.02)
        back = round((time.monotonic() - start) * 1000)
        self.result["crash"]["roomd_back_ms"] = back
        self.check(back <= 2000, f"host controls within 2 s of roomd's start, not {back} ms")
        self.check(self.roomd.janus_pid() == pid, "Janus lives on while roomd is away")
        await self.people["Ada"].act("e.lock(false)")
        for name in names:
            await until(self.people[name].state, lambda s: s.get("link") == "up" and len(s.get("people", [])) == 3, 10, f"{name} is back with the roster")
        start_frames = {n: await self.frames(n) for n in names}
        for name in names:
            self.check(start_frames[name] >= before[name] + during[name], f"{name}'s frames go on counting through the outage")

    async def chat(self):
        await self.people["Ada"].act("e.say('hello from before')")
        await until(lambda: self.people["Ben"].page.evaluate("() => window.roomd.state.chat.map(l => l.text)"), lambda t: "hello from before" in t, 5, "chat reaches Ben")

    async def remove_cleo(self):
        ada, cleo = self.people["Ada"], self.people["Cleo"]
        seat = await ada.page.evaluate("c => window.roomd.state.people.find(p => p.connection === c).participant_id", cleo.connection)
        await self.note("Cleo")
        start = time.monotonic()
        request = asyncio.create_task(self.api("Ada", "POST", f"/sessions/{self.session['id']}/participants/{seat}/kick"))
        stopped, gone, last = start, None, -1
        while time.monotonic() < start + 2.5:  # from the request on: the last moment at which a byte more was counted
            now = await cleo.received()
            if now != last:
                last, stopped = now, time.monotonic()
            if gone is None and all(p["connection"] != cleo.connection for p in (await ada.state())["people"]):
                gone = time.monotonic()
            await asyncio.sleep(0.01)
        await request
        ms = round((stopped - start) * 1000)
        self.result["removed"] = {"name": "Cleo", "ms": ms, "gone_for_others_ms": round((gone - start) * 1000) if gone else None}
        self.check(ms <= 1000, f"the removed browser's bytes stop within 1 s, not {ms} ms")
        self.check(gone is not None and gone - start <= 1, "others see within 1 s that Cleo is gone")
        state = await until(cleo.state, lambda s: s.get("phase") == "over", 5, "Cleo's page says so")
        self.check((state["over"] or {}).get("reason") == "removed", f"Cleo's page says removed: {state['over']}")
        await self.api("Cleo", "POST", f"/sessions/{self.session['id']}/join", status=403)
        refused = await self.http.post("/sessions/lookup", json={"token": cleo.token})
        self.check(refused.status_code in (401, 403), f"the removed token is dead: {refused.status_code}")
        page = await cleo.browser.new_page()
        await page.goto(f"{self.roomd.url}/room/{self.session['room_name']}?t={cleo.token}&auto=1")
        refused = await until(lambda: page.evaluate("() => document.body.innerText"), lambda t: "removed" in t.lower(), 8, "coming back by the old link is refused")
        await page.close()

    async def call(self):
        await self.step("the host comes in", self.bring("Ada"))
        self.t0 = time.monotonic()
        await self.step("a student comes in", self.bring("Ben"))
        await self.step("both see and hear each other", self.everybody_meets(["Ada", "Ben"]))
        await self.call_clock(8)
        await self.step("a late one comes in", self.bring("Cleo", stubborn=True))
        await self.step("everybody sees and hears everybody", self.everybody_meets(list(self.people)))
        await self.step("a screen is shared and arrives at two", self.share())
        await self.step("chat", self.chat())
        await self.call_clock(16)
        await self.people["Ada"].page.screenshot(path=os.path.join(self.out, "call.png"))
        await self.people["Ben"].page.get_by_test_id("share").click()
        await self.call_clock(18)
        await self.step("Janus is killed; media comes back", self.kill_janus())
        await self.call_clock(25)
        await self.step("roomd is killed; media goes on; controls come back", self.kill_roomd())
        await self.call_clock(34)
        await self.step("the late one is removed", self.remove_cleo())
        await self.call_clock(CALL_SECONDS)
        for name in ("Ada", "Ben"):
            await self.note(name)
        await self.people["Ada"].act("e.end()")
        self.ended = time.time()
        for name in ("Ada", "Ben"):
            await until(self.people[name].state, lambda s: s.get("phase") == "over", 5, f"{name}'s page says that it is over")

    # ---- afterwards

    async def fetch(self):
        async def read():
            return (await self.api("Ada", "GET", f"/sessions/{self.session['id']}/recordings"))["recordings"]
        rows = await until(read, lambda r: r and all(x["status"] in ("ready", "failed") for x in r), 120, "the recording is ready", 0.3)
        self.check(len(rows) == 1, f"one recording, not {len(rows)}")
        self.recording = rows[0]
        if self.recording["status"] != "ready":
            raise NotTrue(f"the recording failed: {self.recording['error']}")
        for kind, name in (("video", "recording.mp4"), ("audio", "recording.mp3")):
            file = next(f for f in self.recording["files"] if f["kind"] == kind)
            reply = await self.http.get(file["url"].replace("http://localhost", "http://127.0.0.1"))
            self.check(reply.status_code == 200 and len(reply.content) == file["size_bytes"], f"{name} is fetched whole by its link")
            with open(os.path.join(self.out, name), "wb") as f:
                f.write(reply.content)
        csv = await self.api("Ada", "GET", f"/sessions/{self.session['id']}/attendance?format=csv")
        with open(os.path.join(self.out, "attendance.csv"), "w", newline="") as f:
            f.write(csv.text)
        self.attendance = (await self.api("Ada", "GET", f"/sessions/{self.session['id']}/attendance"))["people"]
        self.result["attendance"] = {"spans": [{"name": p["name"], "spans": p["spans"], "total_seconds": p["total_seconds"]} for p in self.attendance]}

    def judge_attendance(self):
        spans = {p["name"]: p["spans"] for p in self.attendance}
        self.check(set(spans) == set(self.people), f"attendance names everybody: {sorted(spans)}")
        for name, stays in spans.items():
            self.check(len(stays) == 1 and stays[0]["left_at"], f"{name} has one stay, through both crashes: {stays}")
        if self.result["failures"]:
            return
        self.stay = {n: (iso(s[0]["joined_at"]), iso(s[0]["left_at"])) for n, s in spans.items()}
        self.check(abs(self.stay["Ada"][1] - self.ended) < 1, "Ada's stay ends with the session")
        self.check(self.stay["Cleo"][0] - self.stay["Ada"][0] > 5, "Cleo came late")
        self.check(self.stay["Ben"][1] - self.stay["Cleo"][1] > 2, "Cleo left before Ben")

    def judge_recording(self):
        video, audio = (probe(os.path.join(self.out, f"recording.{k}")) for k in ("mp4", "mp3"))
        began, ended = iso(self.recording["started_at"]), iso(self.recording["ended_at"])
        tracks = [f for f in self.recording["files"] if f["kind"] == "track"]
        self.result["recording"] = {**video, "tracks": len(tracks), "call_s": round(ended - began, 3), "mp3_duration_s": audio["duration_s"], "looks": []}
        for kind, info in (("mp4", video), ("mp3", audio)):
            self.check(abs(info["duration_s"] - (ended - began)) <= 1, f"the {kind} lasts as long as the call: {info['duration_s']} s, {ended - began:.2f} s")
        self.check(video["has_video"] and video["has_audio"] and audio["has_audio"], "picture and sound are there")
        film = Recording(os.path.join(self.out, "recording.mp4"))
        for second in range(2, int(ended - began) - 1):
            self.look(film, began, second)

    def look(self, film, began, second):
        """Who is there is seen and heard; who is not is neither. Near a change, and while a crash is being mended, anything goes."""
        seen = {"second": second}
        for name, person in self.people.items():
            since, to = (t - began for t in self.stay[name])
            share, level = film.share(person.colour, second + 0.5), film.level(person.tone, second)
            seen[name] = [round(share, 3), round(level, 3)]
            if since + 2.5 < second < to - 1.5 and not self.mending(began, second):
                self.check(share > 0.01, f"{name} is seen at {second} s: {share:.3f}")
                self.check(level > 0.02, f"{name} is heard at {second} s: {level:.3f}")
            elif second + 1 < since or second > to + 0.5:
                self.check(share < 0.005, f"{name} is not seen at {second} s: {share:.3f}")
                self.check(level < 0.01, f"{name} is not heard at {second} s: {level:.3f}")
        self.result["recording"]["looks"].append(seen)

    def mending(self, began, second):
        start = self.killed_at - began
        return start - 2 < second < start + self.result["crash"].get("janus_back_ms", 3000) / 1000 + 1.5

    def describe_people(self):
        for name in self.people:
            others = {o: kinds for o, kinds in self.best[name].items() if o}
            frames = sum(k["frames"] for kinds in others.values() for k in kinds.values())
            packets = sum(kinds.get("mic", {}).get("packets", 0) for kinds in others.values())
            spans = next((p["spans"] for p in self.attendance if p["name"] == name), [{}])
            self.result["participants"].append({"name": name, "joined_at": spans[0].get("joined_at"), "left_at": spans[-1].get("left_at"),
                                                "frames_decoded": frames, "audio_packets": packets, "from": others, "page_errors": self.people[name].errors})
            for other in self.people:
                got = others.get(other, {})
                if other != name:
                    self.check(got.get("camera", {}).get("frames", 0) > 0 and got.get("mic", {}).get("packets", 0) > 0, f"{name} saw and heard {other}")
            self.check(not self.people[name].errors, f"{name}'s page had no errors: {self.people[name].errors}")
        receivers = [n for n in self.people if self.best[n].get("Ben", {}).get("screen", {}).get("frames", 0) > 0]
        self.result["screen_receivers"] = receivers
        self.check(len(receivers) >= 2, f"the screen arrived at two: {receivers}")

    async def run(self):
        async with async_playwright() as self.playwright:
            try:
                await self.step("roomd starts, accounts and a session are made", self.set_up())
                await self.call()
                await self.step("the recording is made", self.fetch())
                self.describe_people()
                self.judge_attendance()
                if not self.result["failures"]:
                    self.judge_recording()
            finally:
                for person in self.people.values():
                    await person.close()
                self.roomd.stop()


async def main(out):
    os.makedirs(out, exist_ok=True)
    scratch = tempfile.mkdtemp(prefix="roomd-demo-")
    demo = Demo(out, scratch)
    try:
        await demo.run()
    except NotTrue as error:
        demo.check(False, str(error))
    finally:
        demo.result["ok"] = not demo.result["failures"]
        with open(os.path.join(out, "result.json"), "w") as f:
            json.dump(demo.result, f, indent=1)
        for log in ("roomd.log", "data/janus/janus.log"):
            if os.path.exists(os.path.join(scratch, log)):
                shutil.copy(os.path.join(scratch, log), os.path.join(out, os.path.basename(log)))
        shutil.rmtree(scratch, ignore_errors=True)
    print("demo: everything is true" if demo.result["ok"] else f"demo: {len(demo.result['failures'])} not true", flush=True)
    return 0 if demo.result["ok"] else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: demo.py OUT")
    sys.exit(asyncio.run(main(sys.argv[1])))
