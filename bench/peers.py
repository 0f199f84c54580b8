"""roomd beside the servers that one would otherwise run for the same APIs: Express (the Live Sessions API) and FastAPI (the tutoring backend).

    bench/peers.py PEERS [--rounds 3] [--seconds 3] [--only get,list,…] [--apis live-sessions,tutorium,livekit] [--provider daily]

PEERS is a folder with live-sessions/, tutorium/ and fake-daily/ (the peers' upstream); those that are measured are installed below out/peers. All on SQLite with
WAL and synchronous=FULL, in turn, on one machine, wrk on one thread with 32 connections. roomd is on its own media engine and needs no
upstream, which is part of its case; the third is LiveKit's own WebhookReceiver behind Express, which checks webhooks and keeps nothing. Express asks fake-daily once for each create, FastAPI also for each get, join and create.
With --provider daily roomd has the same upstream as they: create asks it for a room, in /api/v1 for a token besides; a get or a join only
where no token is kept. One line of JSON a figure, then a table of ratios. A figure in which a reply of roomd
(or one in a thousand of a peer's) was not 2xx is void, and then the exit code is 1."""
import argparse
import json
import os
import pathlib
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from contextlib import ExitStack

import letters
from bench import ROOT, Roomd, load

JWT_SECRET = "reference-peer-secret"
FORGIVEN = 0.001 # of a peer's replies: it is slower for them, not faster
TARGETS = {"live-sessions": {"get": 10, "list": 8, "create": 8, "webhook": 8}, "tutorium": {"get": 100, "list": 60, "join": 80, "create": 60}, "livekit": {"webhook": 4}}
DAILY_TARGETS = {"live-sessions": {"create": 2.5}, "tutorium": {"create": 15}}
PORTS = {"fake-daily": 7999, "live-sessions": 7100, "tutorium": 7101}
RECEIVER_PORT = 7102


def mint(secret):
    return letters.jwt({"sub": str(uuid.uuid4()), "exp": int(time.time()) + 7200}, secret)


# ---- the peers, installed once

def install(peers, to, apis):
    wanted = [name for name in PORTS if name in apis or (name == "fake-daily" and set(apis) - {"livekit"})]
    for name in wanted:
        if not (to / name).exists():
            shutil.copytree(peers / name, to / name, ignore=shutil.ignore_patterns("node_modules", "*.db*", ".venv"))
    if "livekit" in apis and not (to / "receiver/node_modules").exists():
        shutil.copytree(ROOT / "bench/receiver", to / "receiver", dirs_exist_ok=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=to / "receiver", check=True)
    if "live-sessions" in wanted and not (to / "live-sessions/node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=to / "live-sessions", check=True)
    if "tutorium" in wanted and not (to / "tutorium/.venv/bin/uvicorn").exists():
        subprocess.run([sys.executable, "-m", "venv", to / "tutorium/.venv"], check=True)
        subprocess.run([to / "tutorium/.venv/bin/pip", "install", "-q", "-r", to / "tutorium/requirements.txt"], check=True)


def answers(url):
    try:
        urllib.request.urlopen(url, timeout=1)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


class Peer:
    def __init__(self, command, folder, port, **env):
        self.url, self.log = f"http://127.0.0.1:{port}", open(folder / "log", "w")
        self.process = subprocess.Popen([str(word) for word in command], cwd=folder, env={**os.environ, **env}, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 30
        while not answers(self.url):
            if time.monotonic() > deadline or self.process.poll() is not None:
                sys.exit(f"{command} does not start: see {folder}/log")
            time.sleep(0.1)

    def cpu_us(self):
        return 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def call(method, url, bearer=None, body=None, form=None):
    headers = {"Content-Type": "application/x-www-form-urlencoded" if form else "application/json"} | ({"Authorization": bearer} if bearer else {})
    data = urllib.parse.urlencode(form).encode() if form else None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as reply:
        return json.loads(reply.read() or b"null")


def sign_in(url):
    mail = f"bench-{secrets.token_hex(4)}@example.com"
    call("POST", f"{url}/api/v1/auth/register", body={"email": mail, "password": "correct horse battery"})
    return "Bearer " + call("POST", f"{url}/api/v1/auth/login", form={"username": mail, "password": "correct horse battery"})["access_token"]


# ---- the places to load, one session made for them

def live_sessions(url, bearer):
    base, body = f"{url}/sessions", {"title": "Benchmark session", "courseId": str(uuid.uuid4()), "scheduledAt": "2035-01-01T10:00:00.000Z", "duration": 60}
    made = call("POST", base, bearer, body)
    return {"get": ("GET", f"{base}/{made['_id']}", None), "list": ("GET", f"{base}?page=1&pageCount=10", None), "create": ("POST", base, body),
            "webhook": ("POST", f"{base}/webhook/daily", made["roomName"])}


def tutorium(url, bearer):
    base, body = f"{url}/api/v1/sessions", {"title": "Benchmark session"}
    one = f"{base}/{call('POST', base, bearer, body)['id']}"
    return {"get": ("GET", one, None), "list": ("GET", f"{base}?skip=0&limit=10", None), "join": ("POST", f"{one}/join", {}), "create": ("POST", base, body)}


def livekit(url, bearer, path="/webhooks/livekit"):
    return {"webhook": ("POST", url + path, None)}


def measure(server, bearer, place, figure, args, folder):
    method, url, body = place[figure]
    if figure == "webhook":
        letters.livekit(folder / "events") if body is None else letters.daily(folder / "events", body)
        letters.to_be_sent(folder / "events", letters.LIVEKIT_HEADERS if body is None else letters.DAILY_HEADERS)
        body = None
    try:
        return load(server, url, bearer, args.connections, args.seconds, method, None if body is None else json.dumps(body))
    finally:
        letters.sent()


def compare(dialect, peer, peer_bearer, roomd, args, folder):
    prepare = {"live-sessions": live_sessions, "tutorium": tutorium, "livekit": livekit}[dialect]
    roomd_url, bearer = roomd.url.removesuffix("/api/v1"), sign_in(roomd.url.removesuffix("/api/v1"))
    theirs, ours = prepare(peer.url, peer_bearer), prepare(roomd_url, bearer)
    targets = (DAILY_TARGETS if args.provider == "daily" else TARGETS).get(dialect, {})
    for figure in [f for f in TARGETS[dialect] if f in args.only]:
        runs = [(measure(peer, peer_bearer, theirs, figure, args, folder), measure(roomd, bearer, ours, figure, args, folder)) for _ in range(args.rounds)]
        middle = lambda i, key: statistics.median(pair[i][key] for pair in runs)
        row = {"dialect": dialect, "figure": figure, "peer_rps": round(middle(0, "rps")), "roomd_rps": round(middle(1, "rps")),
               "ratio": round(statistics.median(b["rps"] / a["rps"] for a, b in runs), 1), "target": targets.get(figure, 1),
               "peer_p99_ms": round(middle(0, "p99_ms"), 2), "roomd_p99_ms": round(middle(1, "p99_ms"), 2)}
        failed = [sum(pair[i]["non2xx"] + pair[i]["errors"] for pair in runs) for i in (0, 1)]
        row |= {"peer_failed": failed[0], "roomd_failed": failed[1]}
        if failed[1] or failed[0] > FORGIVEN * sum(pair[0]["requests"] for pair in runs):
            row["void"] = f"no success: {failed[0]} replies of the peer, {failed[1]} of roomd"
        print(json.dumps(row), flush=True)
        yield row


def all_figures(args, to, folder):
    with ExitStack() as stack:
        hook = {"DAILY_WEBHOOK_SECRET": letters.DAILY_SECRET, "DAILY_API_BASE_URL": f"http://127.0.0.1:{PORTS['fake-daily']}/v1"}
        if set(args.apis) - {"livekit"}:
            stack.enter_context(Peer(["node", "server.mjs"], to / "fake-daily", PORTS["fake-daily"], PORT=str(PORTS["fake-daily"])))
        upstream = hook | {"PROVIDER": "daily", "DAILY_API_KEY": "key"} if args.provider == "daily" else {"DAILY_WEBHOOK_SECRET": letters.DAILY_SECRET}
        upstream |= {"LIVEKIT_API_KEY": letters.LIVEKIT_KEY, "LIVEKIT_API_SECRET": letters.LIVEKIT_SECRET}
        roomd = stack.enter_context(Roomd(folder / "roomd", 1, extra=upstream))
        if "live-sessions" in args.apis:
            with Peer(["node", "server.mjs"], to / "live-sessions", PORTS["live-sessions"], PORT=str(PORTS["live-sessions"]), DB_FILE=str(folder / "live.db"), JWT_SECRET=JWT_SECRET, **hook) as peer:
                yield from compare("live-sessions", peer, "Bearer " + mint(JWT_SECRET), roomd, args, folder)
        if "livekit" in args.apis:
            with Peer(["node", "receiver.mjs"], to / "receiver", RECEIVER_PORT, PORT=str(RECEIVER_PORT), KEY=letters.LIVEKIT_KEY, SECRET=letters.LIVEKIT_SECRET) as peer:
                yield from compare("livekit", peer, "", roomd, args, folder)
        if "tutorium" not in args.apis:
            return
        command = [to / "tutorium/.venv/bin/uvicorn", "main:app", "--port", str(PORTS["tutorium"]), "--no-access-log"]
        with Peer(command, to / "tutorium", PORTS["tutorium"], DATABASE_URL=f"sqlite:///{folder}/tutorium.db", **hook) as peer:
            yield from compare("tutorium", peer, sign_in(peer.url), roomd, args, folder)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("peers", type=pathlib.Path)
    p.add_argument("--seconds", type=int, default=3, help="of each run")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--provider", choices=["janus", "daily"], default="janus", help="of roomd")
    p.add_argument("--apis", type=lambda text: text.split(","), default=["live-sessions", "tutorium", "livekit"])
    p.add_argument("--connections", type=int, default=32)
    p.add_argument("--only", type=lambda text: text.split(","), default=["get", "list", "join", "webhook", "create"])
    args = p.parse_args()
    to = ROOT / "out" / "peers"
    to.mkdir(parents=True, exist_ok=True)
    install(args.peers.resolve(), to, args.apis)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="peers-", dir=ROOT / "out"))
    try:
        rows = list(all_figures(args, to, folder))
    finally:
        shutil.rmtree(folder)
    print(f"\n{'API':15}{'figure':9}{'peer/s':>9}{'roomd/s':>9}{'ratio':>8}{'target':>8}{'peer p99':>10}{'roomd p99':>11}")
    for r in rows:
        verdict = r.get("void") or ("ok" if r["ratio"] >= r["target"] and r["roomd_p99_ms"] < r["peer_p99_ms"] else "short")
        print(f"{r['dialect']:15}{r['figure']:9}{r['peer_rps']:>9}{r['roomd_rps']:>9}{r['ratio']:>8}{r['target']:>8}{r['peer_p99_ms']:>10}{r['roomd_p99_ms']:>11}  {verdict}")
    sys.exit(any("void" in row for row in rows))


main()
