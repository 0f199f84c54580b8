"""A reader of the live stream that lives through everything: when the line breaks it comes back with its cursor."""
import threading
from types import SimpleNamespace

from harness import until
from stream_reader import Ended, EventStream


class Follower(threading.Thread):
    """What it was told, in the order in which it came; it begins after what had happened when it was made."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.seen, self.cursor, self.lives, self.over, self.stream = world, [], None, 0, threading.Event(), None
        self.start()
        until(lambda: self.cursor is not None, "the stream is open")

    def run(self):
        while not self.over.is_set():
            try:
                self.follow()
            except (Ended, OSError, ValueError, IndexError):  # broken off, in the middle of a line too
                self.over.wait(0.02)

    def follow(self):
        self.stream = stream = EventStream(SimpleNamespace(port=int(self.world.house.url.rsplit(":", 1)[1])), self.world.boss.token(), last=self.cursor)
        self.lives += 1
        if self.cursor is None:
            self.first = self.cursor = stream.cursor
        try:
            while True:
                block = stream.block()
                if block["event"] == "stream.end":
                    return
                self.cursor = int(block["id"])
                self.seen.append((self.cursor, block["event"]))
        finally:
            stream.lose()

    def close(self):
        self.over.set()
        if self.stream:
            self.stream.lose()
        self.join(10)

    def check(self):
        """Everything that happened since, once, in its order."""
        happened = lambda: self.world.rows("SELECT id, event_type FROM events WHERE id > ? ORDER BY id", self.first)
        until(lambda: self.cursor >= happened()[-1][0], "the reader was told everything")
        assert [tuple(r) for r in happened()] == self.seen[: len(happened())], "no gap, none twice"
