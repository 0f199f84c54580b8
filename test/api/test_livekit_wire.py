"""The stand-in of LiveKit says what the real server says: its bodies against those that livekit-server 1.13.5 and egress 1.12 sent (test/captures)."""
import contextlib
import json
import pathlib
import threading

import httpx
import pytest

from fake_livekit import FakeLiveKit, hooked
from harness import DEADLINE, jwt, until

def captured(name):
    path = pathlib.Path(__file__).resolve().parents[1] / "captures" / f"livekit_{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def replies(first, last):
    """(method, body, status, reply) of the calls between these titles, as far as both are JSON objects."""
    lines = captured("twirp")
    titles = [line["title"] for line in lines]
    for line in lines[titles.index(first):titles.index(last) + 1]:
        if line["request"].startswith("{") and line["reply"].startswith("{"):
            with contextlib.suppress(ValueError):  # some were sent for that
                yield line["call"], json.loads(line["request"]), line["status"], json.loads(line["reply"])


def shape(value):
    """Names and types, not values. An empty list or object may hold anything."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def agree(ours, real, where=""):
    if isinstance(real, dict) and isinstance(ours, dict):
        assert set(ours) == set(real), f"{where}: only ours {set(ours) - set(real)}, only real {set(real) - set(ours)}"
        for k in real:
            agree(ours[k], real[k], f"{where}.{k}")
    elif isinstance(real, list) and isinstance(ours, list):
        if ours and real:
            agree(ours[0], real[0], f"{where}[]")
    else:
        assert ours == real or "NoneType" in (ours, real), f"{where}: ours {ours}, real {real}"


@pytest.fixture
def fake():
    fake = FakeLiveKit(pace=0.01)
    yield fake
    fake.close()


def call(fake, method, body, **video):
    grant = {"roomCreate": True, "roomList": True, "roomRecord": True, "roomAdmin": True, "room": body.get("room", "")}
    token = jwt(fake.secret, {"iss": fake.key, "exp": 4102444800, "video": {**grant, **video}})
    reply = httpx.post(f"http://127.0.0.1:{fake.port}/twirp/livekit.{method}", json=body, headers={"Authorization": "Bearer " + token})
    return reply.status_code, reply.json()


def test_rooms(fake):
    call(fake, "RoomService/CreateRoom", {"name": "t1", "emptyTimeout": 30})
    seen = 0
    for method, body, status, reply in replies("create", "sip without Redis"):
        if status == 401 or reply.get("code") == "bad_route" or not method.startswith("RoomService") or "data" in body or "metadata" in body and "name" not in body or body.get("name") == 5:
            continue  # calls that roomd does not make
        ours = call(fake, method, body)
        assert ours[0] == status, (method, body, ours)
        agree(shape(ours[1]), shape(reply), method)
        if status >= 400:
            assert ours[1]["code"] == reply["code"] and ours[1]["msg"] == reply["msg"]
        seen += 1
    assert seen >= 12


def test_egress(fake, tmp_path):
    call(fake, "RoomService/CreateRoom", {"name": "egroom4"})
    alice = fake.come("egroom4", {"sub": "alice"})
    track = alice.publish()
    for method, body, status, reply in replies("Egress/StartRoomCompositeEgress", "stop after the end"):
        body = json.loads(json.dumps(body).replace("rec-out/", f"{tmp_path}/").replace("TR_AME2m8iVjmek4h", track["sid"]))
        if method in ("Egress/StartRoomCompositeEgress", "Egress/StartTrackEgress", "Egress/ListEgress"):
            ours = call(fake, method, body)
            assert ours[0] == status
            for item in [*ours[1].get("items", []), *reply.get("items", [])]:
                for request in ("room_composite", "participant", "track"):  # compared where each is started
                    item.pop(request, None)
            agree(shape(ours[1]), shape(reply), method)
    sound = next(i for i in fake.egress.items.values() if "room_composite" in i)
    until(lambda: sound["status"] == "EGRESS_ACTIVE", "it runs")
    stopped = call(fake, "Egress/StopEgress", {"egressId": sound["egress_id"]})
    assert stopped[0] == 200 and stopped[1]["status"] == "EGRESS_ENDING" and stopped[1]["details"] == "End reason: StopEgress API"
    until(lambda: sound["status"] == "EGRESS_COMPLETE", "it is done")
    assert call(fake, "Egress/StopEgress", {"egressId": sound["egress_id"]}) == (412, {"code": "failed_precondition", "msg": "egress with status EGRESS_COMPLETE cannot be stopped"})
    assert call(fake, "Egress/StopEgress", {"egressId": "EG_nosuch"}) == (404, {"code": "not_found", "msg": "egress does not exist"})
    lost = next(i for i in fake.egress.items.values() if "track" in i and i["track"]["track_id"] == "TR_none")
    until(lambda: lost["status"] == "EGRESS_FAILED", "an unknown track is told of late")
    assert (lost["error"], lost["error_code"]) == ("track TR_none not found", 404)
    fake.egress.workers = False
    assert call(fake, "Egress/StartRoomCompositeEgress", {"roomName": "egroom4", "fileOutputs": [{"filepath": "x"}]}) == (503, {"code": "unavailable", "msg": "twirp error unknown: no response from servers"})
    assert call(fake, "Egress/StartRoomCompositeEgress", {"roomName": "nosuch", "fileOutputs": [{"filepath": "x"}]})[0] == 404


REAL_ONLY = {"participant": {"permission", "isPublisher", "capabilities", "clientProtocol", "name", "attributes", "kind", "disconnectReason", "metadata", "region"},
             "room": {"name", "numParticipants", "numPublishers", "activeRecording", "metadata", "maxParticipants"}, "track": None, "egressInfo": None}


def test_webhooks(fake, tmp_path):
    """Every event that the real server sent has one of ours with the same members, but for what depends on what was done."""
    fake.hold_hooks = True
    call(fake, "RoomService/CreateRoom", {"name": "web"})
    ann = fake.come("web", {"sub": "ann"})
    track = ann.publish()
    ann.publish("CAMERA")
    call(fake, "Egress/StartRoomCompositeEgress", {"roomName": "web", "audioOnly": True, "fileOutputs": [{"fileType": "OGG", "filepath": f"{tmp_path}/a.ogg"}]})
    egress = next(iter(fake.egress.items))
    until(lambda: egress in fake.egress.bots, "the recorder is in")
    call(fake, "Egress/StopEgress", {"egressId": egress})
    until(lambda: fake.held[-1][0] == "egress_ended" or any(h[0] == "egress_ended" for h in fake.held), "it has ended")
    ann.unpublish(track)
    ann.leave()
    fake.finish("web")
    ours = {event: json.loads(body) for event, body in fake.held}
    events = set()
    for line in captured("webhooks"):
        real = json.loads(line["body"])
        events.add(real["event"])
        mine = ours[real["event"]]
        assert set(mine) - {"room"} == set(real) - {"room"}, line["name"]
        for part, loose in REAL_ONLY.items():
            if part in real and loose is not None and part in mine:
                assert set(mine[part]) ^ set(real[part]) <= loose, (line["name"], part, set(mine[part]) ^ set(real[part]))
    assert events == {"room_started", "room_finished", "participant_joined", "participant_left", "track_published", "track_unpublished", "egress_started", "egress_updated", "egress_ended"}


def test_defaults_are_left_out():
    assert hooked({"status": "EGRESS_STARTING", "started_at": "5", "size": "0", "file_results": [{"filename": "a", "size": "0"}], "name": "", "s3": {}}) == {
        "startedAt": "5", "fileResults": [{"filename": "a"}], "s3": {}}


def test_five_attempts_all_alike(fake):
    got, done = [], threading.Event()
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((self.headers["Authorization"], self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500)
            self.end_headers()
            if len(got) == 5:
                done.set()

        def log_message(self, *_):
            pass

    sink = HTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    fake.hook_url = f"http://127.0.0.1:{sink.server_port}/"
    call(fake, "RoomService/CreateRoom", {"name": "t"})
    assert done.wait(DEADLINE) and len(set(got)) == 1 and not got[0][0].startswith("Bearer")
    sink.shutdown()
