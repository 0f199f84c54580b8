"""The real servers, started for a test run on 127.0.0.1 with throw-away data, and ended by whoever started them (nothing else is)."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

import httpx

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import install  # noqa: E402
from harness import until  # noqa: E402

KEY, SECRET = "devkey", "devsecret-devsecret-devsecret-dev0"
SLOW = 40


def missing():
    """What could not be installed, and why: {part: reason}."""
    path = install.HOME / "missing.json"
    return json.loads(path.read_text()) if path.exists() else {name: "not installed: run make interop" for name in install.PARTS}


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(url):
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


class Part:
    """A process of ours with a folder of its own."""

    def __init__(self, name, folder=None):
        self.name, self.process = name, None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix=f"roomd-{name}-"))
        self.own_folder = folder is None

    def launch(self, *command, **how):
        self.log = open(self.folder / f"{self.name}.log", "ab")
        self.process = subprocess.Popen([str(c) for c in command], cwd=self.folder, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, **how)

    def ready(self, url, deadline=SLOW):
        def look():
            assert self.process.poll() is None, f"{self.name} ended at once:\n{self.log_text()[-2000:]}"
            return answers(url)
        until(look, f"{self.name} answers at {url}:\n{self.log_text()[-2000:]}", deadline)
        return self

    def log_text(self):
        return (self.folder / f"{self.name}.log").read_text(errors="replace")

    def stop(self, number=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        self.process = None

    def close(self):
        self.stop()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)


class Redis(Part):
    def __init__(self):
        super().__init__("redis")
        self.port = free_port()
        self.launch(install.BIN / "redis-server", "--port", self.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", self.folder)
        until(self.accepts, "redis accepts connections")

    def accepts(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0


# JSON is YAML.
def livekit_config(port, udp, redis_port, hooks, **more):
    return {
        "port": port, "bind_addresses": ["127.0.0.1"], "redis": {"address": f"127.0.0.1:{redis_port}"},
        "rtc": {"tcp_port": 0,  # any other value listens on all addresses, whatever bind_addresses says
                "udp_port": udp, "use_external_ip": False, "node_ip": "127.0.0.1", "enable_loopback_candidate": True,
                "interfaces": {"includes": ["lo"]}, "stun_servers": ["127.0.0.1:3478"]},
        "room": {"empty_timeout": 20, "departure_timeout": 3}, "keys": {KEY: SECRET},
        "webhook": {"api_key": KEY, "urls": hooks}, "logging": {"level": "info", "json": False}, **more}


class LiveKit(Part):
    """The real livekit-server. Its webhooks go to `hooks`, an address that may be told before roomd runs there."""

    def __init__(self, redis, hooks):
        super().__init__("livekit")
        self.port, self.udp = free_port(), free_port(socket.SOCK_DGRAM)
        self.url = f"ws://127.0.0.1:{self.port}"
        self.http = f"http://127.0.0.1:{self.port}"
        (self.folder / "livekit.yaml").write_text(json.dumps(livekit_config(self.port, self.udp, redis.port, hooks)))
        self.start()

    def start(self):
        self.launch(install.BIN / f"livekit-server-{install.LIVEKIT}", "--config", self.folder / "livekit.yaml")
        return self.ready(self.http + "/")

    def kill(self):
        """As a crash: no goodbye to anybody."""
        self.process.kill()
        self.process.wait(10)

    def call(self, service, method, body, grants):
        """A call of its API with a token of ours, to look from outside at what roomd did."""
        from harness import jwt
        now = int(time.time())
        token = jwt(SECRET, {"iss": KEY, "nbf": now - 5, "exp": now + 60, "sub": "test", "video": grants})
        reply = httpx.post(f"{self.http}/twirp/livekit.{service}/{method}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=10)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def participants(self, room):
        return self.call("RoomService", "ListParticipants", {"room": room}, {"roomAdmin": True, "room": room})["participants"]

    def rooms(self):
        return [room["name"] for room in self.call("RoomService", "ListRooms", {}, {"roomList": True})["rooms"]]


class Minio(Part):
    KEY = SECRET = "minioadmin"

    def __init__(self):
        super().__init__("minio")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        env = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "MINIO_ROOT_USER": self.KEY, "MINIO_ROOT_PASSWORD": self.SECRET, "MINIO_UPDATE": "off", "MINIO_BROWSER": "off"}
        self.launch(install.BIN / f"minio-{install.MINIO}", "server", "--quiet", "--address", f"127.0.0.1:{self.port}", self.folder / "data", env=env)
        self.ready(self.url + "/minio/health/ready")


class Synapse(Part):
    """A Matrix homeserver with people and rooms; federation is off."""
    NAME, SHARED = "hs.test", "regsecret"

    def __init__(self):
        super().__init__("synapse")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        program = [install.VENV / "bin" / "python", "-m", "synapse.app.homeserver", "--config-path", "hs.yaml"]
        subprocess.run([*map(str, program), "--server-name", self.NAME, "--generate-config", "--report-stats=no"], cwd=self.folder, check=True, capture_output=True)
        (self.folder / "hs.yaml").write_text(json.dumps(self.config()))
        self.launch(*program)
        self.ready(self.url + "/health")

    def config(self):
        plenty = {"per_second": 1000, "burst_count": 10000}
        return {
            "server_name": self.NAME, "report_stats": False, "pid_file": str(self.folder / "hs.pid"), "signing_key_path": str(self.folder / f"{self.NAME}.signing.key"),
            "log_config": str(self.folder / f"{self.NAME}.log.config"), "media_store_path": str(self.folder / "media"),
            "database": {"name": "sqlite3", "args": {"database": str(self.folder / "hs.db")}},
            "listeners": [{"port": self.port, "bind_addresses": ["127.0.0.1"], "type": "http", "tls": False, "resources": [{"names": ["client"], "compress": False}]}],
            "registration_shared_secret": self.SHARED, "trusted_key_servers": [], "federation_domain_whitelist": [], "enable_registration": False,
            "rc_login": {"address": plenty, "account": plenty, "failed_attempts": plenty}, "rc_message": plenty}

    def client(self, token, method, path, body=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        reply = httpx.request(method, f"{self.url}/_matrix/client/v3{path}", json=body, headers=headers, timeout=20)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def user(self, name):
        """The access token of a new person."""
        subprocess.run([str(install.VENV / "bin" / "register_new_matrix_user"), "-u", name, "-p", f"pw-{name}", "--no-admin", "-k", self.SHARED, self.url], check=True, capture_output=True)
        login = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": name}, "password": f"pw-{name}"}
        return self.client(None, "POST", "/login", login)["access_token"]

    def room(self, token, **more):
        return self.client(token, "POST", "/createRoom", {"preset": "public_chat", **more})["room_id"]

    def join(self, token, room):
        self.client(token, "POST", f"/join/{urllib.parse.quote(room, safe='')}", {})

    def leave(self, token, room):
        self.client(token, "POST", f"/rooms/{urllib.parse.quote(room, safe='')}/leave", {})


class Guest:
    """A participant without a browser: LiveKit's own client library in Node, driven line by line (node/participant.mjs)."""

    def __init__(self, server_url, access_token, publish=True):
        for name in ("participant.mjs",):
            shutil.copy(HERE / "node" / name, install.NODE / name)  # Node looks for packages beside the program
        self.log, self.rest, self.access_token = [], b"", access_token
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(["node", "participant.mjs", server_url, "publish" if publish else "listen"], cwd=install.NODE,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)
        self.process.stdin.write(access_token.encode() + b"\n")  # not on the command line, where everybody could read it
        self.process.stdin.flush()
        os.set_blocking(self.process.stdout.fileno(), False)

    def read(self):
        self.rest += self.process.stdout.read() or b""
        *lines, self.rest = self.rest.split(b"\n")
        self.log += [json.loads(line) for line in lines if line.startswith(b'{"event"')]  # the library logs there too
        return self.log

    def told(self, event, **fields):
        return [e for e in self.read() if e["event"] == event and all(e.get(k) == v for k, v in fields.items())]

    def wait(self, event, deadline=SLOW, **fields):
        def look():
            found = self.told(event, **fields)
            assert found or self.process.poll() is None, f"ended before {event}: {self.log} {self.error_text()}"
            return found
        return until(look, f"participant tells {event} {fields}; it told {self.log}", deadline)[-1]

    def error_text(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")[-2000:]

    def leave(self):
        """Gives when it was gone, by its own log."""
        self.process.stdin.write(b"leave\n")
        self.process.stdin.flush()
        return self.wait("disconnected")["at"]

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        for f in (self.process.stdin, self.process.stdout, self.errors):
            f.close()
