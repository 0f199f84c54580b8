#!/usr/bin/env python3
"""with_postgresql.py COMMAND…: runs it beside a private PostgreSQL of its own, whose address is in TEST_DATABASE_URL. For tests: nothing is synced to disk."""
import contextlib
import glob
import os
import pwd
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time

FAST = "fsync=off synchronous_commit=off full_page_writes=off max_connections=200 shared_buffers=64MB max_wal_size=512MB logging_collector=off".split()


def programs():
    """Debian keeps them out of PATH, a folder a version."""
    installed = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda p: int(p.split("/")[4]))
    found = installed[-1] if installed else shutil.which("initdb")
    return os.path.dirname(os.path.realpath(found)) if found else None


def free_port():
    """Below those that the kernel hands out, so that nobody else gets it while the server is stopped."""
    while True:
        with contextlib.suppress(OSError), socket.socket() as s:
            s.bind(("127.0.0.1", random.randrange(20000, 32000)))
            return s.getsockname()[1]


class Cluster:
    def __init__(self, settings=FAST):
        self.folder = tempfile.mkdtemp(prefix="roomd-pg-")
        self.port, self.settings = free_port(), settings
        self.password = "t/e:s@t"  # has what an address must escape
        self.url = f"postgresql://roomd:t%2Fe%3As%40t@127.0.0.1:{self.port}"
        self.user = "postgres" if os.getuid() == 0 else None  # the server refuses to run as root
        if self.user:
            os.chown(self.folder, pwd.getpwnam(self.user).pw_uid, -1)
        with open(os.path.join(self.folder, "password"), "w") as f:
            f.write(self.password)
        os.chmod(os.path.join(self.folder, "password"), 0o644)
        self.run("initdb", "-D", self.data, "-U", "roomd", "--pwfile", os.path.join(self.folder, "password"), "-A", "scram-sha-256", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync")
        self.start()

    @property
    def data(self):
        return os.path.join(self.folder, "data")

    def run(self, program, *arguments):
        with open(os.path.join(self.folder, "out"), "ab") as out:
            done = subprocess.run([os.path.join(programs(), program), *arguments], user=self.user, stdout=out, stderr=out, cwd="/", stdin=subprocess.DEVNULL)
        if done.returncode:
            with open(os.path.join(self.folder, "out"), encoding="utf-8", errors="replace") as out:
                raise RuntimeError(f"{program} failed: {out.read()[-2000:]}")

    def start(self, within=60):
        """A child of this process, which ends with it, whatever ends that."""
        command = ["setpriv", "--pdeathsig", "QUIT", os.path.join(programs(), "postgres"), "-D", self.data, "-p", str(self.port), "-h", "127.0.0.1", "-k", self.folder]
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen([*command, *(f"-c{s}" for s in self.settings)], user=self.user, stdout=log, stderr=log, cwd="/", stdin=subprocess.DEVNULL)
        ready, end = [os.path.join(programs(), "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)], time.monotonic() + within
        while subprocess.run(ready).returncode:
            if self.process.poll() is not None or time.monotonic() > end:
                with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
                    raise RuntimeError(f"postgres does not start: {log.read()[-2000:]}")
            time.sleep(0.02)

    def stop(self, mode="fast"):
        self.run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")
        self.process.wait()

    def close(self):
        with contextlib.suppress(RuntimeError):
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    if not programs():
        print("with_postgresql.py: there is no initdb; apt install postgresql", file=sys.stderr)
        return 77  # meson: skipped
    cluster = Cluster()
    try:
        return subprocess.run(sys.argv[1:], env={**os.environ, "TEST_DATABASE_URL": cluster.url}).returncode
    finally:
        cluster.close()


if __name__ == "__main__":
    sys.exit(main())
