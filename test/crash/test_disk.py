"""A full disk while recording: a clear error, the call goes on, and what was recorded is kept."""
import contextlib
import os
import subprocess

import pytest

from harness import Server
from playing import cast_of
from stage import Recording, download, heard, recordings, seconds, until

MEBI = 1 << 20


@pytest.fixture
def small_disk(tmp_path):
    """A roomd whose recordings/ is a disk of 96 MiB."""
    server = Server(tmp_path / "small")
    folder = server.data / "recordings"
    folder.mkdir(parents=True)
    os.chmod(server.data, 0o700)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", folder]).returncode:
        pytest.skip("mounting needs root")
    yield server.start()
    server.stop()
    subprocess.run(["umount", "-l", folder], check=True)


def fill(server, leave):
    """A file that leaves so many bytes of the disk."""
    folder = server.data / "recordings"
    disk = os.statvfs(folder)
    size = disk.f_bavail * disk.f_frsize - leave
    ballast = folder / "ballast"
    with contextlib.suppress(OSError), open(ballast, "ab", buffering=0) as f:  # the recording takes its part meanwhile
        f.write(bytes(max(0, size)))
    return ballast


async def test_disk_fills_while_recording(stage, small_disk, tmp_path):
    cast = cast_of(stage, small_disk)
    ada, ben = cast("Ada"), cast("Ben")
    session = ada.account.session(enable_recording=True)
    await ada.enter(small_disk, session)
    await ben.enter(small_disk, session)
    await ada.see("rec-sign")
    await ada.meets(ben)
    raw = small_disk.data / "recordings"

    async def written():
        return sum(f.stat().st_size for f in raw.glob("*/raw/*.mjr"))
    await until(written, lambda n: n > 100_000, 20, "something is recorded")
    ballast = fill(small_disk, leave=0)
    await ada.page.get_by_test_id("rec-sign").wait_for(state="detached")
    await ada.meets(ben)
    await ben.meets(ada)
    (row,) = await recordings(ada.account, session)
    assert row["status"] == "failed" and "space" in row["error"], row
    assert await written() > 100_000, "what was recorded is kept"
    ballast.unlink()
    assert ada.account.post(f"/recordings/{row['id']}/retry").status_code == 200
    (row,) = await recordings(ada.account, session)
    assert row["status"] == "ready" and row["error"] is None, row
    shown = Recording(str(download(ada.account, row, "video", tmp_path)))
    assert seconds(shown) > 2 and any(heard(shown, ada.tone, at / 2) for at in range(1, int(seconds(shown) * 2)))
    await ada.meets(ben)
    assert ada.errors == [] and ben.errors == []


async def test_disk_is_nearly_full(stage, small_disk, tmp_path):
    """Stopped while there is still room to make the files of it."""
    cast = cast_of(stage, small_disk)
    ada = cast("Ada")
    session = ada.account.session()
    await ada.enter(small_disk, session)
    await ada.click("record-start")
    await ada.see("rec-sign")
    raw = small_disk.data / "recordings"

    async def written():
        return sum(f.stat().st_size for f in raw.glob("*/raw/*.mjr"))
    await until(written, lambda n: n > 50_000, 20, "something is recorded")
    fill(small_disk, leave=40 * MEBI)
    await ada.body("the disk is nearly full")
    await ada.page.get_by_test_id("rec-sign").wait_for(state="detached")
    (row,) = await recordings(ada.account, session)
    assert row["status"] == "ready" and "disk is nearly full" in row["error"], row
    shown = Recording(str(download(ada.account, row, "video", tmp_path)))
    assert heard(shown, ada.tone, 1.5)
