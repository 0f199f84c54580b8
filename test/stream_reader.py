"""Readers of the live stream, /api/v1/stream: as an event stream over a plain socket, and as a WebSocket. Both give events as dicts with `cursor`."""
import json
import socket

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from harness import DEADLINE


JUDGED = 30  # messages of each reader that are held to the OpenAPI document


class Ended(Exception):
    """The stream is over; `end` is its last message, if there was one."""

    def __init__(self, end=None):
        super().__init__(end)
        self.end = end


class EventStream:
    """Reads as a browser's EventSource does, and takes nothing out of the socket before it is asked for."""

    def __init__(self, server, token=None, query="", last=None):
        self.server, self.read = server, 0
        self.socket = socket.socket()
        self.socket.settimeout(DEADLINE)
        self.socket.connect(("127.0.0.1", server.port))
        headers = ["Host: localhost", *([f"Authorization: Bearer {token}"] if token else []), *([f"Last-Event-ID: {last}"] if last is not None else [])]
        self.socket.sendall("\r\n".join([f"GET /api/v1/stream{query} HTTP/1.1", *headers, "", ""]).encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while (line := self.file.readline().strip()):
            name, value = line.decode().split(": ", 1)
            self.headers[name.lower()] = value
        assert self.status == 200 and self.headers["content-type"] == "text/event-stream", (self.status, self.headers)
        self.cursor = self.block()["data"]["cursor"]

    def block(self):
        """One block of lines; a block that breaks off counts for nothing, as the standard says."""
        fields = {}
        while True:
            line = self.file.readline()
            if not line.endswith(b"\n"):
                raise Ended()
            line = line.decode()[:-1]
            if not line and fields:
                return {**fields, "data": json.loads(fields["data"])}
            name, _, value = line.partition(": ")
            if name and not line.startswith(":"):
                fields[name] = value

    def next(self):
        block = self.block()
        if block["event"] == "stream.end":
            self.server.contract.check({"$ref": "#/components/schemas/stream_end"}, block["data"])
            raise Ended(block["data"])
        event = block["data"]
        if (read := self.read) < JUDGED:
            self.server.contract.check({"$ref": "#/components/schemas/webhook_message"}, event)
        self.read = read + 1
        assert block["event"] == event["type"] and int(block["id"]) == event["data"]["id"]
        self.cursor = int(block["id"])
        return {"cursor": self.cursor, **event}

    def ended(self):
        try:
            while True:
                self.next()
        except Ended as e:
            return e.end
        except ConnectionError:
            return None

    def lose(self):
        self.file.close()
        self.socket.close()


class Socket:
    """The same over the WebSocket."""

    def __init__(self, server, token=None, query="", last=None, first=None):
        self.server, self.read = server, 0
        query += f"{'&' if query else '?'}after={last}" if last is not None else ""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.ws = connect(server.url.replace("http", "ws") + "/api/v1/stream" + query, additional_headers=headers, open_timeout=DEADLINE, close_timeout=2, proxy=None, legacy=True)
        if first is not None:
            self.ws.send(first)
        self.end, self.cursor = None, None
        if token:
            self.opened()

    def opened(self):
        message = json.loads(self.ws.recv(timeout=DEADLINE))
        assert message["type"] == "stream.open", message
        self.cursor = message["cursor"]
        return self

    def next(self):
        try:
            message = json.loads(self.ws.recv(timeout=DEADLINE))
        except ConnectionClosed as e:
            raise Ended(self.end) from e
        if message["type"] == "stream.end":
            self.end = {k: v for k, v in message.items() if k != "type"}
            self.server.contract.check({"$ref": "#/components/schemas/stream_end"}, self.end)
            return self.next()
        if (read := self.read) < JUDGED:
            self.server.contract.check({"$ref": "#/components/schemas/stream_message"}, message)
        self.read = read + 1
        assert message["cursor"] == message["data"]["id"]
        self.cursor = message["cursor"]
        return message

    ended = EventStream.ended

    @property
    def code(self):
        return self.ws.close_code

    def lose(self):
        self.ws.socket.close()
