"""Signed webhooks for the benches: files of them for load.lua, each another event."""
import base64
import hashlib
import hmac
import json
import os
import secrets
import time
import uuid

EVENTS = 100_000
DAILY_SECRET = base64.b64encode(b"bench hook secret, 32 bytes long").decode()
LIVEKIT_KEY, LIVEKIT_SECRET = "benchkey", "bench-secret-bench-secret-bench-secret"
DAILY_HEADERS, LIVEKIT_HEADERS = "X-Webhook-Timestamp,X-Webhook-Signature", "Authorization"


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(claims, secret):
    signed = ".".join(b64url(json.dumps(part, separators=(",", ":")).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{b64url(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


def daily(path, room):
    key, now = base64.b64decode(DAILY_SECRET), str(int(time.time()))
    with open(path, "w") as out:
        for _ in range(EVENTS):
            payload = {"room_name": room, "recording_id": str(uuid.UUID(bytes=secrets.token_bytes(16))), "start_ts": int(now)}
            body = json.dumps({"version": "1.0.0", "type": "recording.started", "id": f"evt-{secrets.token_hex(16)}", "payload": payload, "event_ts": int(now)})
            out.write(f"{now} {base64.b64encode(hmac.new(key, f'{now}.{body}'.encode(), hashlib.sha256).digest()).decode()} {body}\n")


def livekit_one(room="bench"):
    """(authorization, body) as the server sends them, of a track that was published."""
    now = int(time.time())
    body = json.dumps({"event": "track_published", "room": {"sid": "RM_" + secrets.token_hex(6), "name": room},
                       "participant": {"sid": "PA_" + secrets.token_hex(6), "identity": "ada", "state": "ACTIVE", "joinedAt": str(now), "name": "Ada", "version": 3,
                                       "permission": {"canSubscribe": True, "canPublish": True, "canPublishData": True}},
                       "track": {"sid": "TR_" + secrets.token_hex(6), "type": "VIDEO", "name": "camera", "width": 1280, "height": 720, "simulcast": True, "source": "CAMERA", "mimeType": "video/VP8"},
                       "id": "EV_" + secrets.token_hex(6), "createdAt": str(now)}, separators=(",", ":"))
    digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    return jwt({"exp": now + 300, "iss": LIVEKIT_KEY, "nbf": now, "sha256": digest}, LIVEKIT_SECRET), body


def livekit(path):
    with open(path, "w") as out:
        for _ in range(EVENTS):
            out.write(" ".join(livekit_one()) + "\n")


def to_be_sent(path, headers):
    """For load(): the environment of the load generator."""
    os.environ.update(BENCH_SIGNED=str(path), BENCH_SIGNED_HEADERS=headers)


def sent():
    for name in ("BENCH_SIGNED", "BENCH_SIGNED_HEADERS"):
        os.environ.pop(name, None)
