"""/v1, rooms: Daily's REST surface over roomd's own sessions. Shapes, errors, pages, and that every property comes back as it was given."""
import json
import random
import time

import pytest

import daily_published
import fake_daily
from facade import Facade, expire, facade_of, name, refused, soon
from harness import until

BUCKET = {"bucket_name": "my-recordings-bucket", "bucket_region": "us-east-1", "assume_role_arn": "arn:aws:iam::123456789:role/DailyRecordings", "allow_api_access": True}
SWITCHES = """enable_people_ui enable_cpu_warning_notifications enable_pip_ui enable_emoji_reactions enable_hand_raising enable_prejoin_ui enable_live_captions_ui enable_network_ui
    enable_noise_cancellation_ui enable_breakout_rooms enable_knocking enable_screenshare enable_video_processing_ui enable_chat enable_shared_chat_history start_video_off
    start_audio_off eject_at_room_exp enable_advanced_chat enable_hidden_participants enable_mesh_sfu enable_adaptive_simulcast enable_multiparty_adaptive_simulcast
    enforce_unique_user_ids experimental_optimize_large_calls disable_rtmp_geo_fallback enable_terse_logging enable_transcription_storage enable_dialout""".split()
VALUES = {
    "nbf": [1700000000, 1700000000.25], "exp": [4102444800, 4102444800.722903], "max_participants": [1, 20, 200, 5000], "eject_after_elapsed": [60, 86400],
    "enable_recording": ["cloud", "cloud-audio-only", "local", "raw-tracks", ["cloud", "local"]],
    "enable_raw_tracks_transcoded_audio": ["aac", "wav", "wav-48k-stereo", ""], "sfu_switchover": [0.5, 2, 10], "lang": ["de", "jp", "pt-BR", "user"],
    "meeting_join_hook": ["https://example.org/hook"], "geo": ["eu-central-1"], "rtmp_geo": ["eu-central-1"], "recordings_bucket": [BUCKET],
    "auto_transcription_settings": [{"language": "de", "extra": {"a": [1, 2.5, None]}}], "transcription_bucket": [{**BUCKET}],
    "recordings_template": ["{domain_name}/{room_name}/{epoch_time}"], "transcription_template": ["x/{epoch_time}.vtt"],
    "dialout_config": [{"allow_room_start": True, "dialout_geo": "eu-central-1", "max_idle_timeout_sec": 30}],
    "streaming_endpoints": [[{"name": "a", "type": "rtmp", "rtmp_config": {"url": "rtmp://example.org/x"}},
                             {"name": "b", "type": "hls", "hls_config": {"save_hls_recording": True, "storage": {"bucket_name": "b", "path_template": "p"}, "variants": [{"width": 1280, "height": 720}]}}]],
    "permissions": [{"hasPresence": True, "canSend": ["audio", "video"], "canReceive": {"base": False, "byUserId": {"ann": {"audio": True}}}, "canAdmin": False}, {"canSend": True}],
    "sip": [{"display_name": "sip-caller", "sip_mode": "dial-in", "video": True, "num_endpoints": 2, "codecs": {"audio": ["OPUS"], "video": ["H264", "VP8"]}, "provider": "daily"}]}


@pytest.fixture(scope="module")
def daily(server, admin):
    return facade_of(server, admin)


@pytest.fixture
def own(server, admin):
    """A key of somebody who is no administrator."""
    return facade_of(server, admin, server.person("Owner"))


# ---- the door of the API

def test_authentication_as_daily_has_it(server):
    anybody = Facade(server, None)
    assert anybody.get("/rooms").json() == {"error": "authorization-header-error", "info": "invalid authorization header"}
    assert anybody.get("/rooms").status_code == 400
    for headers in ({"Authorization": "Basic abc"}, {"Authorization": "nonsense"}):
        refused(anybody.get("/rooms", headers=headers), 400, "authorization-header-error")
    reply = anybody.get("/rooms", headers={"Authorization": "Bearer rk_nobody"})
    assert (reply.status_code, reply.json()) == (401, {"error": "authentication-error"})


def test_a_key_within_scopes(server, admin):
    reader = facade_of(server, admin, scope="rooms:read")
    assert reader.get("/rooms").status_code == 200
    refused(reader.post("/rooms", {}), 403, "forbidden-error", "rooms:write")
    refused(reader.get("/meetings"), 403, "forbidden-error", "sessions:read")
    refused(reader.get("/recordings"), 403, "forbidden-error", "recordings:read")


def test_the_domain(server, daily):
    for path in ("", "/"):
        body = daily.get(path).json()
        assert len(body["domain_id"]) == 36 and body["domain_name"] == "localhost" and body["config"]["lang"] == "en"
    assert daily.get("/").json() == daily.get("").json()


def test_what_is_not_there_is_said(daily):
    """Daily's own features that this server has not: an error in its voice that names them."""
    for method, path, what in [("POST", "/rooms/x/live-streaming/start", "live streaming"), ("POST", "/rooms/x/live-streaming/stop", "live streaming"), ("POST", "/rooms/x/transcription/start", "transcription"),
                               ("GET", "/transcript", "transcription"), ("GET", "/transcript/1/access-link", "transcription"), ("POST", "/rooms/x/dialOut/start", "dial-out"),
                               ("POST", "/rooms/x/sipCallTransfer", "transferring calls"), ("POST", "/rooms/x/sipRefer", "transferring calls"), ("POST", "/dialin/pinlessCallUpdate", "dial-in"),
                               ("GET", "/domain-dialin-config", "dial-in"), ("GET", "/list-available-numbers", "phone numbers"), ("GET", "/purchased-phone-numbers", "phone numbers"),
                               ("POST", "/buy-phone-number", "phone numbers"), ("DELETE", "/release-phone-number/1", "phone numbers"), ("GET", "/logs", "logs"), ("GET", "/logs/api", "logs"),
                               ("POST", "/batch-processor", "the batch processor")]:
        refused(daily.request(method, path), 400, "invalid-request-error", what)
    assert daily.post("/", {}).json() == daily.post("", {"properties": {}}).json() == daily.get("/").json()
    refused(daily.post("/", {"properties": {"hide_daily_branding": True}}), 400, "invalid-request-error", "cannot be changed here")
    refused(daily.post("", {"properties": {"lang": None}}), 400, "invalid-request-error", "cannot be changed here")
    refused(daily.post("/", {"properties": {"enable_magic": 1}}), 400, "invalid-request-error", "unknown parameter 'enable_magic'")


def test_unknown_paths_and_methods(daily):
    refused(daily.get("/nothing"), 404, "not-found")
    assert daily.request("PUT", "/rooms").status_code == 405


def test_bodies(daily):
    refused(daily.post("/rooms", content="{no"), 400, "json-parsing-error")
    refused(daily.post("/rooms", content="[]"), 400, "invalid-request-error", "must be of type object")
    for content, kind in (("", None), ("{}", "text/plain")):
        reply = daily.post("/rooms", content=content, headers={"Content-Type": kind} if kind else {})
        assert reply.status_code == 200 and len(reply.json()["name"]) == 20, "a name is thought up"
    assert daily.post("/rooms/", {}).status_code == 200, "a slash at the end does not matter"


# ---- rooms

def test_life_of_a_room(server, daily):
    chosen = name()
    made = daily.room(chosen, "private", enable_chat=True, exp=soon())
    assert made == {"id": made["id"], "name": chosen, "api_created": True, "privacy": "private", "url": f"http://localhost:{server.port}/{chosen}",
                    "created_at": made["created_at"], "config": {"enable_chat": True, "exp": made["config"]["exp"]}}
    assert made["created_at"].endswith(".000Z") and isinstance(made["config"]["exp"], int)
    assert daily.get(f"/rooms/{chosen}").json() == made
    changed = daily.post(f"/rooms/{chosen}", {"privacy": "public", "properties": {"max_participants": 7, "enable_chat": None}}).json()
    assert changed == {**made, "privacy": "public", "config": {"exp": made["config"]["exp"], "max_participants": 7}}, "merged; null resets"
    assert daily.get(f"/rooms/{chosen}").json() == changed
    assert daily.delete(f"/rooms/{chosen}").json() == {"deleted": True, "name": chosen}
    for reply in (daily.get(f"/rooms/{chosen}"), daily.delete(f"/rooms/{chosen}"), daily.post(f"/rooms/{chosen}", {})):
        assert (reply.status_code, reply.json()) == (404, {"error": "not-found", "info": f"room {chosen} not found"})
    again = daily.room(chosen)
    assert again["id"] != made["id"] and again["privacy"] == "public", "the name is free at once"


def test_examples_of_the_seed(daily):
    for create in ({"name": name(), "privacy": "private", "properties": {"enable_recording": "raw-tracks", "enable_chat": True, "exp": soon()}},
                   {"name": name(), "privacy": "private", "properties": {"enable_recording": "raw-tracks", "enable_chat": True, "enable_screenshare": True, "start_video_off": False,
                                                                         "start_audio_off": False, "recordings_bucket": BUCKET}}):
        room = daily.post("/rooms", create).json()
        assert room["name"] == create["name"] and room["config"] == create["properties"] and room["privacy"] == "private"
        assert daily.get(f"/rooms/{room['name']}/presence").json() == {"total_count": 0, "data": []}
        assert daily.delete(f"/rooms/{room['name']}").json()["deleted"] is True


def test_refusals(daily):
    taken = daily.room()["name"]
    refused(daily.post("/rooms", {"name": taken}), 400, "invalid-request-error", f"a room named {taken} already exists")
    for bad in ("with blank", "slash/inside", "dot.", "ünder"):
        refused(daily.post("/rooms", {"name": bad}), 400, "invalid-request-error", f"{bad} contains invalid characters (room names can contain A-Z, a-z, 0-9, '-', and '_')")
    refused(daily.post("/rooms", {"name": "x" * 129}), 400, "invalid-request-error", "128")
    refused(daily.post("/rooms", {"name": "signin"}), 400, "invalid-request-error", "signin is the name of a page")
    refused(daily.post("/rooms", {"properties": {"exp": 1000}}), 400, "invalid-request-error", "exp was '1000', which is in the past rather than in the future")
    refused(daily.post(f"/rooms/{taken}", {"properties": {"exp": 1000}}), 400, "invalid-request-error", "in the past")
    refused(daily.post("/rooms", {"properties": {"exp": "soon"}}), 400, "invalid-request-error", "exp was 'soon' but should be a number of seconds since the unix epoch")
    refused(daily.post("/rooms", {"properties": {"enable_magic": True}}), 400, "invalid-request-error", "unknown parameter 'enable_magic'")
    refused(daily.post("/rooms", {"nome": "x"}), 400, "invalid-request-error", "unknown parameter 'nome'")
    refused(daily.post(f"/rooms/{taken}", {"name": "other"}), 400, "invalid-request-error", "unknown parameter 'name'")
    refused(daily.post("/rooms", {"properties": {"enable_chat": "perhaps"}}), 400, "invalid-request-error", '"properties.enable_chat" must be a boolean')
    refused(daily.post("/rooms", {"properties": {"lang": "xx"}}), 400, "invalid-request-error", '"properties.lang" must be one of [da, de')
    refused(daily.post("/rooms", {"properties": {"meeting_join_hook": "x" * 256}}), 400, "invalid-request-error", "less than or equal to 255")
    refused(daily.post("/rooms", {"properties": 5}), 400, "invalid-request-error", '"properties" must be of type object')
    refused(daily.post("/rooms", {"properties": {"sip": {"display_name": "x"}}}), 400, "invalid-request-error", '"properties.sip.sip_mode" is required')


def test_every_property_comes_back(daily):
    for switch in SWITCHES:
        for value in (True, False):
            assert daily.room(**{switch: value})["config"] == {switch: value}
    for key, values in VALUES.items():
        for value in values:
            room = daily.room(**{key: value})
            assert room["config"] == {key: value} and daily.get(f"/rooms/{room['name']}").json() == room
    assert len(SWITCHES) + len(VALUES) == 49


def test_the_word_for_no_recording(daily):
    """The client of seed S3 sends "off", as many do; Daily has no such word, so no answer has it."""
    properties = {"max_participants": 50, "enable_screenshare": True, "enable_chat": True, "start_video_off": True, "start_audio_off": False, "exp": soon()}
    made = daily.post("/rooms", {"name": name(), "privacy": "private", "properties": {**properties, "enable_recording": "off"}})
    assert made.status_code == 200 and made.json()["config"] == properties
    at = f"/rooms/{made.json()['name']}"
    assert daily.post(at, {"properties": {"enable_recording": "cloud"}}).json()["config"] == {**properties, "enable_recording": "cloud"}
    assert daily.post(at, {"properties": {"enable_recording": "off"}}).json()["config"] == properties == daily.get(at).json()["config"]
    assert daily.post("/batch/rooms", {"rooms": [{"properties": {"enable_recording": "off"}}]}).json()[0]["config"] == {}


def test_random_properties_come_back_and_merge(daily):
    dice = random.Random(7)
    every = {**VALUES, **{switch: [True, False] for switch in SWITCHES}}
    for _ in range(40):
        given = {k: dice.choice(every[k]) for k in dice.sample(sorted(every), dice.randrange(49))}
        room = daily.room(**given)
        assert room["config"] == given
        change = {k: dice.choice([None, *every[k]]) for k in dice.sample(sorted(every), dice.randrange(20))}
        changed = daily.post(f"/rooms/{room['name']}", {"properties": change}).json()
        assert changed["config"] == {k: v for k, v in {**given, **change}.items() if v is not None}
        assert daily.get(f"/rooms/{room['name']}").json() == changed


ROWS = {"dailyco_room_properties": ["room-properties"], "dailyco_token_properties": ["properties"], "dailyco_domain_config": ["domain"], "dailyco_recording_started_payload": ["recording_started"],
        "dailyco_recording_ready_payload": ["recording_ready_to_download"], "dailyco_recording_error_payload": ["recording_error"], "dailyco_meeting_payload": ["meeting_started", "meeting_ended"],
        "dailyco_participant_payload": ["participant_joined", "participant_left", "waiting_participant_joined", "waiting_participant_left"], "dailyco_room": ["rooms-room_name-get-res"],
        "dailyco_webhook": ["webhook"], "dailyco_webhook_create": ["post_webhook"], "dailyco_webhook_update": ["update_webhook"], "dailyco_meeting": ["meetings_meeting-get-res"]}


def test_every_published_field_has_a_row():
    """What Daily publishes of rooms, tokens, the domain, events … is in the tables of which the library, the facade and the stand-in are made."""
    for model, names in ROWS.items():
        for name in names:
            shape = daily_published.SHAPES["schemas"][name]
            shape = shape["properties"].get("payload", shape["properties"].get("properties", shape) if name == "domain" else shape)
            missing = set(shape["properties"]) - set(fake_daily.SHAPES[model])
            assert not missing, (model, name, missing)


def test_floats_as_clients_send_them(daily):
    room = daily.room(exp=time.time() + 300.5)
    assert daily.get(f"/rooms/{room['name']}").json()["config"]["exp"] == room["config"]["exp"]


def test_an_expired_room(start_roomd):
    server = start_roomd()
    daily = facade_of(server, server.admin())
    room = daily.room(exp=soon())
    kept = daily.room()
    expire(server, room)
    until(lambda: daily.get(f"/rooms/{room['name']}").status_code == 404, "its time is over")
    assert [r["name"] for r in daily.get("/rooms").json()["data"]] == [kept["name"]] and daily.get("/rooms").json()["total_count"] == 1
    again = daily.room(room["name"])
    assert again["id"] != room["id"], "the name can be used again"


def test_deleting_an_expired_room(start_roomd):
    """Somebody is in, so it is not collected yet: not found, and gone."""
    server = start_roomd()
    daily = facade_of(server, server.admin())
    room = daily.room(exp=soon())
    call = daily.enter(room["name"]).joined()
    expire(server, room)
    until(lambda: daily.get(f"/rooms/{room['name']}").status_code == 404, "its time is over")
    assert call.ws.ping(), "who is in stays"
    reply = daily.delete(f"/rooms/{room['name']}")
    assert (reply.status_code, reply.json()) == (404, {"error": "not-found", "info": f"room {room['name']} not found", "deleted": True})
    call.over("ended")
    assert "deleted" not in daily.delete(f"/rooms/{room['name']}").json()


# ---- lists

def test_pages(own):
    rooms = [own.room(f"{name()}-{i}")["id"] for i in range(7)][::-1]
    page = lambda **q: own.get("/rooms", params=q).json()
    ids = lambda **q: [r["id"] for r in page(**q)["data"]]
    assert ids() == rooms and page()["total_count"] == 7
    assert ids(limit=3) == rooms[:3] and page(limit=3)["total_count"] == 7
    assert ids(limit=3, starting_after=rooms[2]) == rooms[3:6] and ids(starting_after=rooms[6]) == []
    assert ids(limit=2, ending_before=rooms[5]) == rooms[3:5] and ids(limit=5, ending_before="OLDEST") == rooms[2:]
    assert ids(starting_after=rooms[1], ending_before=rooms[4]) == rooms[2:4]
    assert ids(limit=1000) == rooms, "more than 100 counts as 100"
    for bad in ({"limit": 0}, {"limit": -1}, {"limit": "x"}, {"starting_after": "nonsense"}, {"ending_before": "0b5d5f2e-6c0a-4b52-9a0e-5a4f4d6c7b8a"}):
        refused(own.get("/rooms", params=bad), 400, "invalid-request-error")
    assert ids(created_after=5) == rooms, "what is unknown in a query does not matter"
    seen, after = [], None
    while part := page(limit=2, **({"starting_after": after} if after else {}))["data"]:
        seen += [r["id"] for r in part]
        after = seen[-1]
    assert seen == rooms


def test_pages_of_an_administrator(start_roomd):
    server = start_roomd()
    admin = server.admin()
    daily, own = facade_of(server, admin), facade_of(server, admin, server.person("Owner"))
    rooms = [own.room()["id"] for _ in range(3)][::-1]
    assert [r["id"] for r in daily.get("/rooms").json()["data"]] == rooms and daily.get("/rooms").json()["total_count"] == 3
    assert [r["id"] for r in daily.get("/rooms", params={"limit": 1, "ending_before": "OLDEST"}).json()["data"]] == rooms[2:]


def test_rooms_of_others(server, own, admin):
    other = facade_of(server, admin, server.person("Other"))
    room = own.room()["name"]
    for reply in (other.get(f"/rooms/{room}"), other.post(f"/rooms/{room}", {}), other.delete(f"/rooms/{room}"), other.get(f"/rooms/{room}/presence"), other.post("/meeting-tokens", {"properties": {"room_name": room}})):
        refused(reply, 403, "forbidden-error")
    assert other.get("/rooms").json() == {"total_count": 0, "data": []}
    refused(other.post("/rooms", {"name": room}), 400, "invalid-request-error", "already exists")


def test_batches(own):
    names = [name() for _ in range(3)]
    made = own.post("/batch/rooms", {"rooms": [{"name": n, "properties": {"max_participants": 2 + i}} for i, n in enumerate(names)]}).json()
    assert [r["name"] for r in made] == names and [r["config"]["max_participants"] for r in made] == [2, 3, 4]
    refused(own.post("/batch/rooms", {"rooms": [{"name": name()}, {"name": names[0]}]}), 400, "invalid-request-error", "already exists")
    assert own.get("/rooms").json()["total_count"] == 3, "all or none"
    refused(own.delete("/batch/rooms", json={"room_names": [names[0], "nobody"]}), 404, "not-found", "room nobody not found")
    assert own.get("/rooms").json()["total_count"] == 3
    assert own.delete("/batch/rooms", json={"room_names": names}).json() == {"deleted_count": 3}
    more = [own.room()["name"] for _ in range(2)]
    assert own.delete("/batch/rooms", json={"rooms": more}).json() == {"deleted_count": 2}, "as a heading of Daily's page has it"
    refused(own.delete("/batch/rooms", json={"rooms": "x"}), 400, "invalid-request-error", '"rooms" must be an array')
    refused(own.delete("/batch/rooms", json={}), 400, "invalid-request-error", '"room_names" is required')


# ---- the same room by other APIs

def test_a_room_is_a_session_and_a_session_is_a_room(server, admin):
    owner = server.person("Owner")
    daily = facade_of(server, admin, owner)
    room = daily.room("Seminar_1-" + name(), "private", max_participants=7, enable_chat=True)
    session = owner.get(f"/sessions/{room['id']}").json()
    assert (session["room_name"], session["max_participants"], session["enable_chat"], session["enable_screenshare"], session["allow_guests"]) == (room["name"], 7, True, True, False)
    assert owner.get(f"/rooms/{session['id']}").json()["livekit_room_name"] == room["name"]
    assert room["name"] in owner.http.get(f"/sessions/{room['id']}").text
    owner.patch(f"/sessions/{session['id']}", {"max_participants": 9, "enable_screenshare": False})
    assert daily.get(f"/rooms/{room['name']}").json()["config"] == {"max_participants": 9, "enable_chat": True, "enable_screenshare": False}

    other = owner.session(title="Algebra", max_participants=12, enable_chat=True)
    shown = daily.get(f"/rooms/{other['room_name']}").json()
    assert shown["id"] == other["uuid"] and shown["privacy"] == "private" and shown["config"] == {"max_participants": 12, "enable_chat": True}
    assert other["uuid"] in [r["id"] for r in daily.get("/rooms").json()["data"]]
    changed = daily.post(f"/rooms/{other['room_name']}", {"properties": {"lang": "de"}}).json()
    assert changed["config"] == {"max_participants": 12, "enable_chat": True, "lang": "de"}
    assert daily.delete(f"/rooms/{other['room_name']}").status_code == 200
    assert owner.get(f"/sessions/{other['id']}").status_code == 404


def test_rate_limits(start_roomd):
    server = start_roomd({"RATE_LIMITS": "on"})
    daily = facade_of(server, server.admin())
    room = daily.room()["name"]
    assert daily.get("/").status_code == 200
    late = until(lambda: server.until_refused(daily.key, "GET", "/v1/", 300) is not None and (r := daily.get("/")).status_code == 429 and r, "more than 20 a second are refused")
    assert late.json()["error"] == "rate-limit-error" and late.headers["retry-after"]
    began, starts = time.monotonic(), []
    until(lambda: starts.append(daily.post(f"/rooms/{room}/recordings/start", {}).status_code) or starts[-1] == 429, "more than one a second are refused")
    assert set(starts[:-1]) == {404} and 5 <= len(starts) - 1 <= 5 * (1 + (time.monotonic() - began) // 5)
