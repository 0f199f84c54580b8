"""Who is in a call on LiveKit, by what its webhooks say, late, twice, out of order or not at all, and by its lists."""
import json
import random
import time
from datetime import datetime

import pytest

from harness import until
from livekit_calls import at_livekit, come, door, inside, people, wait_inside


@pytest.fixture(scope="module")
def roomd(tmp_path_factory):
    with at_livekit(tmp_path_factory.mktemp("livekit"), pace=0.05) as server:
        yield server


@pytest.fixture
def livekit(roomd):
    fake = roomd.livekit
    fake.mute_hooks = fake.hold_hooks = False
    fake.held.clear()
    yield fake
    fake.mute_hooks = fake.hold_hooks = False


@pytest.fixture
def ada(roomd):
    return roomd.person("Ada")


@pytest.fixture
def grace(roomd):
    return roomd.person("Grace")


def ms(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def events(host, s, kind):
    return [e for e in host.get(f"/sessions/{s['id']}/events?limit=1000").json()["events"] if e["event_type"] == kind]


def test_coming_and_going(roomd, livekit, ada, grace):
    s = ada.session()
    before, at_ada, at_grace = time.time(), come(roomd, ada, s), come(roomd, grace, s)
    wait_inside(ada, s, {"Ada", "Grace"})
    assert ada.get(f"/sessions/{s['id']}").json()["status"] == "active"  # the teacher opened it
    at_grace.leave()
    wait_inside(ada, s, {"Ada"})
    [span] = people(ada, s)["Grace"]
    assert ms(span["joined_at"]) == int(at_grace.info["joined_at_ms"])
    assert 0 <= ms(span["left_at"]) - ms(span["joined_at"]) <= (time.time() - before) * 1000
    at_ada.leave("SIGNAL_CLOSE")
    wait_inside(ada, s, set())
    assert [e["event_data"]["reason"] for e in events(ada, s, "participant.left")] == ["left", "lost"]


def test_recorders_and_agents_are_nobody_phones_are_somebody(roomd, livekit, ada):
    s = ada.session()
    come(roomd, ada, s)
    for kind in ("EGRESS", "AGENT", "INGRESS"):
        livekit.come(s["room_name"], {"sub": f"bot-{kind}", "name": f"bot {kind}"}, kind)
    livekit.sip(s["room_name"])
    wait_inside(ada, s, {"Ada", "Phone +15550199"})
    livekit.mute_hooks = True  # nor by the list
    livekit.come(s["room_name"], {"sub": "bot-2", "name": "bot 2"}, "AGENT")
    livekit.come(s["room_name"], {"sub": "sip_2", "name": "Phone 2"}, "SIP")
    wait_inside(ada, s, {"Ada", "Phone +15550199", "Phone 2"})


def test_a_quick_reconnect_is_told_crosswise(roomd, livekit, ada):
    """joined with a new sid comes before left of the old one."""
    s = ada.session()
    livekit.hold_hooks = True
    first, second = come(roomd, ada, s), come(roomd, ada, s)
    assert first.gone and first.info["disconnect_reason"] == "DUPLICATE_IDENTITY"
    told = {(e, json.loads(b).get("participant", {}).get("sid")): b for e, b in livekit.held}
    for key in [("participant_joined", first.sid), ("participant_joined", second.sid), ("participant_left", first.sid)]:
        assert livekit.deliver(told[key]) == 200
    until(lambda: len(people(ada, s).get("Ada", [])) >= 1 and not [e for e in pending(roomd)], "all looked at")
    assert inside(ada, s) == {"Ada"}


def test_lost_arrivals_are_made_up_for(roomd, livekit, ada, grace):
    livekit.mute_hooks = True
    s = ada.session()
    come(roomd, ada, s)
    at = come(roomd, grace, s)
    wait_inside(ada, s, {"Ada", "Grace"})
    [span] = people(ada, s)["Grace"]
    assert ms(span["joined_at"]) == int(at.info["joined_at_ms"])


def test_a_server_that_was_killed_tells_nothing(roomd, livekit, ada, grace):
    s = ada.session()
    come(roomd, ada, s)
    come(roomd, grace, s)
    wait_inside(ada, s, {"Ada", "Grace"})
    livekit.crash()
    wait_inside(ada, s, set(), 30)
    assert {e["event_data"]["reason"] for e in events(ada, s, "participant.left")} == {"unseen"}
    come(roomd, grace, s)  # the room is made again
    wait_inside(ada, s, {"Grace"})


def test_a_removed_person_who_comes_again_is_out_again(roomd, livekit, ada, grace):
    s = ada.session()
    come(roomd, ada, s)
    reply = door(roomd, grace.join(s))
    livekit.join(reply["access_token"])
    wait_inside(ada, s, {"Ada", "Grace"})
    ada.post(f"/sessions/{s['id']}/participants/{reply['participant_id']}/kick")
    until(lambda: [p.identity for p in livekit.people[s["room_name"]]] and reply["identity"] not in [p.identity for p in livekit.people[s["room_name"]]], "out")
    again = livekit.join(reply["access_token"])  # the token is good for LiveKit yet
    until(lambda: again.gone, "out again")
    assert again.info["disconnect_reason"] == "PARTICIPANT_REMOVED"
    livekit.mute_hooks = True
    secretly = livekit.join(reply["access_token"])
    until(lambda: secretly.gone, "and when no webhook told of it")
    wait_inside(ada, s, {"Ada"})


def test_a_revoked_token_opens_the_room_for_a_moment_only(roomd, livekit, ada):
    room = ada.post("/rooms", {"name": "Consultation"}).json()
    made = ada.post(f"/rooms/{room['id']}/token", {"identity": "patient-17", "name": "Pat", "max_uses": 3}).json()
    first = livekit.join(made["token"])
    at = f"/rooms/{room['id']}/tokens/{made['id']}"
    until(lambda: ada.get(at).json()["use_count"] == 1, "its use is counted")
    ada.post(at + "/revoke")
    until(lambda: first.gone, "who came in with it is put out")
    again = livekit.join(made["token"])
    until(lambda: again.gone, "and when they come again")


def test_secrets_of_the_room_are_not_kept(roomd, livekit, ada):
    s = ada.session()
    come(roomd, ada, s)
    wait_inside(ada, s, {"Ada"})
    password = livekit.rooms[s["room_name"]]["turn_password"]
    with roomd.db() as db:
        assert not db.execute("SELECT 1 FROM inbox WHERE body LIKE ?", [f"%{password}%"]).fetchone()
    assert password not in roomd.log_text()


def test_what_is_told_late_of_who_is_forgotten_is_taken_in_and_not_kept(roomd, livekit, ada):
    wilma, admin, s = roomd.person("Wilma Latecomer"), roomd.admin(), ada.session()
    livekit.hold_hooks = True
    come(roomd, wilma, s).leave()
    late = [body for event, body in livekit.held if event in ("participant_joined", "participant_left")]
    assert admin.post(f"/users/{wilma.id}/erase", {"confirm": wilma.email}).status_code == 202
    assert [livekit.deliver(body) for body in late] == [200, 200]
    until(lambda: not pending(roomd), "all is looked at")
    rows = admin.get(f"/admin/inbox?room_name={s['room_name']}").json()["events"]
    assert [(row["state"], row["size_bytes"], row["error"]) for row in rows] == [("processed", 0, "somebody who was in is forgotten: what it said is not kept")] * 2
    assert admin.get(f"/admin/inbox/{rows[0]['id']}").json()["body"] == ""
    assert admin.post(f"/admin/inbox/{rows[0]['id']}/replay").json()["state"] == "processed" and admin.post("/admin/inbox/replay", {"room_name": s["room_name"]}).json()["count"] == 0
    until(lambda: [span["left_at"] is not None for spans in people(ada, s).values() for span in spans] == [True], "the stay itself counts")


# ---- whatever the order

def pending(roomd):
    with roomd.db() as db:
        return db.execute("SELECT id FROM inbox WHERE state = 'received'").fetchall()


def a_call(roomd, livekit, ada, grace):
    """A typical call, held back: two people, one comes twice, a phone, a recorder, and the end of the room."""
    s = ada.session()
    livekit.hold_hooks = True
    livekit.held.clear()
    first = come(roomd, ada, s)
    come(roomd, grace, s)
    first.publish()
    second = come(roomd, ada, s)
    bot = livekit.come(s["room_name"], {"sub": "EG_x"}, "EGRESS")
    phone = livekit.sip(s["room_name"])
    phone.leave()
    bot.leave()
    second.leave()
    livekit.finish(s["room_name"])
    livekit.hold_hooks = False
    truth = {}
    for event, body in livekit.held:
        told = json.loads(body)
        if event == "participant_joined" and told["participant"].get("kind") in (None, "SIP"):
            truth.setdefault(told["participant"].get("name"), []).append(int(told["participant"]["joinedAtMs"]))
    return s, [body for _, body in livekit.held], truth


def state(host, s):
    return {name: [(ms(span["joined_at"]), span["left_at"] is not None and ms(span["left_at"])) for span in spans] for name, spans in people(host, s).items()}


def check(roomd, host, s, truth):
    until(lambda: not pending(roomd), "all is looked at")
    until(lambda: not inside(host, s), "nobody is in")
    seen = state(host, s)
    assert set(seen) == set(truth)
    for name, starts in truth.items():
        assert seen[name][0][0] == starts[0], name  # stays that touch are shown as one
        assert all(left - joined < 20000 for joined, left in seen[name])


@pytest.mark.parametrize("seed", range(12))
def test_every_order_ends_alike(roomd, livekit, ada, grace, seed):
    dice = random.Random(seed)
    s, bodies, truth = a_call(roomd, livekit, ada, grace)
    order = list(bodies)
    if seed:  # 0: as they were sent
        order += dice.choices(bodies, k=len(bodies) // 2)
        dice.shuffle(order)
    for body in order:
        assert livekit.deliver(body) == 200
    check(roomd, ada, s, truth)
    with roomd.db() as db:  # each stay once, closed once
        rows = db.execute("SELECT connection, left_at FROM connection_spans WHERE session_id = ?", [s["id"]]).fetchall()
    assert len({r[0] for r in rows}) == len(rows) == sum(len(v) for v in truth.values()) and all(r[1] for r in rows)
    assert len(events(ada, s, "participant.joined")) == len(rows) == len(events(ada, s, "participant.left"))


@pytest.mark.parametrize("seed", range(6))
def test_some_are_lost(roomd, livekit, ada, grace, seed):
    """Any half of what tells of leaving: the list makes up for it."""
    dice = random.Random(seed)
    s, bodies, truth = a_call(roomd, livekit, ada, grace)
    kept = [b for b in bodies if json.loads(b)["event"] == "participant_joined" or dice.random() < 0.5]
    dice.shuffle(kept)
    for body in kept:
        assert livekit.deliver(body) == 200
    check(roomd, ada, s, truth)
