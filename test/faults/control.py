"""The test's end of base/fault.h: how often each named place was passed, which one kills, and what time it is."""
import contextlib
import mmap
import pathlib
import re
import signal
import struct
import threading
import time

from harness import ROOT, until

HEAD, EACH = 24, 16
KILL, STOP = 1, 2
real_time, real_time_ns = time.time, time.time_ns


def points():
    """Name to place in the file, in the order of spec/faults.def."""
    text = (ROOT / "spec" / "faults.def").read_text()
    return {name: i for i, name in enumerate(re.findall(r"^FAULT\((\w+),", text, re.M))}


def is_stopped(process):
    return process.poll() is None and pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"


class Control:
    """One file for all servers of a world: their time is one, and so is the test's (its stand-ins sign with it)."""

    def __init__(self, folder):
        self.places = points()
        self.path = pathlib.Path(folder) / "faults"
        self.path.write_bytes(bytes(HEAD + EACH * len(self.places)))
        with open(self.path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 0)
        self.env = {"ROOMD_FAULTS": str(self.path)}
        time.time = lambda: real_time() + self.shift_ms / 1000
        time.time_ns = lambda: real_time_ns() + self.shift_ms * 1000000

    def close(self):
        time.time, time.time_ns = real_time, real_time_ns
        self.map.close()

    # ---- places

    def passed(self):
        return {name: struct.unpack_from("<I", self.map, HEAD + EACH * i)[0] for name, i in self.places.items()}

    def met(self):
        """How often somebody was killed or stopped, anywhere: what a test proves that its fault has happened by."""
        return sum(struct.unpack_from("<I", self.map, HEAD + EACH * i + 12)[0] for i in self.places.values())

    def arm(self, name, nth=1, action=KILL):
        at = HEAD + EACH * self.places[name]
        (passed,) = struct.unpack_from("<I", self.map, at)
        struct.pack_into("<I", self.map, at + 8, action)
        struct.pack_into("<I", self.map, at + 4, passed + nth)

    def disarm(self):
        for i in self.places.values():
            struct.pack_into("<I", self.map, HEAD + EACH * i + 4, 0)

    @contextlib.contextmanager
    def stopped_at(self, name, process, what):
        """The process is stopped there, if it comes there; then what() happens, and it goes on. Gives a list that has an item once that was so: what what() gives."""
        met, over = [], threading.Event()

        def watch():
            while not over.wait(0.005):
                if not met and is_stopped(process):
                    try:
                        met.append(what())
                    finally:
                        process.send_signal(signal.SIGCONT)

        self.arm(name, action=STOP)
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield met
        finally:
            self.disarm()
            over.set()
            watcher.join()

    # ---- time

    @property
    def shift_ms(self):
        return struct.unpack_from("<q", self.map, 0)[0]

    def shift(self, ms):
        """It is later by so much, for everybody."""
        struct.pack_into("<q", self.map, 0, self.shift_ms + int(ms))

    def hurry(self, times):
        """Deadlines for other servers are so many times shorter from now on; 1: as they are."""
        struct.pack_into("<q", self.map, 16, times)

    def noticed(self, looks=12):
        """Everybody who waits for a time has looked at the clock since."""
        (before,) = struct.unpack_from("<q", self.map, 8)
        until(lambda: struct.unpack_from("<q", self.map, 8)[0] >= before + looks, "the clock is looked at")

    def now_ms(self):
        return int(time.time() * 1000)
