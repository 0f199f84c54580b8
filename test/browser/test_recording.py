"""Recordings by the pages' own buttons, from the start to the file that is gone."""
import asyncio
import re

from playing import sign_in
from stage import SLOW, Recording, download, film, heard, probe, recordings, seconds, until

TOKEN_KEY = "roomd.token"


async def menu(ada, item):
    await ada.click("record")
    await ada.click(item)


async def sign(ada, state):
    await ada.page.locator(f"[data-testid=rec-sign][data-state={state}]").wait_for()


async def stop(ada):
    await menu(ada, "record-stop")
    await ada.page.get_by_role("button", name="Stop recording").click()
    await ada.see("record-start")


async def test_pause_is_cut_out_and_a_second_recording_is_another(stage, server, cast, tmp_path):
    ada, ben = cast("Ada"), cast("Ben")
    session = ada.account.session()
    await ada.enter(server, session)
    await ada.on_air()
    now = asyncio.get_running_loop().time
    began = now()
    await ada.click("record-start")
    await sign(ada, "recording")
    await asyncio.sleep(3)  # three seconds of Ada alone
    await menu(ada, "record-pause")
    await sign(ada, "paused")
    most = now() - began
    await ben.enter(server, session)  # in the pause only: nobody may see or hear Ben
    await ben.see("rec-sign")
    await ada.meets(ben)
    await ben.click("leave")
    await ada.wait(lambda s: len(s["people"]) == 1, "Ben is gone")
    began = now()
    await menu(ada, "record-resume")
    await sign(ada, "recording")
    await asyncio.sleep(3)
    await stop(ada)
    most += now() - began
    shown, row = await film(ada.account, session, tmp_path)
    whole = seconds(shown)
    assert 5 <= whole <= most + 1 and abs(row["duration_ms"] / 1000 - whole) < 1, whole
    moments = [at / 2 for at in range(1, int(whole * 2) - 1)]
    assert not [at for at in moments if shown.level(ben.tone, at) > 0.01 or shown.share(ben.colour, at) > 0.005]
    assert heard(shown, ada.tone, 1.5) and heard(shown, ada.tone, whole - 1.5)
    await ada.click("record-start")
    await sign(ada, "recording")
    await asyncio.sleep(1.5)
    await stop(ada)
    rows = await recordings(ada.account, session, count=2)
    assert [r["status"] for r in rows] == ["ready", "ready"] and rows[0]["id"] != rows[1]["id"]


async def test_voices_alone(stage, server, cast, tmp_path):
    ada = cast("Ada")
    session = ada.account.session(enable_recording=True)
    ada.token = ada.account.join(session)
    await ada.open(f"{server.url}/room/{session['room_name']}?t={ada.token}&raw=1")
    await ada.click("consent")
    await ada.page.locator("[data-testid=mic][data-on=true]").wait_for()
    await ada.page.locator("[data-testid=camera][data-on=false]").wait_for()
    await ada.click("join")
    await ada.joined()
    await sign(ada, "recording")
    await until(ada.state, lambda s: s["people"][0]["tracks"] == [{"kind": "mic", "muted": False}], SLOW, "a voice alone is sent")
    await ada.on_air()
    await asyncio.sleep(3)
    await stop(ada)
    (row,) = await recordings(ada.account, session)
    assert row["status"] == "ready", row["error"]
    kinds = {f["kind"] for f in row["files"]}
    assert {"audio", "opus"} <= kinds, kinds
    for kind in ("audio", "opus"):
        path = download(ada.account, row, kind, tmp_path)
        assert probe(str(path))["has_audio"]
    sound = Recording.__new__(Recording)
    sound.sound = sound_of(download(ada.account, row, "audio", tmp_path))
    assert heard(sound, ada.tone, 1.5)


def sound_of(path):
    import array
    import subprocess
    raw = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-ac", "1", "-ar", "8000", "-f", "s16le", "-"], check=True, capture_output=True).stdout
    return array.array("h", raw)


async def test_watched_in_the_page_shared_by_link_and_deleted(stage, server, cast, tmp_path):
    ada = cast("Ada")
    session = ada.account.session(enable_recording=True)
    await ada.enter(server, session)
    await sign(ada, "recording")
    await ada.wait(lambda s: len(s["people"][0]["tracks"]) == 2, "picture and sound are sent")
    await ada.on_air()
    await asyncio.sleep(4)
    await ada.click("end")
    await ada.page.get_by_role("button", name="End for everybody").last.click()
    await ada.over("ended")
    (row,) = await recordings(ada.account, session)
    assert row["status"] == "ready", row["error"]
    page = await sign_in(ada, server)
    await page.goto(f"{server.url}/my/{session['id']}/recordings")
    await page.get_by_test_id(f"recording-{row['id']}").get_by_role("link").click()
    await plays(page)
    await page.get_by_test_id("audio").wait_for()
    await links(ada, server, row, page)
    await page.get_by_role("button", name="Delete this recording").click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.wait_for_url(re.compile("/recordings$"))
    folder = server.data / "recordings"

    async def left():
        return [f for f in folder.rglob("*") if f.is_file() and any(g["name"] == f.name for g in row["files"]) and row_folder(f, row)]
    await until(left, lambda files: not files, 20, "the files are erased")
    assert ada.account.get(f"/recordings/{row['id']}").status_code == 410
    assert ada.errors == []


def row_folder(path, row):
    return row.get("uuid", "") in str(path)


async def plays(page):
    """In the page's own player, from anywhere: the server gives ranges."""
    video = page.get_by_test_id("video")
    await until(lambda: video.evaluate("v => v.readyState >= 1 && v.duration"), lambda d: d and d > 2, 20, "the video has a length")
    await video.evaluate("v => { v.muted = true; v.currentTime = v.duration - 1; return v.play(); }")
    await until(lambda: video.evaluate("v => v.ended || v.currentTime > v.duration - 0.9"), bool, 20, "it plays on from near the end")
    await video.evaluate("v => { v.currentTime = 0.5; }")
    await until(lambda: video.evaluate("v => !v.seeking && v.readyState >= 2 && v.currentTime < 2"), bool, 20, "it goes back")
    assert await video.evaluate("v => v.error") is None


async def links(ada, server, row, page):
    """A signed link needs no account, and is good for its file and time alone."""
    anybody = server.client()
    first, second = (f["url"].split("/api/v1", 1)[1] for f in row["files"][:2])
    path, signature = first.split("?", 1)
    assert anybody.get("/api/v1" + first, headers={"Range": "bytes=0-99"}).status_code == 206
    swapped = second.split("?", 1)[0] + "?" + signature
    later = re.sub(r"expires=(\d+)", lambda m: f"expires={int(m[1]) + 60}", first)
    broken = first[:-1] + ("A" if first[-1] != "A" else "B")
    for bad in (path, swapped, later, broken):
        assert anybody.get("/api/v1" + bad).status_code in (401, 403), bad
