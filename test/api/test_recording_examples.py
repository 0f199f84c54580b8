"""The document's JavaScript (seed S5), run by Node as it stands in test/api/examples, with another base URL and with the names that it leaves to the reader."""
import pathlib
import re
import subprocess
import threading

import pytest
from harness import until
from test_recording_api import Room, home, recorder  # noqa: F401: fixtures

EXAMPLES = pathlib.Path(__file__).parent / "examples"


def script(server, name, before="", after="", **names):
    code = (EXAMPLES / f"recording_{name}.js").read_text()
    code = code.replace("https://api.market.implica.ru", server.url).replace("wss://api.market.implica.ru", server.url.replace("http", "ws"))
    known = "".join(f"const {key} = {value!r};\n" for key, value in names.items())
    return known + before + code + after


def run(*how, **names):
    return subprocess.run(["node", "--input-type=module", "-e", script(*how, **names)], capture_output=True, text=True, timeout=60)


def test_examples(recorder, home):
    room = Room(recorder, home)
    room.id = home.room("!abc:matrix.org", (room.names["mod"],), levels={"users": {f"@{room.names['mod']}:hs.test": 50}})
    assert room.bind(room.id).status_code == 200

    started = run(recorder, "start", accessToken=room.mod.token)
    assert started.returncode == 0 and re.fullmatch(r"Egress ID: egress_[0-9a-f]{32}\n", started.stdout), started.stderr
    egress = started.stdout.split()[-1]

    listed = run(recorder, "list", accessToken=room.mod.token)
    assert listed.stdout == f"Found recordings: 1\n- {egress}: Processing\n", listed.stderr

    # it polls each second while the recording runs, and is told when it is ready
    polling = subprocess.Popen(["node", "--input-type=module", "-e", script(recorder, "poll", accessToken=room.mod.token, after=f"\nawait pollStatus({egress!r});\n")], stdout=subprocess.PIPE, text=True)
    until(lambda: recorder.log_text().count("path=/api/recording/status") >= 2, "it polls")
    room.make_ready(egress)  # at once: had it been stopped, it might fail in between, since nobody is in
    out, _ = polling.communicate(timeout=60)
    assert polling.returncode == 0 and out.startswith("Recording ready: http"), out
    assert recorder.client().get(re.sub("^http://[^/]*", "", out.split()[-1])).status_code == 200

    listed = run(recorder, "list", accessToken=room.mod.token)
    assert listed.stdout == f"Found recordings: 1\n- {egress}: Ready\n", listed.stderr


def test_poll_of_a_failed_one(recorder, home):
    room = Room(recorder, home)
    egress = room.recorded()
    room.mod.stop(egress)
    with recorder.db() as db:
        db.execute("UPDATE jobs SET due_at = 0 WHERE kind = 'compose'")
    done = run(recorder, "poll", accessToken=room.mod.token, after=f"\nawait pollStatus({egress!r});\n")
    assert done.returncode == 1 and "Recording failed: " in done.stderr and "undefined" not in done.stderr


def node_version():
    return int(subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout[1:].split(".")[0])


@pytest.mark.skipif(node_version() < 20, reason="this Node has no WebSocket of its own; test_recording_events.py is the same client in Python")
def test_events(recorder, home):
    """With the token in the address, since a browser's WebSocket has no headers."""
    room = Room(recorder, home)
    code = script(recorder, "events", after="\nws.onopen = () => console.log('open');\n").replace("/ws'", f"/ws?access_token={room.plain.token}'")
    watching = subprocess.Popen(["node", "--experimental-websocket", "--input-type=module", "-e", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    stop = threading.Timer(30, watching.kill)
    stop.start()
    assert watching.stdout.readline() == "open\n"
    room.recorded()
    assert watching.stdout.readline() == "Recording status: 0\n"
    stop.cancel()
    watching.kill()
    watching.communicate()
