"""liblivekit beside LiveKit's own npm SDK (tokens, both ways, every grant) and on the real server (the examples)."""
import base64
import hashlib
import json
import pathlib
import random
import re
import shutil
import subprocess
import time

import httpx
import pytest

import install
import parts
from conftest import need
from harness import jwt, until

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build"
FLAGS = ["roomCreate", "roomList", "roomRecord", "roomAdmin", "ingressAdmin", "hidden", "recorder", "agent"]
TRISTATES = ["canPublish", "canSubscribe", "canPublishData", "canUpdateOwnMetadata", "canSubscribeMetrics"]
SOURCES = ["camera", "microphone", "screen_share", "screen_share_audio"]
TEXTS = ["r", "!room:example.com", "räum 1", "日本語/🎥", 'q"uo\\te', "<&>", "line\nbreak\ttab", "x" * 256, "\u2028"]


class Lines:
    """A program that answers each line with a line."""

    def __init__(self, *command, **how):
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **how)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"ended at {line}"
        return answer.rstrip("\n")

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)


@pytest.fixture(scope="module")
def ours():
    lines = Lines(BUILD / "livekit_tokens", parts.KEY, parts.SECRET)
    yield lines
    lines.close()


@pytest.fixture(scope="module")
def theirs():
    need("rtc-node")
    shutil.copy(HERE / "node" / "tokens.mjs", install.NODE / "tokens.mjs")  # Node looks for packages beside the program
    lines = Lines("node", "tokens.mjs", parts.KEY, parts.SECRET, cwd=install.NODE)
    yield lines
    lines.close()


def payload(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def says_something(name, value, in_config):
    """Not a plain flag that is false (of a tristate, false says something), not what is empty, not the zeros of a room's configuration."""
    if value is False:
        return name in TRISTATES
    return value not in ([], {}, None) and not (in_config and value in (0, ""))


def told(claims, in_config=False):
    if isinstance(claims, list):
        return [told(item, in_config) for item in claims]
    if not isinstance(claims, dict):
        return claims
    out = {name: told(value, in_config or name == "roomConfig") for name, value in claims.items()}
    return {name: value for name, value in out.items() if says_something(name, value, in_config)}


def random_video(r):
    video = {"room": r.choice(TEXTS), "roomJoin": True}
    video |= {flag: r.choice([True, False]) for flag in FLAGS if r.random() < 0.3}
    video |= {flag: r.choice([True, False]) for flag in TRISTATES if r.random() < 0.6}
    if r.random() < 0.4:
        video["canPublishSources"] = r.sample(SOURCES, r.randint(1, 4))
    if r.random() < 0.2:
        video["destinationRoom"] = r.choice(TEXTS)
    return video


def random_claims(r):
    claims = {"sub": r.choice(TEXTS), "video": random_video(r)}
    for name in ("name", "metadata", "roomPreset"):
        if r.random() < 0.5:
            claims[name] = r.choice(TEXTS)
    if r.random() < 0.4:
        claims["attributes"] = {r.choice(TEXTS): r.choice([*TEXTS, ""]) for _ in range(r.randint(1, 3))}
    if r.random() < 0.3:
        claims["sip"] = {"admin": r.choice([True, False]), "call": True}
    if r.random() < 0.3:
        claims["kind"] = r.choice(["standard", "agent", "sip", "egress", "ingress"])
    if r.random() < 0.3:
        claims["roomConfig"] = {"name": "n", "emptyTimeout": 10, "maxParticipants": 3, "agents": [{"agentName": "a", "metadata": r.choice(TEXTS)}]}
    if r.random() < 0.2:
        claims["sha256"] = "CoEQz1chqJ9bnZRcORddjplkvpjmPujmLTR42DbefYI="
    return claims


def test_npm_accepts_our_tokens(ours, theirs):
    r = random.Random(7)
    for _ in range(300):
        claims = random_claims(r)
        token = ours.ask("sign " + json.dumps(claims))
        assert not token.startswith("error"), (token, claims)
        answer = json.loads(theirs.ask(json.dumps({"verify": token})))
        assert "error" not in answer, (answer, claims)
        said = answer["claims"]
        assert said.pop("iss") == parts.KEY and 0 < said.pop("exp") - said.pop("nbf") <= 600
        assert told(said) == told(claims)


def test_we_accept_npms_tokens(ours, theirs):
    r = random.Random(8)
    for _ in range(300):
        claims = random_claims(r)
        options = {"identity": claims["sub"], "ttl": r.choice([60, "10m", "6h"]), **{k: claims[k] for k in ("name", "metadata", "attributes") if k in claims}}
        answer = json.loads(theirs.ask(json.dumps({"sign": {**claims, "options": options}})))
        assert "error" not in answer, (answer, claims)
        said = ours.ask("verify " + answer["token"])
        assert not said.startswith("error"), (said, payload(answer["token"]))
        assert told(json.loads(said)) == told(payload(answer["token"]))
        assert told(json.loads(said))["video"] == told(claims["video"])


def test_both_refuse_the_same(ours, theirs):
    now = int(time.time())
    good = {"iss": parts.KEY, "sub": "a", "nbf": now, "exp": now + 60, "video": {"roomJoin": True, "room": "r"}}
    token = jwt(parts.SECRET, good)
    head, body, signature = token.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    bad = [jwt("another secret", good), jwt(parts.SECRET, {**good, "iss": "another"}), jwt(parts.SECRET, {**good, "exp": now - 3600}), jwt(parts.SECRET, {**good, "nbf": now + 3600}),
           jwt(parts.SECRET, {k: v for k, v in good.items() if k != "exp"}), f"{none}.{body}.{signature}", f"{none}.{body}.", f"{head}.{body}", f"{head}.{body}.{signature[:-2]}", "x", token + "."]
    for one in [token, *bad]:
        wrong = one != token
        assert ours.ask("verify " + one).startswith("error") == wrong, one
        assert ("error" in json.loads(theirs.ask(json.dumps({"verify": one})))) == wrong, one


def test_npm_takes_what_we_sign_for_a_webhook(ours, theirs):
    body = '{"event":"room_started","id":"EV_1","createdAt":"1"}'
    claims = {"sha256": base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()}
    answer = json.loads(theirs.ask(json.dumps({"body": body, "authorization": ours.ask("sign " + json.dumps(claims))})))
    assert answer == {"claims": {"event": "room_started", "id": "EV_1"}}


# ---- the examples on the real server

def example(livekit, name, *words, code=0, **env):
    done = subprocess.run([BUILD / f"livekit_{name}", *words], capture_output=True, text=True, timeout=90,
                          env={"LIVEKIT_SERVER_URL": livekit.url, "LIVEKIT_API_KEY": parts.KEY, "LIVEKIT_API_SECRET": parts.SECRET, **env})
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_rooms_and_people(livekit):
    need("rtc-node")
    assert re.match(r"room library is RM_\w+, for 50 people\n0 participants", example(livekit, "room", "library"))
    token = example(livekit, "token", "library", "ann", "Ann", "host", "300").strip()
    guest = parts.Guest(livekit.url, token)
    try:
        guest.wait("connected")
        guest.wait("published")
        until(lambda: "ann (Ann), 1 tracks\n1 participants" in example(livekit, "room", "library"), "LiveKit lists her track, a moment after it has told her")
        assert example(livekit, "moderate", "library", "mute", "ann").startswith("muted TR_")
        assert example(livekit, "moderate", "library", "remove", "ann") == "removed ann\n"
        guest.wait("disconnected")
    finally:
        guest.close()
    assert example(livekit, "moderate", "library", "remove", "ann", code=1).startswith("not_found: ")
    for _ in range(2):
        assert example(livekit, "moderate", "library", "end") == "ended library\n"


def test_a_viewer_cannot_publish(livekit):
    need("rtc-node")
    example(livekit, "room", "watched")
    guest = parts.Guest(livekit.url, example(livekit, "token", "watched", "vic", "Vic", "viewer", "300").strip(), publish=False)
    try:
        guest.wait("connected")
        [vic] = livekit.participants("watched")
        assert vic["permission"]["can_subscribe"] and not vic["permission"]["can_publish"] and not vic["permission"]["can_publish_data"]
    finally:
        guest.close()
        example(livekit, "moderate", "watched", "end")


def trunk_of(livekit):
    now = int(time.time())
    token = jwt(parts.SECRET, {"iss": parts.KEY, "nbf": now - 5, "exp": now + 60, "sip": {"admin": True}})
    reply = httpx.post(f"{livekit.http}/twirp/livekit.SIP/CreateSIPInboundTrunk", json={"trunk": {"name": "in", "numbers": ["+15550100"], "allowedNumbers": ["+15550177"]}},
                       headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert reply.status_code == 200, reply.text
    return reply.json()["sip_trunk_id"]


def test_dial_in(livekit):
    trunk = trunk_of(livekit)
    out = dict(line.split(" ", 1) for line in example(livekit, "dial_in", "phones", LIVEKIT_SIP_TRUNK_ID=trunk).splitlines())
    assert out["number"] == "+15550100" and re.fullmatch(r"\d{6}", out["pin"])
    assert example(livekit, "dial_in", "close", out["rule"], LIVEKIT_SIP_TRUNK_ID=trunk) == f"closed {out['rule']}\n"
    assert example(livekit, "dial_in", "close", out["rule"], code=1, LIVEKIT_SIP_TRUNK_ID=trunk).startswith("not_found: ")


def test_a_recording_without_a_recorder(livekit):
    """There is no egress worker in the registries: the server looks for one for some twenty seconds."""
    example(livekit, "room", "unrecorded")
    text = example(livekit, "record", "unrecorded", "s3://bucket/x.mp4", code=1, AWS_SECRET_ACCESS_KEY="shh-secret")
    assert text.startswith("unavailable: ") and "no response from servers" in text and "shh-secret" not in text
    assert example(livekit, "record", "no such room", "s3://bucket/x.mp4", code=1).startswith("not_found: ")
    example(livekit, "moderate", "unrecorded", "end")


def test_a_wrong_secret(livekit):
    text = example(livekit, "room", "r", code=1, LIVEKIT_API_SECRET="wrong-wrong-wrong-wrong-wrong-wrong")
    assert text.startswith("unauthenticated: ") and "<token>" in text and "eyJ" not in text
