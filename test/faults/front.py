"""Stands before a neighbour and passes everything on, until it is told to be a bad line: mute, slow or closed."""
import contextlib
import select
import socket
import threading

from harness import until

CHUNK, PAUSE = 65536, 0.02


class Front:
    """`mode`: None; "mute": takes what is said and never gives an answer; "slow": gives a byte of it now and then; "closed": takes no more connections,
    its queue of them is full and those that knock hear nothing, as where a firewall drops packets."""

    def __init__(self, port, slow=0.1):
        self.port, self.slow, self.mode, self.over, self.fillers, self.knocks = port, slow, None, threading.Event(), [], 0
        self.closed = threading.Event()  # nobody waits in `accept`
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def be(self, mode):
        self.mode = mode
        if mode == "closed":
            self.closed.clear()
            until(self.closed.is_set, "nobody is taken in any more")
            self.socket.listen(0)
            self.fill()
        else:
            self.socket.listen(256)
            for filler in self.fillers:
                filler.close()
            self.fillers = []

    def fill(self):
        """Connections of our own, until one of them has to wait."""
        while True:
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(self.socket.getsockname())
            self.fillers.append(one)
            if not select.select([], [one], [], 0.1)[1]:
                return

    def close(self):
        self.over.set()
        self.be(None)
        self.socket.close()

    def accept(self):
        while not self.over.is_set():
            if self.mode == "closed":
                self.closed.set()
                self.over.wait(PAUSE)
                continue
            self.closed.clear()
            if select.select([self.socket], [], [], PAUSE)[0] and self.mode != "closed":
                with contextlib.suppress(OSError):
                    line, _ = self.socket.accept()
                    threading.Thread(target=self.carry, args=(line,), daemon=True).start()

    def carry(self, near):
        with near, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as far:
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while not self.over.is_set():
                for come in select.select([near, far], [], [], PAUSE)[0]:
                    data = come.recv(CHUNK)
                    if not data:
                        return
                    if come is near:
                        far.sendall(data)
                    elif not self.give(near, data):
                        return

    def give(self, near, data):
        """False: the line is of no more use."""
        for at in range(len(data)):
            if self.mode == "slow":
                near.sendall(data[at : at + 1])
                self.knocks += 1
                self.over.wait(self.slow)
            elif self.mode:
                self.knocks += 1
                while self.mode and not self.over.wait(PAUSE):
                    pass
                return False
            else:
                near.sendall(data[at:])
                return True
        return True
