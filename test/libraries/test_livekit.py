"""liblivekit as a program of somebody else's meets it: the examples on the wire, and what is installed."""
import json
import os
import pathlib
import re
import subprocess
import time

import pytest

from fake_livekit import FakeLiveKit
from harness import jwt
from livekit_wire import unb64url

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build"))
EXAMPLES = ROOT / "examples" / "livekit"


@pytest.fixture
def livekit():
    fake = FakeLiveKit(pace=0.01)
    yield fake
    fake.close()


def environment(fake, **more):
    return {**os.environ, "LIVEKIT_SERVER_URL": fake.url, "LIVEKIT_API_KEY": fake.key, "LIVEKIT_API_SECRET": fake.secret, **more}


def run(fake, name, *words, code=0, stdin=None, program=None, **more):
    done = subprocess.run([program or BUILD / f"livekit_{name}", *words], env=environment(fake, **more), input=stdin, capture_output=True, text=stdin is None or isinstance(stdin, str), timeout=60)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def claims_of(token):
    return json.loads(unb64url(token.split(".")[1]))


# ---- the seed's examples

def test_tokens_by_role_let_people_in(livekit):
    run(livekit, "room", "algebra")
    for role, may in {"host": True, "participant": True, "viewer": False}.items():
        token = run(livekit, "token", "algebra", f"user-{role}", role.title(), role, "3600").strip()
        claims = claims_of(token)
        assert claims["exp"] - claims["nbf"] == 3600 and abs(claims["nbf"] - time.time()) < 10
        person = livekit.join(token, "algebra")
        assert person.info["name"] == role.title()
        assert person.info["permission"]["can_publish"] == person.info["permission"]["can_publish_data"] == may
        assert person.info["permission"]["can_subscribe"] and person.info["permission"]["can_update_metadata"] == (role == "host")
    out = run(livekit, "room", "algebra")
    assert "user-host (Host), 0 tracks\n" in out and out.endswith("3 participants\n")
    assert "usage" in run(livekit, "token", "algebra", code=2)


def test_grants_said_by_hand(livekit):
    out = run(livekit, "grants")
    token = out.split("\n")[0]
    video = claims_of(token)["video"]
    assert video == {"roomJoin": True, "room": "algebra", "canPublish": True, "canSubscribe": True, "canPublishData": False, "canPublishSources": ["screen_share", "screen_share_audio"]}
    assert claims_of(token)["roomConfig"] == {"emptyTimeout": 300, "departureTimeout": 20, "maxParticipants": 10}
    assert 'ann may join "algebra"' in run(livekit, "grants", token)
    assert run(livekit, "grants", token[:-1] + ("A" if token[-1] != "A" else "B"), code=1).startswith("token_signature: ")
    assert run(livekit, "grants", jwt("another", {"iss": "nobody", "exp": time.time() + 60}), code=1).startswith("token_key: ")


def test_a_room_is_made_and_moderated(livekit):
    assert re.match(r"room r 1/ü is RM_\w+, for 50 people\n0 participants\n", run(livekit, "room", "r 1/ü"))
    assert livekit.of("RoomService/CreateRoom")[0].body == {"name": "r 1/ü", "emptyTimeout": 300, "departureTimeout": 20, "maxParticipants": 50}
    ann = livekit.join(run(livekit, "token", "r 1/ü", "ann", "Ann", "host", "60").strip())
    track = ann.publish()
    assert run(livekit, "moderate", "r 1/ü", "mute", "ann") == f"muted {track['sid']}\n" and track["muted"]
    assert run(livekit, "moderate", "r 1/ü", "remove", "ann") == "removed ann\n" and ann.gone
    assert run(livekit, "moderate", "r 1/ü", "remove", "ann", code=1).startswith("not_found: RoomService/RemoveParticipant: ")
    for _ in range(2):  # ended is ended
        assert run(livekit, "moderate", "r 1/ü", "end") == "ended r 1/ü\n"
    assert not livekit.rooms


def test_a_room_is_recorded_once(livekit):
    run(livekit, "room", "algebra")
    s3 = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "shh-secret", "AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9000"}
    out = run(livekit, "record", "algebra", "s3://bucket/recordings/room.mp4", **s3)
    egress = out.split()[0]
    [call] = livekit.of("Egress/StartRoomCompositeEgress")
    assert call.body == {"roomName": "algebra", "layout": "speaker", "preset": "H264_1080P_30", "fileOutputs": [{"fileType": "MP4", "filepath": "recordings/room.mp4",
                         "s3": {"accessKey": "id", "secret": "shh-secret", "region": "eu-central-1", "endpoint": "http://127.0.0.1:9000", "bucket": "bucket", "forcePathStyle": True}}]}
    assert call.grants["video"] == {"roomRecord": True}
    assert run(livekit, "record", "stop", egress).startswith(egress)
    assert "no s3://" not in run(livekit, "record", "algebra", "/recordings/room.mp4", code=2)
    # The start is done, but its answer is lost: the one that runs is found, and no second is started.
    livekit.fault("Egress/StartRoomCompositeEgress", drop="after")
    again = run(livekit, "record", "algebra", "s3://bucket/recordings/again.mp4", **s3).split()[0]
    assert again.startswith("EG_") and len(livekit.of("Egress/StartRoomCompositeEgress")) == 2
    livekit.egress.workers = False
    text = run(livekit, "record", "algebra", "s3://bucket/third.mp4", code=1, **s3)
    assert text.startswith("unavailable: ") and "no response from servers" in text and "shh-secret" not in text


def test_people_phone_in(livekit):
    trunk = livekit.trunk("+15550100")
    out = dict(line.split(" ", 1) for line in run(livekit, "dial_in", "algebra", LIVEKIT_SIP_TRUNK_ID=trunk).splitlines())
    assert out["number"] == "+15550100" and re.fullmatch(r"\d{6}", out["pin"]) and "press #" in out["instructions"]
    assert livekit.rules[out["rule"]]["rule"]["dispatch_rule_direct"] == {"room_name": "algebra", "pin": out["pin"]}
    assert livekit.rules[out["rule"]]["trunk_ids"] == [trunk]
    assert run(livekit, "dial_in", "close", out["rule"], LIVEKIT_SIP_TRUNK_ID=trunk) == f"closed {out['rule']}\n" and not livekit.rules
    assert run(livekit, "dial_in", "close", out["rule"], code=1, LIVEKIT_SIP_TRUNK_ID=trunk).startswith("not_found: ")


def test_webhooks(livekit):
    livekit.hold_hooks = True
    run(livekit, "room", "algebra")
    ann = livekit.join(run(livekit, "token", "algebra", "ann", "Ann", "host", "60").strip())
    ann.leave()
    run(livekit, "moderate", "algebra", "end")
    said = [run(livekit, "webhook", livekit.sign(body), stdin=body).decode() for _, body in livekit.held]
    sid = livekit.held and json.loads(livekit.held[0][1])["room"]["sid"]
    assert said == [f"algebra: call {sid} begins\n", f"algebra: ann has come as {ann.sid}\n", "algebra: ann has gone, for reason 1\n", f"algebra: call {sid} is over\n"]
    _, body = livekit.held[0]
    assert run(livekit, "webhook", "Bearer " + livekit.sign(body), stdin=body).decode() == said[0]
    assert run(livekit, "webhook", livekit.sign(body), stdin=body + b" ", code=1).startswith(b"body_hash_wrong: ")
    assert run(livekit, "webhook", run(livekit, "token", "algebra", "eve", "Eve", "host", "60").strip(), stdin=body, code=1).startswith(b"body_hash_missing: ")


def test_what_a_person_does_wrong(livekit):
    assert run(livekit, "room", "r", code=1, LIVEKIT_API_SECRET="wrong") == "unauthenticated: RoomService/CreateRoom: HTTP 401: invalid token: <token>, error: token signature is invalid: signature is invalid\n"
    assert run(livekit, "room", "r", code=1, LIVEKIT_SERVER_URL="livekit.example.com").startswith("bad_request: ")
    assert run(livekit, "room", "r", code=1, LIVEKIT_API_KEY="").startswith("bad_request: ")
    livekit.front = lambda handler: (404, "<html>nothing here</html>", {})
    assert run(livekit, "room", "r", code=1).startswith("bad_route: ")


# ---- what is installed

@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", root], check=True, capture_output=True)
    [pc] = root.rglob("livekit.pc")
    return root, {**os.environ, "PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(root)}, pc.parent.parent


def flags(env, *what):
    return subprocess.run(["pkg-config", *what, "livekit"], env=env, check=True, capture_output=True, text=True).stdout.split()


def test_header_library_and_pkg_config_are_installed(installed):
    root, env, lib = installed
    assert {p.name for p in root.rglob("*livekit*") if not p.is_dir()} >= {"livekit.h", "livekit.pc", "liblivekit.a", "liblivekit.so", "liblivekit.so.0"}
    assert "-llivekit" in flags(env, "--libs") and not any(word.startswith("-lcurl") for word in flags(env, "--libs"))
    assert "-lcurl" in flags(env, "--libs", "--static")
    assert flags(env, "--modversion")
    for library, how in ((lib / "liblivekit.so", "-D"), (lib / "liblivekit.a", "-g")):
        names = [line.split()[-1] for line in subprocess.run(["nm", how, "--defined-only", library], capture_output=True, text=True, check=True).stdout.splitlines() if len(line.split()) == 3]
        assert len(names) > 50 and all(name.startswith("livekit_") for name in names), names


@pytest.mark.parametrize("compiler", [["gcc", "-std=c17"], ["clang", "-std=c17"], ["gcc", "-std=c99"], ["g++", "-std=c++20", "-Wno-missing-field-initializers", "-x", "c++"]], ids=lambda words: "-".join(words[:2]))
@pytest.mark.parametrize("kind", ["shared", "static"])
def test_a_program_is_built_with_what_is_installed(installed, livekit, tmp_path, compiler, kind):
    root, env, lib = installed
    program = tmp_path / "room"
    own = tmp_path / "own.c"  # functions with the names of the library's inner ones
    own.write_text('extern "C" { void *arena_alloc(void); int fetch(void); }\n' * (compiler[0] == "g++") + "void *arena_alloc(void) { return 0; }\nint fetch(void) { return 1; }\n")
    libs = flags(env, "--libs") if kind == "shared" else [f"-L{lib}", "-Wl,-Bstatic", "-llivekit", "-Wl,-Bdynamic", "-lcurl", "-ljansson", "-lcrypto", "-lsodium", "-lm"]
    subprocess.run([*compiler, "-Wall", "-Wextra", *[w for w in compiler if w.startswith("-Wno")], "-Wpedantic", "-Werror", *flags(env, "--cflags"), EXAMPLES / "room.c", own, "-o", program, *(["-x", "none"] if compiler[0] == "g++" else []), *libs],
                   env=env, check=True, capture_output=True)
    assert run(livekit, "room", "r", program=program, LD_LIBRARY_PATH=str(lib)).endswith("0 participants\n")
    needed = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout
    assert ("liblivekit.so" in needed) == (kind == "shared")
