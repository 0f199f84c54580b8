"""roomd as a process: start and stop, signals, crashes, settings, and its commands."""
import fcntl
import json
import os
import pathlib
import pty
import signal
import subprocess
import termios
import threading
import time

import httpx
import pytest

from harness import BINARY, DEADLINE, PASSWORD, ROOT, Server, until

COMMANDS = ["serve", "setup", "migrate", "user", "key", "recordings", "events", "doctor", "openapi", "version"]


def test_ready_at_once_and_small(start_roomd):
    server = start_roomd()
    print(f"ready after {server.started_s:.2f} s, {server.rss_kib() / 1024:.1f} MiB")
    server.person("Ada").session()
    if "asan" not in BINARY and not os.environ.get("ASAN_OPTIONS"):
        assert server.rss_kib() < 20 * 1024
    modes = {p.name: oct(p.stat().st_mode & 0o777) for p in (server.data, server.data / "roomd.db", server.data / "secret") if p.exists()}
    assert modes == {"data": "0o700", "secret": "0o600"} | ({} if server.on_postgresql else {"roomd.db": "0o600"})


def test_two_on_one_port(start_roomd, tmp_path):
    first = start_roomd()
    done = Server(tmp_path / "second").tool("serve", "--listen", first.listen)
    assert done.returncode == 1 and str(first.port) in done.stderr and "Traceback" not in done.stderr
    assert first.client().get("/healthz").status_code == 200


def test_restart_keeps_everything(start_roomd):
    server = start_roomd()
    ada = server.person("Ada")
    session, token = ada.session(), ada.token
    assert server.stop(signal.SIGTERM) == 0
    server.start()
    assert server.client(token).get(f"/api/v1/sessions/{session['uuid']}").json()["title"] == "Algebra I"


def test_a_secret_that_is_gone_is_not_replaced(start_roomd):
    """What is sealed with it would be lost in silence: a restore that forgot the file is told so."""
    server = start_roomd(env={"SECRET_KEY": ""})
    ada, secret = server.person("Ada"), server.data / "secret"
    server.stop()
    kept = secret.read_text()
    for broken in (secret.unlink, lambda: secret.write_text(kept[:10])) if not server.on_postgresql else ():  # there it cannot know whose database it is
        broken()
        done = server.tool("serve", "--listen", server.listen)
        assert done.returncode == 1 and str(secret) in done.stderr and "from a backup" in done.stderr, done.stderr
    secret.write_text(kept + "\n")
    server.start()
    assert server.client(ada.token).get("/api/v1/users/me").status_code == 200


def test_drain_finishes_what_is_under_way(start_roomd):
    """A login takes its time; SIGTERM in the middle of some lets them be answered."""
    server = start_roomd()
    ada = server.person("Ada")
    statuses, sent = [], threading.Barrier(5)

    def login():
        with httpx.Client(base_url=server.url) as client:
            client.get("/healthz")
            sent.wait()
            statuses.append(client.post("/api/v1/auth/login", data={"username": ada.email, "password": PASSWORD}).status_code)

    threads = [threading.Thread(target=login) for _ in range(4)]
    for t in threads:
        t.start()
    sent.wait()
    before = lambda: "path=/api/v1/auth/login" in server.log_text() or len(statuses) > 0
    until(before, "the first login is answered")
    server.process.send_signal(signal.SIGTERM)
    for t in threads:
        t.join()
    assert server.process.wait(DEADLINE) == 0
    assert set(statuses) <= {200, 503} and 200 in statuses


def test_kill_9_loses_nothing_that_was_answered(start_roomd):
    server = start_roomd()
    ada, made, stop = server.person("Ada"), [], threading.Event()

    def create():
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {ada.token}"}) as client:
            try:
                while not stop.is_set():
                    made.append(client.post("/api/v1/sessions", json={"title": "t"}).json()["uuid"])
            except httpx.HTTPError:
                pass

    threads = [threading.Thread(target=create) for _ in range(4)]
    for t in threads:
        t.start()
    until(lambda: len(made) > 150, "some were made", deadline=30)
    server.process.kill()
    server.process.wait()
    stop.set()
    for t in threads:
        t.join()
    server.end_janus()
    server.start()
    with server.db() as db:
        assert server.on_postgresql or db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        kept = {row[0] for row in db.execute("SELECT uuid FROM sessions")}
        halves = db.execute("SELECT count(*) FROM sessions s WHERE (SELECT count(*) FROM participants WHERE session_id = s.id) <> 1 OR (SELECT count(*) FROM events WHERE session_id = s.id) <> 2").fetchone()
    assert set(made) <= kept and halves == (0,)


def test_reload(start_roomd, tmp_path):
    settings = tmp_path / "settings.yaml"
    settings.write_text("project_name: before\n")
    server = start_roomd(args=["--config", str(settings)])
    info = lambda: server.client().get("/api/v1/info").json()
    assert info()["name"] == "before"
    settings.write_text("project_name: after\nregistration: off\n")
    server.process.send_signal(signal.SIGHUP)
    until(lambda: info() == {"name": "after", "version": "0.1.0", "registration": False}, "the new settings hold")
    settings.write_text("project_name: never\nnonsense: 1\n")
    server.process.send_signal(signal.SIGHUP)
    until(lambda: "config.not_reloaded" in server.log_text(), "the bad file is refused")
    assert info()["name"] == "after" and "settings.yaml, line 2" in server.log_text()


BAD_SETTINGS = [
    ("nonsense: 1", "line 1", "unknown setting"), ("a:\n  b: 1", "line 2", "unknown setting"), ("listen: 127.0.0.1:0\nhttp_threads: many", "line 2", "must be a number from 0 to 64"),
    ("http_threads: 65", "line 1", "from 0 to 64"), ("registration: perhaps", "line 1", "must be on or off"), ("project_name: \"\"", "line 1", "must have 1 to 200 characters"),
    ("- a\n- b", "line 1", "name: value"), ("a: [", "line 2", ""), ("\t: x", "line 1", ""), ("algorithm: RS256", "", "ALGORITHM must be HS256"), ("provider: zoom", "", "PROVIDER must be janus"),
    ("log_level: trace", "", "LOG_LEVEL must be debug"), ("log_format: xmlish", "", "LOG_FORMAT must be logfmt or json"), ("database_url: mysql://x", "", "DATABASE_URL must be sqlite:///PATH or postgresql:"),
    ("rtp_port_range: 5-4", "", "RTP_PORT_RANGE must be FROM-TO"), ("turn_url: turn.example.org:3478", "", 'TURN_URL must be turn:HOST:PORT or turns:HOST:PORT'),
    ("turn_url: turn:a:3478, turn://b:3478", "", "TURN_URL must be"), ("turn_url: turn:a:3478?transport=sctp", "", "TURN_URL must be"), ("turn_url: 'turns:'", "", "TURN_URL must be"),
    ("turn_url: turn:a,turn:b,turn:c,turn:d,turn:e,turn:f,turn:g,turn:h,turn:i", "", "at most 8"), ("stun_server: stun:stun.example.org:19302", "", "STUN_SERVER must be HOST:PORT"),
    ("public_url: rooms.example.org", "", 'PUBLIC_URL must be https://HOST or http://HOST, not "rooms.example.org"'), ("node_url: a:7000", "", "NODE_URL must be https://HOST")]


@pytest.mark.parametrize("text, line, why", BAD_SETTINGS)
def test_bad_settings(tmp_path, text, line, why):
    (tmp_path / "s.yaml").write_text(text + "\n")
    server = Server(tmp_path, env={"RATE_LIMITS": "on"})
    if "database_url" in text:
        server.env.pop("DATABASE_URL", None)  # the environment's counts more than the file's
    done = server.tool("serve", "--config", "s.yaml")
    assert done.returncode == 1 and done.stdout == ""
    message = done.stderr.strip().splitlines()[-1]
    assert message.startswith("roomd: ") and line in message and why in message and (not line or "s.yaml" in message), message


def test_where_settings_come_from(tmp_path):
    server = Server(tmp_path, env={"PROJECT_NAME": "from the environment"})
    (server.folder / "roomd.yaml").write_text("project_name: from the file\nlivekit:\n  api_key: ${HOME}\nbackend_cors_origins: [https://a.example, https://b.example]\n")
    (server.folder / ".env").write_text("# others use it too\nUNKNOWN_TO_US=1\nexport PROJECT_NAME='from .env'\nGRACE_MINUTES=5\n")
    server.start()
    assert server.client().get("/api/v1/info").json()["name"] == "from the environment"
    assert "access-control-allow-origin" in server.client().get("/healthz", headers={"Origin": "https://b.example"}).headers
    server.stop()
    (server.folder / ".env").write_text("X=1\nGRACE_MINUTES=never\n")
    done = server.tool("serve")
    assert done.returncode == 1 and ".env, line 2: GRACE_MINUTES must be a number" in done.stderr
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert "environment: HTTP_THREADS" in server.tool("serve", env={"HTTP_THREADS": "x"}, cwd=elsewhere).stderr
    assert "command line: " in server.tool("serve", "--listen", "x", cwd=elsewhere).stderr or "LISTEN must be" in server.tool("serve", "--listen", "x", cwd=elsewhere).stderr


def test_placeholders_are_for_this_box_only(tmp_path):
    for secret, why in (("changeme", "placeholder"), ("short", "too short")):
        for listen, proxy, where in (("0.0.0.0:0", "off", "on 0.0.0.0:0"), ("127.0.0.1:0", "on", "behind a proxy")):
            done = Server(tmp_path).tool("serve", "--listen", listen, env={"SECRET_KEY": secret, "RATE_LIMITS": "on", "TRUST_PROXY": proxy})
            assert done.returncode == 1 and why in done.stderr and where in done.stderr


def test_newer_database_is_refused(start_roomd):
    server = start_roomd()
    server.stop()
    read, change = ("SELECT version FROM schema_version", "UPDATE schema_version SET version = {}") if server.on_postgresql else ("PRAGMA user_version", "PRAGMA user_version = {}")
    with server.db() as db:
        version = db.execute(read).fetchone()[0]
        db.execute(change.format(999))
    for command in (["serve"], ["migrate"], ["user", "list"]):
        done = server.tool(*command)
        assert done.returncode == 1 and "is of version 999, this program knows up to" in done.stderr
    with server.db() as db:
        db.execute(change.format(version))
    server.start()


@pytest.mark.parametrize("url, why", [
    ("postgresql://u:hush@127.0.0.1:1/x", "port 1 failed: Connection refused"), ("postgresql://u:hu/sh@127.0.0.1:1/x", "DATABASE_URL is no address"),
    ("postgresql+psycopg://u:hush@127.0.0.1:1/x", "port 1 failed"), ("postgres://u:hush@[::1", "DATABASE_URL is no address"), ("mysql://u:hush@h/x", "DATABASE_URL must be sqlite:///PATH or postgresql://")])
def test_database_address_that_is_none(tmp_path, url, why):
    server = Server(tmp_path, env={"DATABASE_URL": url})
    for command in ("doctor", "serve", "migrate"):
        done = server.tool(command)
        assert done.returncode == 1 and why in done.stdout + done.stderr
        assert "hush" not in done.stdout + done.stderr and "hu/sh" not in done.stdout + done.stderr


def test_data_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    for data, why in (("file", "is no folder"), ("file/below", "cannot make data folder"), ("/proc/nothing", "cannot make data folder")):
        done = subprocess.run([BINARY, "serve", "--data", data, "--listen", "127.0.0.1:0"], cwd=tmp_path, capture_output=True, text=True, timeout=20)
        assert done.returncode == 1 and why in done.stderr


def test_broken_database(tmp_path):
    server = Server(tmp_path)
    server.data.mkdir()
    (server.data / "roomd.db").write_bytes(b"this is no database " * 500)
    if server.on_postgresql:
        server.env["DATABASE_URL"] += "_that_is_none"
    done = server.tool("serve")
    assert done.returncode == 1 and "database" in done.stderr


# ---- commands

def roomd(*arguments, **how):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=30, **how)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command(command, tmp_path):
    done = roomd(command, "--help", cwd=tmp_path)
    assert done.returncode == 0 and not list(tmp_path.iterdir())
    assert "usage: roomd " + command in done.stdout or command == "version"


def test_usage(tmp_path):
    assert roomd().returncode == 2 and "usage: roomd" in roomd().stderr
    for command in COMMANDS:
        assert command in roomd("--help").stdout
    assert roomd("--help").returncode == 0 and roomd("version").stdout == roomd("--version").stdout == "roomd 0.1.0\n"
    for words in (["nothing"], ["user"], ["user", "nothing"], ["user", "add"], ["user", "add", "--email", "x", "--password-stdin"], ["user", "add", "--email", "a@b.c"], ["user", "add", "--role", "king", "--email", "a@b.c", "--password-stdin"],
                  ["user", "list", "--bogus"], ["user", "list", "--data"], ["key"], ["key", "add"], ["key", "revoke"], ["recordings"], ["recordings", "fetch"], ["events"], ["events", "nothing"], ["serve", "--bogus"], ["serve", "/etc/roomd.yaml"], ["migrate", "now"], ["setup", "x"], ["doctor", "x"], ["openapi", "x"], ["version", "x"]):
        done = roomd(*words, cwd=tmp_path)
        assert done.returncode == 2 and "usage: roomd" in done.stderr, words
    for words in (["serve", "--data"], ["serve", "--config"], ["key", "add", "--name"], ["recordings", "fetch", "1", "--to"]):
        assert f'"{words[-1]}" needs a value after it' in roomd(*words, cwd=tmp_path).stderr
    assert not list(tmp_path.iterdir()), "who is told how it is used finds no database made"


REACH = [({}, [], ["FAIL", "NAT_1_1"]), ({"PUBLIC_URL": "http://localhost:7000/"}, [], ["FAIL", "NAT_1_1"]),
         ({"PUBLIC_URL": "https://rooms.example.org"}, ["FAIL  TRUST_PROXY is on: ", "everybody is taken for this box", "open UDP 41000-41999"], ["FAIL  PUBLIC"]),
         ({"PUBLIC_URL": "https://rooms.example.org", "TRUST_PROXY": "on"}, ["open UDP 41000-41999"], ["FAIL"]), ({"TRUST_PROXY": "on"}, ["FAIL  PUBLIC_URL is https"], ["FAIL  TRUST"]),
         ({"PUBLIC_URL": "https://localhost.example.org", "TRUST_PROXY": "on", "TURN_URL": "turn:turn.example.org"}, ["FAIL  TURN_SECRET is set: "], ["FAIL  PUBLIC"])]


@pytest.mark.parametrize("settings, told, untold", REACH)
def test_doctor_says_what_people_elsewhere_need(tmp_path, settings, told, untold):
    done = Server(tmp_path, env=settings).tool("doctor", "--listen", "127.0.0.1:0")
    assert all(words in done.stdout for words in told) and not any(words in done.stdout for words in untold), done.stdout
    assert done.returncode == any("FAIL" in words for words in told), done.stdout


def test_accounts_by_command(server, anybody):
    add = lambda email, password=PASSWORD, *more: server.tool("user", "add", "--email", email, "--password-stdin", *more, text=password + "\n")
    done = add("Katherine@Example.org", PASSWORD, "--role", "student", "--name", "Katherine")
    assert done.returncode == 0 and done.stdout.strip().isdigit()
    for again, why in ((add("katherine@example.org"), "Email already registered"), (add("b@example.org", "short"), "8 to 72 characters"), (add("b@example.org", "x" * 73), "8 to 72 characters"),
                       (server.tool("user", "add", "--email", "b@example.org", "--password-stdin", text=""), "no password"), (server.tool("user", "passwd", "--email", "nobody@example.org", text="x"), "`roomd user list` shows them")):
        assert again.returncode == 1 and why in again.stderr
    assert server.tool("user", "passwd", "--email", "katherine@example.org", text="another password\n").returncode == 0
    login = lambda password: anybody.post("/api/v1/auth/login", data={"username": "katherine@example.org", "password": password}).status_code
    assert (login(PASSWORD), login("another password")) == (401, 200)
    rows = [json.loads(line) for line in server.tool("user", "list", "--json").stdout.splitlines()]
    assert next(r for r in rows if r["email"] == "katherine@example.org") == {"id": int(done.stdout), "email": "katherine@example.org", "full_name": "Katherine", "role": "student", "is_active": True, "is_superuser": False}
    assert "password" not in server.tool("user", "list").stdout
    assert all("hash" not in json.loads(line) for line in server.tool("key", "list", "--json").stdout.splitlines())


def test_a_forgotten_password_is_typed_unseen(server, anybody):
    email = server.person("Forgetful").email
    typed, terminal = pty.openpty()
    with subprocess.Popen([BINARY, "user", "passwd", "--email", email, "--data", str(server.data)], cwd=server.folder, env=server.env, stdin=terminal, stderr=subprocess.PIPE) as command:
        assert command.stderr.read(10) == b"password: "  # from here on nothing is shown
        os.write(typed, b"a new password\n")
        assert command.wait(timeout=DEADLINE) == 0
    os.set_blocking(typed, False)
    try:
        assert b"new password" not in os.read(typed, 1000)
    except BlockingIOError:
        pass
    os.close(typed), os.close(terminal)
    assert anybody.post("/api/v1/auth/login", data={"username": email, "password": "a new password"}).status_code == 200


def at_a_terminal(terminal):
    return {"stdin": terminal, "stderr": subprocess.PIPE, "start_new_session": True, "preexec_fn": lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)}


@pytest.mark.parametrize("ended_by", ["Ctrl-C", "SIGTERM"])
def test_who_does_not_type_a_password_sees_again_what_they_type(server, ended_by):
    email = server.person("Undecided").email
    typed, terminal = pty.openpty()
    echo = lambda: bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
    with subprocess.Popen([BINARY, "user", "passwd", "--email", email, "--data", str(server.data)], cwd=server.folder, env=server.env, **at_a_terminal(terminal)) as command:
        assert command.stderr.read(10) == b"password: " and not echo()
        if ended_by == "Ctrl-C":
            os.write(typed, b"half a pass\x03")
        else:
            command.terminate()
        assert command.wait(timeout=DEADLINE) == -(signal.SIGINT if ended_by == "Ctrl-C" else signal.SIGTERM)
    assert echo()
    os.close(typed), os.close(terminal)


def test_who_puts_the_question_aside_is_not_shown_the_password_later(server, anybody):
    email = server.person("Interrupted").email
    typed, terminal = pty.openpty()
    echo = lambda: bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
    with subprocess.Popen([BINARY, "user", "passwd", "--email", email, "--data", str(server.data)], cwd=server.folder, env=server.env, **at_a_terminal(terminal)) as command:
        assert command.stderr.read(10) == b"password: "
        command.send_signal(signal.SIGTSTP)
        assert os.WIFSTOPPED(until(lambda: os.waitpid(command.pid, os.WUNTRACED | os.WNOHANG)[1], "it stops")) and echo()
        command.send_signal(signal.SIGCONT)
        until(lambda: not echo(), "it is hidden again")
        os.write(typed, b"a later password\n")
        assert command.wait(timeout=DEADLINE) == 0 and echo()
    os.close(typed), os.close(terminal)
    assert anybody.post("/api/v1/auth/login", data={"username": email, "password": "a later password"}).status_code == 200


def test_setup_and_migrate(tmp_path):
    server = Server(tmp_path)
    first, second = server.tool("setup"), server.tool("setup")
    assert first.returncode == 0 and "admin@localhost  password: " in first.stdout and "set up already: 1 account;" in second.stdout
    assert "already" in server.tool("migrate").stdout
    server.start()
    password = first.stdout.split()[-1]
    assert server.client().post("/api/v1/auth/login", data={"username": "admin@localhost", "password": password}).status_code == 200
    server.stop()


def test_events_by_command(server, teacher):
    session = teacher.session()
    with server.db() as db:
        before = db.execute("SELECT min(id) - 1 FROM events WHERE session_id = ?", (session["id"],)).fetchone()[0]
    lines = [json.loads(line) for line in server.tool("events", "tail", "--json", "--after", str(before)).stdout.strip().split("\n")]  # a thousand at a time
    mine = [e for e in lines if e["session_id"] == session["id"]]
    assert [e["event_type"] for e in mine] == ["session.created", "participant.added"]
    after = server.tool("events", "tail", "--json", "--after", str(mine[0]["id"])).stdout.split("\n")
    assert json.loads(after[0])["id"] == mine[1]["id"]
    done = server.tool("events", "tail", "--after", "yesterday")
    assert done.returncode == 2 and "--after is the number of an event" in done.stderr


def test_doctor(server, tmp_path):
    done = server.tool("doctor")
    assert "ok    settings are readable" in done.stdout and "janus is installed" in done.stdout
    missing = Server(tmp_path).tool("doctor", env={"JANUS_PROGRAM": "/nowhere/janus"})
    assert missing.returncode == 1 and "FAIL  janus is installed: apt install janus" in missing.stdout


def test_secrets_stay_out_of_logs_and_errors(start_roomd):
    server = start_roomd(env={"LOG_LEVEL": "debug"})
    ada = server.person("Ada")
    session = ada.session()
    token = ada.join(session)
    server.client().post("/api/v1/auth/login", data={"username": ada.email, "password": PASSWORD})
    server.client().post("/api/v1/sessions/lookup", json={"token": token})
    server.client().get(f"/room/{session['room_name']}?t={token}")
    key = server.tool("key", "add", "--name", "k").stdout.strip()
    server.client(key).get("/api/v1/users/me")
    server.stop()
    for secret in (server.secret, ada.token, token, key, PASSWORD):
        assert secret not in server.log_text()
