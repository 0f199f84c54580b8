"""What the stand-ins of outside HTTP servers share: they listen on a free port, serve in threads, and say nothing of themselves."""
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """One connection. A stand-in says in `serve` what it does, whatever the method."""
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def serve(self):
        raise NotImplementedError

    def do_GET(self):
        self.serve()

    do_PUT = do_POST = do_HEAD = do_DELETE = do_GET

    def read_body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def reply(self, status, headers, data):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def hang_up(self):
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_):
        pass


class Listener(ThreadingHTTPServer):
    """Listens from the beginning until `close`."""
    request_queue_size = 256  # many come at once
    daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, *_):  # the other end hung up: some tests want that
        pass

    def close(self):
        self.shutdown()
        self.server_close()
