"""LiveKit's server API on the wire, as livekit-server 1.13.5 answers: Twirp over HTTP, its tokens, its errors word for word; and the SIP service.

`Wire` carries the calls to methods named Service_Method(body, grants) -> (status, reply). `calls` is everything that came; `fault` makes the next
fitting calls go wrong: a status, a dropped connection before or after the work was done, silence. Replies have snake_case names and all defaults."""
import base64
import email.utils
import hashlib
import hmac
import json
import pathlib
import re
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Call = namedtuple("Call", "method body grants")
GRANTS = {"RoomService/CreateRoom": ("video", "roomCreate"), "RoomService/DeleteRoom": ("video", "roomCreate"), "RoomService/ListRooms": ("video", "roomList")}
SERVICES = {"Egress": ("video", "roomRecord"), "SIP": ("sip", "admin"), "Ingress": ("video", "ingressAdmin")}
LEEWAY = 60
JOINED = (pathlib.Path(__file__).resolve().parent / "captures" / "livekit_join.bin").read_bytes()


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sign(secret, claims):
    parts = [b64url(json.dumps(p, separators=(",", ":")).encode()) for p in ({"alg": "HS256", "typ": "JWT"}, claims)]
    return ".".join([*parts, b64url(hmac.new(secret.encode(), ".".join(parts).encode(), hashlib.sha256).digest())])


def field(number, value):
    """A member of bytes, in protobuf."""
    assert len(value) < 128
    return bytes([number << 3 | 2, len(value)]) + value


def camel(name):
    return re.sub(r"_(\w)", lambda m: m[1].upper(), name)


def take(body, name, default=None):
    """A member in either spelling."""
    value = body.get(name, body.get(camel(name)))
    return default if value is None else value


class Fault:
    def __init__(self, method, status=None, body=None, times=1, drop=None, hold=None):
        self.method, self.status, self.left, self.drop, self.hold, self.met = re.compile(method), status, times, drop, hold, threading.Event()
        self.body = {"code": "unavailable", "msg": "twirp error unknown: no response from servers"} if body is None else body


class Wire:
    def __init__(self, keys=None, tls=None):
        self.keys = keys or {"devkey": "a-livekit-secret-of-32-characters"}
        self.calls, self.faults, self.skew, self.redis, self.front = [], [], 0, True, None
        self.version, self.joined = None, []
        self.webhook_url, self.webhook_key, self.told, self.ids = None, next(iter(self.keys)), [], 0
        self.lock = threading.RLock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def date_time_string(self, timestamp=None):
                return email.utils.formatdate(time.time() + fake.skew, usegmt=True)

            def answer(self):
                text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if fake.front:
                    return self.send(*fake.front(self))
                if self.path == "/rtc" and self.headers.get("Upgrade") == "websocket":
                    return fake.signal(self)
                if not self.path.startswith("/twirp/"):
                    return self.send(200, "OK") if self.path == "/" else self.send(404, "404 page not found\n")
                fake.serve(self, text)

            def send(self, status, body, headers=()):
                data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                try:
                    self.send_response(status)
                    for name, value in dict(headers).items():
                        self.send_header(name, value)
                    self.send_header("Content-Type", "text/plain; charset=utf-8" if isinstance(body, str) else "application/json")
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    self.close_connection = True  # the caller has lost patience

            def hang_up(self):
                self.close_connection = True
                self.connection.close()

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        if tls:  # files of certificate and key
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        self.url = f"{'wss' if tls else 'ws'}://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        for fault in self.faults:
            if fault.hold:
                fault.hold.set()
        self.server.shutdown()
        self.server.server_close()

    # ---- for tests

    def fault(self, method, status=None, **how):
        self.faults.append(Fault(method, status, **how))
        return self.faults[-1]

    def of(self, method):
        return [c for c in list(self.calls) if re.fullmatch(method, c.method)]

    def new_id(self, prefix):
        self.ids += 1
        return f"{prefix}_{self.ids:012d}"

    # ---- who may

    def grants_of(self, headers):
        """The token's grants, or what the server says to a bad one, as text."""
        header = headers.get("Authorization")
        if header is None:
            return {}
        if not header.startswith("Bearer "):
            return "invalid authorization header. Must start with Bearer "
        token = header.removeprefix("Bearer ")
        try:
            head, claims, signature = token.split(".")
            told = json.loads(unb64url(claims))
        except ValueError:
            return "invalid authorization token"
        secret = self.keys.get(told.get("iss"))
        if secret is None:
            return f"invalid API key: {told.get('iss')}"
        if not hmac.compare_digest(unb64url(signature), hmac.new(secret.encode(), f"{head}.{claims}".encode(), hashlib.sha256).digest()):
            return f"invalid token: {token}, error: token signature is invalid: signature is invalid"
        now = time.time() + self.skew
        if told.get("exp", now) < now - LEEWAY:
            return f"invalid token: {token}, error: token has invalid claims: token is expired"
        if told.get("nbf", now) > now + LEEWAY:
            return f"invalid token: {token}, error: token has invalid claims: token is not valid yet"
        return told

    def may(self, method, body, grants):
        kind, name = GRANTS.get(method) or SERVICES.get(method.split("/")[0]) or ("video", "roomAdmin")
        has = (grants.get(kind) or {}).get(name) is True
        return has and (name != "roomAdmin" or grants["video"].get("room") == body.get("room"))

    # ---- the signalling connection: as much of it as its first message

    def signal(self, handler):
        """`joined` gets the grants. The message is the captured one, or, with a `version`, one that says no more than that."""
        claims = self.grants_of(handler.headers)
        if isinstance(claims, str) or not claims.get("video", {}).get("roomJoin"):
            return handler.send(401, claims if isinstance(claims, str) else "permissions denied")
        self.joined.append(claims)
        message = JOINED if self.version is None else field(1, field(12, field(2, self.version.encode())))
        size = [len(message)] if len(message) < 126 else [126, *len(message).to_bytes(2, "big")]
        self.upgrade(handler, bytes([0x82, *size]) + message)

    def upgrade(self, handler, frames, accept=None):
        """The frames, and silence until the other end hangs up."""
        key = handler.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = accept or base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        handler.wfile.write(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode() + frames)
        handler.connection.recv(1)
        handler.close_connection = True

    # ---- one call

    def serve(self, handler, text):
        method = handler.path.removeprefix("/twirp/livekit.")
        grants = self.grants_of(handler.headers)
        if isinstance(grants, str):
            return handler.send(401, grants)
        if handler.headers.get("Content-Type", "").split(";")[0] != "application/json":
            return handler.send(404, {"code": "bad_route", "msg": f'unexpected Content-Type: "{handler.headers.get("Content-Type", "")}"'})
        try:
            body = json.loads(text)
            assert isinstance(body, dict)
        except (ValueError, AssertionError):
            return handler.send(400, {"code": "malformed", "msg": "the json request could not be decoded"})
        with self.lock:
            self.calls.append(Call(method, body, grants))
            fault = next((f for f in self.faults if f.left > 0 and f.method.fullmatch(method)), None)
            if fault:
                fault.left -= 1
        if fault:
            fault.met.set()
            if fault.hold:
                fault.hold.wait(30)
            if fault.drop == "before":
                return handler.hang_up()
            if fault.status:
                return handler.send(fault.status, fault.body)
        status, reply = self.work(method, body, grants)
        if fault and fault.drop == "after":
            return handler.hang_up()
        return handler.send(status, reply)

    def work(self, method, body, grants):
        run = getattr(self, method.replace("/", "_"), None)
        if not run:
            return 404, {"code": "bad_route", "msg": f'no handler for path "/twirp/livekit.{method}"'}
        if not self.may(method, body, grants):
            return 401, {"code": "unauthenticated", "msg": "permissions denied"}
        service = method.split("/")[0]
        if not self.redis and service in ("Egress", "SIP", "Ingress"):
            return 500, {"code": "internal", "msg": f"twirp error unknown: {service.lower()} not connected (redis required)"}
        with self.lock:
            return run(body, grants)

    # ---- webhooks

    def tell(self, event, **members):
        """Posts it as the server does, on a thread of its own; `told` gets the status."""
        if not self.webhook_url:
            return
        body = json.dumps({"event": event, **members, "id": self.new_id("EV"), "createdAt": str(int(time.time() + self.skew))}).encode()
        now = int(time.time() + self.skew)
        claims = {"iss": self.webhook_key, "nbf": now, "exp": now + 300, "sha256": base64.b64encode(hashlib.sha256(body).digest()).decode()}
        request = urllib.request.Request(self.webhook_url, body, {"Content-Type": "application/webhook+json", "User-Agent": "LiveKit", "Authorization": sign(self.keys[self.webhook_key], claims)})

        def post():
            try:
                with urllib.request.urlopen(request, timeout=10) as reply:
                    self.told.append((event, reply.status))
            except urllib.error.HTTPError as error:
                self.told.append((event, error.code))
            except OSError as error:
                self.told.append((event, str(error)))
        threading.Thread(target=post, daemon=True).start()


class SipService:
    """Trunks and dispatch rules. `trunks` and `rules` are what there is, by id."""

    def __init__(self, *args, **named):
        self.trunks, self.rules = {}, {}
        super().__init__(*args, **named)

    def trunk(self, *numbers):
        """An inbound trunk, as somebody made it before."""
        return self.SIP_CreateSIPInboundTrunk({"trunk": {"name": "in", "numbers": list(numbers), "allowed_addresses": ["127.0.0.1/32"]}}, None)[1]["sip_trunk_id"]

    def pin_of(self, rule):
        return next(iter(rule["rule"].values())).get("pin", "")

    def SIP_CreateSIPInboundTrunk(self, body, _):
        trunk = body["trunk"]
        if not (trunk.get("numbers") or take(trunk, "allowed_addresses") or take(trunk, "auth_username")):
            return 400, {"code": "invalid_argument", "msg": "for security, one of the fields must be set: AuthUsername+AuthPassword, AllowedAddresses or Numbers"}
        made = {"sip_trunk_id": self.new_id("ST"), "name": trunk.get("name", ""), "metadata": "", "numbers": trunk.get("numbers", []), "allowed_addresses": take(trunk, "allowed_addresses", []),
                "allowed_numbers": [], "auth_username": "", "auth_password": "", "auth_realm": "", "headers": {}, "headers_to_attributes": {}, "attributes_to_headers": {},
                "include_headers": "SIP_NO_HEADERS", "ringing_timeout": None, "max_call_duration": None, "krisp_enabled": False, "media_encryption": "SIP_MEDIA_ENCRYPT_DISABLE", "media": None,
                "created_at": None, "updated_at": None}
        self.trunks[made["sip_trunk_id"]] = made
        return 200, made

    def SIP_ListSIPInboundTrunk(self, body, _):
        wanted = take(body, "trunk_ids", [])
        return 200, {"items": [t for t in self.trunks.values() if not wanted or t["sip_trunk_id"] in wanted]}

    def SIP_CreateSIPDispatchRule(self, body, _):
        form = take(body, "dispatch_rule") or body  # the new form, or the old one
        [(kind, rule)] = form["rule"].items()
        kind = {"dispatchRuleDirect": "dispatch_rule_direct", "dispatchRuleIndividual": "dispatch_rule_individual"}.get(kind, kind)
        rule = {"room_name": take(rule, "room_name", ""), "pin": rule.get("pin", "")} if kind == "dispatch_rule_direct" else {"room_prefix": take(rule, "room_prefix", ""), "pin": rule.get("pin", ""), "no_randomness": False}
        trunks = take(form, "trunk_ids", [])
        for other in self.rules.values():
            if self.pin_of(other) == rule["pin"] and (set(other["trunk_ids"]) & set(trunks) or (not trunks and not other["trunk_ids"])):
                return 400, {"code": "invalid_argument", "msg": f'Dispatch rule for the same trunk, inbound number, number, and PIN combination already exists in dispatch rule "{other["sip_dispatch_rule_id"]}" "{other["name"]}"'}
        made = {"sip_dispatch_rule_id": self.new_id("SDR"), "rule": {kind: rule}, "trunk_ids": trunks, "hide_phone_number": take(form, "hide_phone_number", False), "inbound_numbers": [], "numbers": [],
                "name": form.get("name", ""), "metadata": form.get("metadata", ""), "attributes": {}, "room_preset": "", "room_config": None, "media": None, "krisp_enabled": False,
                "media_encryption": "SIP_MEDIA_ENCRYPT_DISABLE", "created_at": None, "updated_at": None}
        self.rules[made["sip_dispatch_rule_id"]] = made
        return 200, made

    def SIP_ListSIPDispatchRule(self, body, _):
        ids, trunks = take(body, "dispatch_rule_ids", []), set(take(body, "trunk_ids", []))
        fits = lambda r: (not ids or r["sip_dispatch_rule_id"] in ids) and (not trunks or not r["trunk_ids"] or trunks & set(r["trunk_ids"]))
        return 200, {"items": [r for r in self.rules.values() if fits(r)]}

    def SIP_DeleteSIPDispatchRule(self, body, _):
        rule = self.rules.pop(take(body, "sip_dispatch_rule_id"), None)
        return (200, rule) if rule else (404, {"code": "not_found", "msg": "requested sip dispatch rule does not exist"})
