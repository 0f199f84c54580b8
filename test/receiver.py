"""A server that takes webhooks, for tests: keeps what came, answers as it is told."""
import threading
import time

import stand_in
from harness import DEADLINE


class Receiver:
    """`answer(message)` gives a status, or (status, headers, body); it may block. Each message: path, headers, body, at; and status, once it is decided."""

    def __init__(self, answer=None):
        self.answer = answer or (lambda message: 200)
        self.messages, self.changed = [], threading.Condition()
        receiver = self

        class Handler(stand_in.Handler):
            def serve(self):
                receiver.take(self)

        self.http = stand_in.Listener(Handler)
        self.url, self.close = self.http.url, self.http.close

    def take(self, handler):
        body = handler.read_body()
        message = {"method": handler.command, "path": handler.path, "headers": {k.lower(): v for k, v in handler.headers.items()}, "body": body, "at": time.time()}
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()
        answer = self.answer(message)
        answer = answer if isinstance(answer, tuple) else (answer, {}, b"ok")
        message["status"] = answer[0]
        handler.reply(*answer)

    def wait(self, count, what="messages", deadline=DEADLINE, where=lambda message: True):
        """When so many have come; they are given."""
        found = lambda: [m for m in list(self.messages) if where(m)]
        with self.changed:
            assert self.changed.wait_for(lambda: len(found()) >= count, max(deadline, DEADLINE)), f"only {len(found())} of {count} {what}: {[m['body'][:120] for m in self.messages[-5:]]}"
        return found()
