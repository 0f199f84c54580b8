"""roomd livekit check: each fault in words, with what to do next; against LiveKit's API on the wire (test/livekit_wire.py)."""
import json
import os
import socket
import subprocess

import pytest
from harness import BINARY
from livekit_wire import SipService, Wire

KEY, SECRET = "devkey", "a-livekit-secret-of-32-characters"


class LiveKit(SipService, Wire):
    """As much of the rest as the check asks for."""
    worker = True

    def RoomService_ListRooms(self, body, _):
        return 200, {"rooms": []}

    def RoomService_CreateRoom(self, body, _):
        self.tell("room_started", room={"sid": "RM_1", "name": body["name"], "emptyTimeout": body["empty_timeout"]})
        return 200, {"sid": "RM_1", "name": body["name"]}

    def RoomService_DeleteRoom(self, body, _):
        return 200, {}

    def Egress_ListEgress(self, body, _):
        return 200, {"items": [], "next_page_token": None}

    def Egress_StartTrackEgress(self, body, _):
        if not self.worker:
            return 503, {"code": "unavailable", "msg": "twirp error unknown: no response from servers"}
        return 200, {"egress_id": self.new_id("EG"), "status": "EGRESS_STARTING", "room_name": body["room_name"]}


@pytest.fixture
def livekit():
    fake = LiveKit()
    yield fake
    fake.close()


def settings(livekit, **more):
    return {"LIVEKIT_SERVER_URL": livekit.url, "LIVEKIT_API_KEY": KEY, "LIVEKIT_API_SECRET": SECRET, **more}


def run(folder, env, *args, code=1):
    done = subprocess.run([BINARY, "livekit", "check", "--data", str(folder / "data"), *args], env={"PATH": os.environ["PATH"], "HOME": str(folder), **env},
                          cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr and "eyJ" not in done.stdout + done.stderr
    return done.stdout


def findings(folder, env, *args, code=1):
    told = json.loads(run(folder, env, "--json", *args, code=code))
    assert told["ok"] is (code == 0)
    return {c["name"]: (c["state"], c["text"], c["next"]) for c in told["checks"]}


ALONE = ("--skip", "webhook")


def only_fault(folder, env, name, *args):
    """What it says of the one thing that is wrong."""
    found = findings(folder, env, *(args or ALONE))
    assert [n for n, f in found.items() if f[0] == "fail"] == [name], found
    assert found[name][2], "no next step"
    return found[name]


# ---- all is well

def test_all_is_well(start_roomd, livekit, tmp_path):
    server = start_roomd(env=settings(livekit))
    livekit.webhook_url = server.url + "/webhooks/livekit/"
    env = {**server.env, "LISTEN": f"127.0.0.1:{server.port}", "LIVEKIT_SIP_ENABLED": "on", "LIVEKIT_SIP_TRUNK_ID": livekit.trunk("+15550100"), "LIVEKIT_DIAL_IN_NUMBERS": '{"US": "+1-555-0100"}'}
    found = findings(server.folder, env, code=0)
    assert {n: f[0] for n, f in found.items()} == dict.fromkeys(["settings", "url", "clock", "key", "webhook", "version", "redis", "egress", "sip"], "ok")
    [made], [deleted] = livekit.of("RoomService/CreateRoom"), livekit.of("RoomService/DeleteRoom")
    assert made.body["name"] == deleted.body["room"] and made.body["name"].startswith("roomd-check-")
    assert "room_started" in [event for event, status in livekit.told if status == 200]
    assert found["webhook"][1] == "what happens on the server comes in here, signed"
    text = run(server.folder, env, code=0)
    assert "ok    key      key and secret are a pair that the server knows\n" in text and "next:" not in text


# ---- settings

@pytest.mark.parametrize("missing", ["LIVEKIT_SERVER_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"])
def test_something_is_not_set(livekit, tmp_path, missing):
    state, text, following = only_fault(tmp_path, settings(livekit, **{missing: ""}), "settings")
    assert text == f"{missing} is not set" and "livekit:\n  url: wss://" in following


def test_no_address(livekit, tmp_path):
    text = only_fault(tmp_path, settings(livekit, LIVEKIT_SERVER_URL="livekit.example.com"), "settings")[1]
    assert text == 'LIVEKIT_SERVER_URL is "livekit.example.com", which is no address of a LiveKit server'
    assert not livekit.calls


def test_short_secret(tmp_path):
    fake = LiveKit(keys={"devkey": "secret"})
    found = findings(tmp_path, settings(fake, LIVEKIT_API_SECRET="secret"), *ALONE, code=0)
    assert found["settings"][0] == "warn" and "fewer than 32 characters" in found["settings"][1]
    fake.close()


@pytest.mark.parametrize("url", ["ws://127.0.0.1:{}", "http://127.0.0.1:{}/", "WS://127.0.0.1:{}//"])
def test_forms_of_the_address(livekit, tmp_path, url):
    assert findings(tmp_path, settings(livekit, LIVEKIT_SERVER_URL=url.format(livekit.port)), *ALONE, code=0)["key"][0] == "ok"


# ---- the way there

def test_nothing_listens(livekit, tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        state, text, following = only_fault(tmp_path, settings(livekit, LIVEKIT_SERVER_URL=f"ws://127.0.0.1:{port}"), "url")
    assert text.startswith("nothing answers at") and str(port) in text and "start livekit-server" in following


def test_no_such_host(livekit, tmp_path):
    assert only_fault(tmp_path, settings(livekit, LIVEKIT_SERVER_URL="wss://livekit.invalid"), "url")[1].startswith('nothing answers at "livekit.invalid"')


def test_silence(livekit, tmp_path):
    """Takes the connection, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        text = only_fault(tmp_path, settings(livekit, LIVEKIT_SERVER_URL=f"ws://127.0.0.1:{mute.getsockname()[1]}"), "url")[1]
    assert text.endswith("does not answer within 10 seconds")


def test_tls_where_there_is_none(livekit, tmp_path):
    state, text, following = only_fault(tmp_path, settings(livekit, LIVEKIT_SERVER_URL=f"wss://127.0.0.1:{livekit.port}"), "url")
    assert text == f"127.0.0.1:{livekit.port} speaks plain HTTP, and the URL asks for TLS" and f"ws://127.0.0.1:{livekit.port}" in following


def test_plain_where_there_is_tls(livekit, tmp_path):
    livekit.front = lambda _: (400, "Client sent an HTTP request to an HTTPS server.\n")  # what Go's server says
    state, text, following = only_fault(tmp_path, settings(livekit), "url")
    assert text == f"127.0.0.1:{livekit.port} speaks TLS, and the URL does not" and following == f"set LIVEKIT_SERVER_URL to wss://127.0.0.1:{livekit.port}"


def test_a_certificate_that_nobody_knows(tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "1", "-subj", "/CN=elsewhere"], cwd=tmp_path, check=True, capture_output=True)
    fake = LiveKit(tls=(tmp_path / "cert.pem", tmp_path / "key.pem"))
    state, text, following = only_fault(tmp_path, settings(fake), "url")
    assert text.startswith("TLS with") and "certificate" in following
    fake.close()


@pytest.mark.parametrize("front, words", [((301, "", {"Location": "https://elsewhere.example/"}), "sends on to https://elsewhere.example/"), ((502, "<html>Bad Gateway</html>"), "it does not reach livekit-server")])
def test_a_proxy_before_it(livekit, tmp_path, front, words):
    livekit.front = lambda _: front
    assert words in only_fault(tmp_path, settings(livekit), "url")[1]


def test_another_web_server(livekit, tmp_path):
    livekit.front = lambda handler: (200, "<html>Hello</html>") if handler.command == "GET" else (404, "<html>Not found</html>")
    state, text, following = only_fault(tmp_path, settings(livekit), "key")
    assert "a web server is at" in text and "correct LIVEKIT_SERVER_URL" in following


def test_a_path_that_leads_nowhere(livekit, tmp_path):
    """Below a path that is not its own the server says 404 in plain text."""
    assert only_fault(tmp_path, settings(livekit, LIVEKIT_SERVER_URL=livekit.url + "/media"), "key")[1].startswith("a web server is at")


# ---- clock, key, secret

@pytest.mark.parametrize("skew, words", [(-3600, "behind"), (3600, "ahead of"), (90, "ahead of")])
def test_clocks_that_differ(livekit, tmp_path, skew, words):
    """And only the clock is said to be wrong: the key is tried by the server's own."""
    livekit.skew = skew
    state, text, following = only_fault(tmp_path, settings(livekit), "clock")
    assert words in text and "tokens and webhooks are refused" in text and "NTP" in following


def test_clocks_that_differ_a_little(livekit, tmp_path):
    livekit.skew = 25
    assert findings(tmp_path, settings(livekit), *ALONE, code=0)["clock"][0] == "warn"


def test_wrong_key(livekit, tmp_path):
    state, text, following = only_fault(tmp_path, settings(livekit, LIVEKIT_API_KEY="otherkey"), "key")
    assert text == 'the server does not know the key "otherkey"' and "keys:" in following


def test_wrong_secret(livekit, tmp_path):
    state, text, following = only_fault(tmp_path, settings(livekit, LIVEKIT_API_SECRET="another-secret-of-some-32-characters"), "key")
    assert text == 'the key "devkey" is right, and LIVEKIT_API_SECRET is not its secret' and "livekit.yaml" in following


def test_what_rests_on_a_fault_is_not_looked_at(livekit, tmp_path):
    found = findings(tmp_path, settings(livekit, LIVEKIT_API_KEY="otherkey"))
    assert [n for n, f in found.items() if f[0] == "skipped"] == ["webhook", "version", "redis", "egress", "sip"]
    assert not livekit.calls


def test_a_server_that_fails(livekit, tmp_path):
    livekit.fault("RoomService/ListRooms", 500, body={"code": "internal", "msg": "twirp error unknown: redis: connection refused"})
    assert "redis: connection refused" in only_fault(tmp_path, settings(livekit), "key")[1]


# ---- webhook

def test_no_webhook_set_up(start_roomd, livekit):
    server = start_roomd(env=settings(livekit, PUBLIC_URL="https://rooms.example.com"))
    state, text, following = only_fault(server.folder, {**server.env, "LISTEN": f"127.0.0.1:{server.port}"}, "webhook", "--wait", "1")
    assert text == "the server told nothing of a new room within 1 seconds"
    assert following.endswith("webhook:\n  api_key: devkey\n  urls:\n    - https://rooms.example.com/webhooks/livekit/")
    assert livekit.of("RoomService/DeleteRoom")


def test_webhook_of_another_key(start_roomd, tmp_path):
    fake = LiveKit(keys={KEY: SECRET, "hookkey": "another-secret-of-some-32-characters"})
    server = start_roomd(env=settings(fake))
    fake.webhook_url, fake.webhook_key = server.url + "/webhooks/livekit/", "hookkey"
    state, text, following = only_fault(server.folder, {**server.env, "LISTEN": f"127.0.0.1:{server.port}"}, "webhook", "--wait", "2")
    assert text == "an event came in, and was not signed with LIVEKIT_API_SECRET" and "webhook.api_key in livekit.yaml to devkey" in following
    fake.close()


def test_nobody_to_be_told(livekit, tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        found = findings(tmp_path, settings(livekit, LISTEN=f"127.0.0.1:{unused.getsockname()[1]}"), code=0)
    assert found["webhook"][0] == "warn" and "start roomd serve" in found["webhook"][2]


def test_no_room_may_be_made(livekit, tmp_path):
    livekit.fault("RoomService/CreateRoom", 401, body={"code": "unauthenticated", "msg": "permissions denied"}, times=9)
    assert "permissions denied" in only_fault(tmp_path, settings(livekit), "webhook", "--skip", "redis")[1]


# ---- version

def test_version(livekit, tmp_path):
    assert findings(tmp_path, settings(livekit), *ALONE, code=0)["version"] == ("ok", "livekit-server 1.13.5, and WebSockets reach it", None)
    [claims] = livekit.joined
    assert claims["video"] == {"roomJoin": True, "room": livekit.of("RoomService/CreateRoom")[0].body["name"], "hidden": True, "canPublish": False, "canSubscribe": False}


@pytest.mark.parametrize("version, state", [("1.9.3", "ok"), ("1.10.0", "ok"), ("2.0", "ok"), ("v2-nightly", "ok"), ("1.9.2", "warn"), ("1.9", "warn"), ("0.15.7", "warn"), ("1.8.4-rc1", "warn")])
def test_older_and_newer(livekit, tmp_path, version, state):
    livekit.version = version
    found = findings(tmp_path, settings(livekit), "--skip", "webhook,egress", code=0)["version"]
    assert found[0] == state and version in found[1]
    assert state == "ok" or found[1:] == (f"livekit-server {version} is older than 1.9.3, the oldest that roomd is made for", "update livekit-server; roomd was tried with 1.13.5")


def test_no_version(livekit, tmp_path):
    livekit.version = ""
    assert findings(tmp_path, settings(livekit), *ALONE, code=0)["version"][:2] == ("warn", "WebSockets reach the server, and it does not say its version")


@pytest.mark.parametrize("status", [400, 404, 426, 502])
def test_a_proxy_that_stops_websockets(livekit, tmp_path, status):
    livekit.signal = lambda handler: handler.send(status, "<html>no</html>")
    state, text, following = only_fault(tmp_path, settings(livekit), "version")
    assert text == f"127.0.0.1:{livekit.port}/rtc takes no WebSocket ({status}): no browser or app can join" and "Upgrade" in following


@pytest.mark.parametrize("frames, accept, words", [(b"\x81\x02hi", "x" * 27 + "=", "the answer is not an upgrade to WebSocket"), (b"\x88\x02\x03\xe8", None, "the WebSocket brought no message"),
                                                   (b"\xff" * 9, None, "the WebSocket brought no message"), (b"\x82\x7f" + b"\x01" * 20, None, "the WebSocket brought no message")])
def test_something_else_than_a_message(livekit, tmp_path, frames, accept, words):
    livekit.signal = lambda handler: livekit.upgrade(handler, frames, accept)
    assert only_fault(tmp_path, settings(livekit), "version")[1] == f"joining a room by WebSocket: {words}"


# ---- Redis, egress, SIP

def test_no_redis(livekit, tmp_path):
    livekit.redis = False
    state, text, following = only_fault(tmp_path, settings(livekit), "redis")
    assert text == "livekit-server runs without Redis: no recording and no dial-in" and "redis:\n  address:" in following


def test_no_egress_worker(livekit, tmp_path):
    livekit.worker = False
    state, text, following = only_fault(tmp_path, settings(livekit), "egress")
    assert text == "no egress worker takes a recording (twirp error unknown: no response from servers)" and "run livekit/egress" in following
    assert livekit.of("RoomService/DeleteRoom")


def sip(livekit, **more):
    return settings(livekit, LIVEKIT_SIP_ENABLED="on", LIVEKIT_DIAL_IN_NUMBERS='{"US": "+1-555-0100", "UK": "+44 20 7946 0000"}', **more)


def test_sip_faults(livekit, tmp_path):
    args = ("--skip", "webhook,egress")
    trunk = livekit.trunk("+15550100", "+442079460000")
    assert findings(tmp_path, sip(livekit, LIVEKIT_SIP_TRUNK_ID=trunk), *args, code=0)["sip"][0] == "ok"
    assert only_fault(tmp_path, sip(livekit), "sip", *args)[1] == "LIVEKIT_SIP_ENABLED is on, and no trunk is named"
    assert only_fault(tmp_path, sip(livekit, LIVEKIT_SIP_TRUNK_ID="ST_other"), "sip", *args)[1] == 'there is no inbound trunk "ST_other"'
    assert only_fault(tmp_path, sip(livekit, LIVEKIT_SIP_TRUNK_ID=livekit.trunk("+15550100")), "sip", *args)[1] == "the number +44 20 7946 0000 (UK) is none of the trunk's"
    assert only_fault(tmp_path, {**sip(livekit, LIVEKIT_SIP_TRUNK_ID=trunk), "LIVEKIT_DIAL_IN_NUMBERS": ""}, "sip", *args)[1].startswith("LIVEKIT_DIAL_IN_NUMBERS is empty")
    assert only_fault(tmp_path, sip(livekit, LIVEKIT_SIP_TRUNK_ID=trunk, LIVEKIT_SIP_DISPATCH_RULE_ID="SDR_x"), "sip", *args)[1] == 'there is no dispatch rule "SDR_x"'
    loose = livekit.SIP_CreateSIPDispatchRule({"rule": {"dispatchRuleIndividual": {"roomPrefix": "call-"}}, "name": "all"}, None)[1]["sip_dispatch_rule_id"]
    assert only_fault(tmp_path, sip(livekit, LIVEKIT_SIP_DISPATCH_RULE_ID=loose), "sip", *args)[1] == f'the dispatch rule "{loose}" names no trunk, and LIVEKIT_SIP_TRUNK_ID is not set'


def test_sip_without_redis(livekit, tmp_path):
    livekit.redis = False
    text = only_fault(tmp_path, sip(livekit, LIVEKIT_SIP_TRUNK_ID="ST_1"), "sip", "--skip", "webhook,egress,redis")[1]
    assert text == "livekit-server runs without Redis: no dial-in"


# ---- the command

def test_help_and_usage(tmp_path, livekit):
    assert "usage: roomd livekit check" in run(tmp_path, {}, "--help", code=0)
    for args in (["--skip", "webhoook"], ["--wait", "soon"], ["--wait", "0"], ["--wait"], ["--nonsense"]):
        run(tmp_path, settings(livekit), *args, code=2)
    done = subprocess.run([BINARY, "livekit"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and "say check" in done.stderr


def test_a_person_reads_it(livekit, tmp_path):
    text = run(tmp_path, settings(livekit, LIVEKIT_API_KEY="otherkey"))
    assert 'FAIL  key      the server does not know the key "otherkey"\n               next: compare LIVEKIT_API_KEY with livekit.yaml:\n               keys:\n' in text
    assert "-     webhook  not looked at: see above" in text
