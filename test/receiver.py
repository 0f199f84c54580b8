"""A server that takes webhooks, for tests: keeps what came, answers as it is told."""
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import DEADLINE


class Receiver:
    """`answer(message)` gives a status, or (status, headers, body); it may block. Each message: path, headers, body, at."""

    def __init__(self, answer=None):
        self.answer = answer or (lambda message: 200)
        self.messages, self.changed = [], threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                receiver.take(self)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        class Http(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, *_):  # the other end hung up: some tests want that
                pass

        self.http = Http(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        message = {"method": handler.command, "path": handler.path, "headers": {k.lower(): v for k, v in handler.headers.items()}, "body": body, "at": time.time()}
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()
        answer = self.answer(message)
        status, headers, text = answer if isinstance(answer, tuple) else (answer, {}, b"ok")
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    def wait(self, count, what="messages", deadline=DEADLINE, where=lambda message: True):
        """When so many have come; they are given."""
        found = lambda: [m for m in list(self.messages) if where(m)]
        with self.changed:
            assert self.changed.wait_for(lambda: len(found()) >= count, max(deadline, DEADLINE)), f"only {len(found())} of {count} {what}: {[m['body'][:120] for m in self.messages[-5:]]}"
        return found()

    def close(self):
        self.http.shutdown()
        self.http.server_close()
