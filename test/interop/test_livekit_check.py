"""roomd livekit check, and dial-in, with the real livekit-server: its words are those that the check knows, its rules those that roomd makes."""
import json
import os
import subprocess
import time

import httpx
import install
import parts
import pytest
from harness import BINARY, Server, jwt, until


def check(server, *args, code=0, **env):
    env = {**server.env, "LISTEN": server.listen, **env}
    done = subprocess.run([BINARY, "livekit", "check", "--json", "--data", str(server.data), *args], env={"PATH": os.environ["PATH"], **env}, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return {c["name"]: c for c in json.loads(done.stdout)["checks"]}


def test_all_is_well(house):
    found = check(house, "--skip", "egress")
    assert {c["state"] for n, c in found.items() if n not in ("egress", "sip")} == {"ok"}, found
    assert found["version"]["text"] == f"livekit-server {install.LIVEKIT.removeprefix('v')}, and WebSockets reach it"


@pytest.mark.parametrize("what, words", [({"LIVEKIT_API_KEY": "nokey"}, 'the server does not know the key "nokey"'),
                                         ({"LIVEKIT_API_SECRET": "x" * 32}, f'the key "{parts.KEY}" is right, and LIVEKIT_API_SECRET is not its secret')])
def test_wrong_key_or_secret(house, what, words):
    assert check(house, code=1, **what)["key"]["text"] == words


def test_tls_where_there_is_none(house, livekit):
    assert "speaks plain HTTP" in check(house, code=1, LIVEKIT_SERVER_URL=livekit.url.replace("ws:", "wss:"))["url"]["text"]


def test_no_egress_worker(house):
    """The server itself looks for one for some twenty seconds."""
    assert check(house, "--skip", "webhook", code=1)["egress"]["text"].startswith("no egress worker takes a recording (")


def test_no_redis_and_no_webhooks(roomd_port, house, redis):
    """A server of its own, without either."""
    bare = parts.LiveKit.__new__(parts.LiveKit)
    parts.Part.__init__(bare, "bare")
    bare.port, bare.udp = parts.free_port(), parts.free_port(parts.socket.SOCK_DGRAM)
    bare.url, bare.http = f"ws://127.0.0.1:{bare.port}", f"http://127.0.0.1:{bare.port}"
    config = parts.livekit_config(bare.port, bare.udp, redis.port, [])
    del config["redis"]
    (bare.folder / "livekit.yaml").write_text(json.dumps(config))
    try:
        bare.start()
        found = check(house, "--wait", "2", code=1, LIVEKIT_SERVER_URL=bare.url)
        assert found["redis"]["text"] == "livekit-server runs without Redis: no recording and no dial-in"
        assert found["webhook"]["text"] == "the server told nothing of a new room within 2 seconds"
    finally:
        bare.close()


# ---- dial-in: rules need Redis, and no SIP worker

def sip(livekit, method, body):
    now = int(time.time())
    token = jwt(parts.SECRET, {"iss": parts.KEY, "nbf": now - 5, "exp": now + 60, "sip": {"admin": True}})
    reply = httpx.post(f"{livekit.http}/twirp/livekit.SIP/{method}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_rules_come_and_go_with_sessions(livekit, tmp_path):
    trunk = sip(livekit, "CreateSIPInboundTrunk", {"trunk": {"name": "in", "numbers": ["+15550100"]}})["sip_trunk_id"]
    env = {"PROVIDER": "livekit", "LIVEKIT_SERVER_URL": livekit.url, "LIVEKIT_API_KEY": parts.KEY, "LIVEKIT_API_SECRET": parts.SECRET, "LIVEKIT_SIP_ENABLED": "on",
           "LIVEKIT_SIP_TRUNK_ID": trunk, "LIVEKIT_DIAL_IN_NUMBERS": '{"US": "+1-555-0100"}'}
    server = Server(tmp_path / "roomd", env).start()
    rules = lambda: [r for r in sip(livekit, "ListSIPDispatchRule", {})["items"] if r["trunk_ids"] == [trunk]]
    try:
        assert check(server, "--skip", "webhook,egress")["sip"]["state"] == "ok"
        host = server.person("Ada")
        room = host.post("/rooms", {"name": "Algebra", "sip_enabled": True}).json()
        taken = sip(livekit, "CreateSIPDispatchRule", {"rule": {"dispatchRuleDirect": {"roomName": "elsewhere", "pin": room["sip_pin"]}}, "trunkIds": [trunk], "name": "theirs"})
        assert host.patch(f"/rooms/{room['id']}", {"status": "active"}).status_code == 200
        told = host.get(f"/rooms/{room['id']}/dial-in").json()
        assert told["pin"] != room["sip_pin"], "somebody else's rule has that PIN"
        [ours] = [r for r in rules() if r["sip_dispatch_rule_id"] != taken["sip_dispatch_rule_id"]]
        assert ours["rule"] == {"dispatch_rule_direct": {"room_name": room["livekit_room_name"], "pin": told["pin"]}} and ours["hide_phone_number"] is True
        host.patch(f"/rooms/{room['id']}", {"status": "ended"})
        until(lambda: [r["sip_dispatch_rule_id"] for r in rules()] == [taken["sip_dispatch_rule_id"]], "only the other rule is left")
    finally:
        server.stop()
