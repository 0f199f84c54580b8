"""The test's end of inject.c: the n-th allocation, write, sync, connect or rename of a roomd fails."""
import errno
import mmap
import pathlib
import struct

import harness

KINDS = ["nothing", "memory", "write", "sync", "connect", "rename"]
KIND, LEFT, COUNTS, FAILED, SIZE = 0, 8, 24, 24 + 8 * len(KINDS), 32 + 8 * len(KINDS)
LIBRARY = pathlib.Path(harness.BINARY).parent / "libfaults_inject.so"
FOR_EVER = 1 << 40


class Injector:
    def __init__(self, folder, below):
        self.path = pathlib.Path(folder) / "inject"
        self.path.write_bytes(bytes(SIZE))
        with open(self.path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 0)
        self.env = {"LD_PRELOAD": str(LIBRARY), "INJECT_FILE": str(self.path), "INJECT_BELOW": str(below)}

    def count(self, kind):
        return struct.unpack_from("<q", self.map, COUNTS + 8 * KINDS.index(kind))[0]

    @property
    def failed(self):
        return struct.unpack_from("<q", self.map, FAILED)[0]

    def fail(self, kind, nth, error=0, times=1):
        """The nth call from now on, and those after it. Error 0: half of a write is written."""
        struct.pack_into("<qq", self.map, LEFT, nth - 1, times)
        struct.pack_into("<ii", self.map, KIND, KINDS.index(kind), error)

    def stop(self):
        struct.pack_into("<i", self.map, KIND, 0)

    def close(self):
        self.map.close()


FAULTS = {
    "no memory": ("memory", errno.ENOMEM),
    "disk full": ("write", errno.ENOSPC),
    "disk broken": ("write", errno.EIO),
    "half written": ("write", 0),
    "not synced": ("sync", errno.EIO),
    "not renamed": ("rename", errno.EIO),
    "refused": ("connect", errno.ECONNREFUSED),
    "no route": ("connect", errno.ENETUNREACH),
}
