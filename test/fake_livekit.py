"""A stand-in of a LiveKit server on the wire: RoomService, Egress and SIP over Twirp, and its webhooks. No media.

Replies are snake_case with all defaults, 64-bit numbers as texts; webhooks lowerCamel without defaults, signed, five attempts, one queue a
room or egress. Rooms are not made by joining (auto_create: false). People are made by the test: `join` with a token as a client would.
Bodies and errors are those of livekit-server 1.13.5; test/api/test_livekit_wire.py compares them with what that server really sent.

Over livekit_wire.py, which has `calls` and `fault`. `mute_hooks` loses webhooks, `hold_hooks` keeps them for `deliver`. The egress
part is fake_egress.py."""
import base64
import hashlib
import json
import re
import threading
import time
from random import choices

import httpx

from fake_egress import Egress
from harness import jwt
from livekit_wire import SipService, Wire

LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
DEFAULTS = {"JOINING", "STANDARD", "AUDIO", "UNKNOWN", "EGRESS_STARTING", "UNKNOWN_REASON", "NONE", "EGRESS_SOURCE_TYPE_WEB", "DEFAULT_MIXING", "DEFAULT_FILETYPE",
            "DEFAULT_AC", "DEFAULT_VC", "0", 0, "", False, None}
CODECS = ["audio/PCMU", "audio/PCMA", "audio/opus", "audio/red", "video/VP8", "video/H264", "video/VP9", "video/AV1", "video/H265", "video/rtx"]
ATTEMPT_AFTER = [0, 1, 2, 4, 8]  # seconds after the one before


class Twirp(Exception):
    STATUS = {"invalid_argument": 400, "malformed": 400, "unauthenticated": 401, "not_found": 404, "bad_route": 404, "deadline_exceeded": 408, "failed_precondition": 412,
              "internal": 500, "unavailable": 503}

    def __init__(self, code, msg):
        self.code, self.msg, self.status = code, msg, self.STATUS[code]


def sid(kind):
    return f"{kind}_{''.join(choices(LETTERS, k=12))}"


def snake(name):
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower() if name != "aliOSS" else name


def snaked(value):
    """Either spelling is understood."""
    if isinstance(value, dict):
        return {snake(k): snaked(v) for k, v in value.items()}
    return [snaked(v) for v in value] if isinstance(value, list) else value


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(w.title() for w in rest)


def hooked(value):
    """As a webhook has it: lowerCamel, what is as by default left out."""
    if isinstance(value, dict):
        out = {camel(k): hooked(v) for k, v in value.items()}
        return {k: v for k, v in out.items() if isinstance(v, dict) or isinstance(v, list) and v or not isinstance(v, (dict, list)) and v not in DEFAULTS}
    return [hooked(v) for v in value] if isinstance(value, list) else value


def now_ms():
    return int(time.time() * 1000)


class Participant:
    def __init__(self, fake, room, claims, kind="STANDARD", attributes=None):
        video = claims.get("video", {})
        publish = video.get("canPublish", True)
        self.fake, self.room, self.gone = fake, room, False
        self.info = {"sid": sid("PA"), "identity": claims["sub"], "state": "ACTIVE", "tracks": [], "metadata": claims.get("metadata", ""), "joined_at": str(now_ms() // 1000),
                     "joined_at_ms": str(now_ms()), "name": claims.get("name", ""), "version": 2,
                     "permission": {"can_subscribe": video.get("canSubscribe", True), "can_publish": publish, "can_publish_data": video.get("canPublishData", publish),
                                    "can_publish_sources": [s.upper() for s in video.get("canPublishSources", [])], "hidden": video.get("hidden", False),
                                    "recorder": video.get("recorder", False), "can_update_metadata": video.get("canUpdateOwnMetadata", False), "agent": False,
                                    "can_subscribe_metrics": False, "can_manage_agent_session": False},
                     "region": "", "is_publisher": False, "kind": kind, "attributes": attributes or claims.get("attributes", {}), "disconnect_reason": "UNKNOWN_REASON",
                     "kind_details": [], "data_tracks": [], "client_protocol": 16, "capabilities": []}

    @property
    def identity(self):
        return self.info["identity"]

    @property
    def sid(self):
        return self.info["sid"]

    def allowed(self, source):
        p = self.info["permission"]
        return p["can_publish"] and (not p["can_publish_sources"] or source in p["can_publish_sources"])

    def publish(self, source="MICROPHONE", encryption="NONE"):
        assert self.allowed(source), f"{self.identity} may not publish {source}"
        kind = "AUDIO" if source in ("MICROPHONE", "SCREEN_SHARE_AUDIO") else "VIDEO"
        track = {"sid": sid("TR"), "type": kind, "name": "", "muted": False, "width": 0, "height": 0, "simulcast": False, "disable_dtx": False, "source": source, "layers": [],
                 "mime_type": "audio/red" if kind == "AUDIO" else "video/VP8", "mid": "0", "codecs": [], "stereo": False, "disable_red": False, "encryption": encryption,
                 "stream": "camera", "version": None, "audio_features": [], "backup_codec_policy": "PREFER_REGRESSION"}
        with self.fake.lock:
            self.info["tracks"].append(track)
            self.info["is_publisher"] = True
        self.fake.hook("track_published", self.room, participant=self.short(), track=track)
        return track

    def unpublish(self, track):
        with self.fake.lock:
            self.info["tracks"].remove(track)
        self.fake.hook("track_unpublished", self.room, participant=self.short(), track=track)
        self.fake.egress.track_gone(track["sid"])

    def short(self):
        return {"sid": self.sid, "identity": self.identity}

    def leave(self, reason="CLIENT_INITIATED"):
        self.fake.out(self, reason)


class FakeLiveKit(SipService, Wire):
    def __init__(self, key="devkey", secret="devsecret-devsecret-devsecret-dev0", pace=1.0):
        self.key, self.secret, self.pace = key, secret, pace  # pace: of waits that a real server has
        self.rooms, self.people, self.hook_url = {}, {}, None
        self.mute_hooks, self.hold_hooks, self.held, self.hook_log, self.patience = False, False, [], [], 30  # patience: seconds that a webhook's answer may take
        self.queues, self.closing = {}, threading.Event()
        self.egress = Egress(self)
        super().__init__({key: secret})

    def close(self):
        self.closing.set()
        super().close()

    def crash(self):
        """Killed and started anew without Redis: every room and everybody is gone, and nobody is told."""
        with self.lock:
            self.rooms.clear()
            self.people.clear()

    def work(self, method, body, grants):
        service, name = method.split("/")
        run = getattr(self if service == "RoomService" else self.egress, snake(name), None)
        if service not in ("RoomService", "Egress") or not run:
            return super().work(method, body, grants)
        if not self.may(method, body, grants):
            return 401, {"code": "unauthenticated", "msg": "permissions denied"}
        try:
            return 200, run(snaked(body))
        except Twirp as e:
            return e.status, {"code": e.code, "msg": e.msg}

    # ---- RoomService

    def create_room(self, body):
        name = body.get("name", "")
        if len(name) > 256:
            raise Twirp("invalid_argument", "twirp error unknown: room name length exceeds limits: max length 256")
        with self.lock:
            new = name not in self.rooms
            if new:
                at = now_ms()
                self.rooms[name] = {"sid": sid("RM"), "name": name, "empty_timeout": body.get("empty_timeout", 300), "departure_timeout": body.get("departure_timeout", 20),
                                    "max_participants": body.get("max_participants", 0), "creation_time": str(at // 1000), "creation_time_ms": str(at),
                                    "turn_password": "TURN-PASSWORD-" + sid("T"), "enabled_codecs": [{"mime": c, "fmtp_line": ""} for c in CODECS], "metadata": body.get("metadata", ""),
                                    "num_participants": 0, "num_publishers": 0, "active_recording": False, "version": None}
                self.people[name] = []
            room = self.rooms[name]
        if new:
            self.hook("room_started", room)
        return room

    def list_rooms(self, body):
        names = body.get("names", [])
        return {"rooms": [r for r in list(self.rooms.values()) if not names or r["name"] in names]}

    def delete_room(self, body):
        if body.get("room", "") not in self.rooms:
            raise Twirp("not_found", "twirp error unknown: requested room does not exist")
        self.finish(body["room"], "ROOM_DELETED")
        return {}

    def list_participants(self, body):
        return {"participants": [p.info for p in self.people.get(body["room"], [])]}

    def person(self, body):
        return next((p for p in self.people.get(body["room"], []) if p.identity == body["identity"]), None)

    def get_participant(self, body):
        if not self.person(body):
            raise Twirp("not_found", "twirp error unknown: participant does not exist")
        return self.person(body).info

    def remove_participant(self, body):
        if not self.person(body):
            raise Twirp("not_found", "twirp error unknown: participant does not exist")
        self.out(self.person(body), "PARTICIPANT_REMOVED")
        return {}

    def served(self, body):
        """What nobody serves is waited for."""
        if not self.person(body):
            self.closing.wait(3.0 * self.pace)
            raise Twirp("unavailable", "twirp error unknown: no response from servers")
        return self.person(body)

    def mute_published_track(self, body):
        person = self.served(body)
        track = next((t for t in person.info["tracks"] if t["sid"] == body.get("track_sid")), None)
        if not track:
            raise Twirp("not_found", "twirp error unknown: track is not found")
        if not body.get("muted") and track["muted"]:
            raise Twirp("failed_precondition", "twirp error unknown: remote unmute not enabled")
        track["muted"] = bool(body.get("muted"))
        return {"track": track}

    def update_participant(self, body):
        person = self.served(body)
        if "permission" in body:
            person.info["permission"] = {**{k: [] if k == "can_publish_sources" else False for k in person.info["permission"]}, **body["permission"]}
        return person.info

    # ---- people, by the test

    def room(self, name):
        return self.rooms[name]

    def join(self, token, room=None):
        """What happens to a client that connects with this token; False: it is not let in."""
        claims = self.grants_of({"Authorization": "Bearer " + token})
        assert isinstance(claims, dict), claims
        video = claims["video"]
        name = video["room"]
        assert video.get("roomJoin") and claims.get("sub") and "exp" in claims and room in (None, name)
        if name not in self.rooms:
            return False
        most = self.rooms[name]["max_participants"]
        for twin in [p for p in self.people[name] if p.identity == claims["sub"]]:
            self.out(twin, "DUPLICATE_IDENTITY")
        if most and len([p for p in self.people[name] if p.info["kind"] not in ("EGRESS", "AGENT")]) >= most:
            return False
        return self.come(name, claims)

    def come(self, name, claims, kind="STANDARD", attributes=None):
        p = Participant(self, self.rooms[name], claims, kind, attributes)
        with self.lock:
            self.people[name].append(p)
            self.rooms[name]["num_participants"] = len(self.people[name])
        self.hook("participant_joined", p.room, participant=p.info)
        return p

    def sip(self, name, number="+15550199"):
        return self.come(name, {"sub": f"sip_{number}", "name": f"Phone {number}"}, "SIP", {"sip.callID": "SCL_x", "sip.phoneNumber": number})

    def out(self, person, reason):
        with self.lock:
            if person.gone:
                return
            person.gone = True
            self.people[person.room["name"]].remove(person)
            person.info.update(state="DISCONNECTED", disconnect_reason=reason, tracks=[])
        self.hook("participant_left", person.room, participant=person.info)

    def finish(self, name, reason="ROOM_CLOSED"):
        """The room closes: deleted, or nobody has been in for long enough."""
        for p in list(self.people.get(name, [])):
            self.out(p, reason)
        with self.lock:
            room = self.rooms.pop(name)
            self.people.pop(name)
        self.hook("room_finished", room)
        self.egress.room_finished(name)

    # ---- webhooks

    def sign(self, body, secret=None):
        now = int(time.time())
        return jwt(secret or self.secret, {"iss": self.key, "exp": now + 300, "nbf": now, "iat": now, "sha256": base64.b64encode(hashlib.sha256(body).digest()).decode()})

    def hook(self, event, room=None, queue=None, **parts):
        full = event.startswith(("room_", "participant_"))
        message = {"event": event, **({"room": room if full else {"sid": room["sid"], "name": room["name"]}} if room else {}), **parts, "id": sid("EV"), "created_at": str(int(time.time()))}
        body = json.dumps(hooked(message)).encode()
        with self.lock:
            self.hook_log.append((event, body))
            if self.hold_hooks:
                self.held.append((event, body))
            if self.hold_hooks or not self.hook_url or self.mute_hooks is True or self.mute_hooks and event in self.mute_hooks:
                return
            key = queue or (room or {}).get("name")
            waiting = self.queues.setdefault(key, [])
            waiting.append(body)
            if len(waiting) == 1:
                threading.Thread(target=self.drain, args=(key,), daemon=True).start()

    def drain(self, key):
        while True:
            with self.lock:
                body = self.queues[key][0]
            self.deliver(body)
            with self.lock:
                self.queues[key].pop(0)
                if not self.queues[key]:
                    return

    def deliver(self, body):
        """Five attempts, all with the same head and body. Gives the last status; 0: no answer."""
        head = {"Content-Type": "application/webhook+json", "Authorization": self.sign(body), "User-Agent": "Go-http-client/1.1", "Accept-Encoding": "gzip"}
        status = 0
        for pause in ATTEMPT_AFTER:
            if self.closing.wait(pause * self.pace):
                return 0
            try:
                status = httpx.post(self.hook_url, content=body, headers=head, timeout=self.patience).status_code
            except httpx.HTTPError:
                status = 0
            if 200 <= status < 300 or 400 <= status < 500 and status != 429:
                return status
        return status

    # ---- for tests

    def forget(self):
        self.calls.clear()
        self.faults.clear()
