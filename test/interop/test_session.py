"""A session at the real LiveKit with participants of LiveKit's own client library: media flows, what LiveKit tells becomes attendance, and
whoever has to go is put out there."""
import datetime
import time

import pytest

import parts
from harness import jwt, until

CLOSE_S = 1.0  # attendance equals the clients' own log so nearly


def ms(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def attendance(account, session):
    """{name: [(joined, left or None)]} in ms."""
    people = account.get(f"/sessions/{session['id']}/attendance").json()["people"]
    return {p["name"]: [(ms(s["joined_at"]), s["left_at"] and ms(s["left_at"])) for s in p["spans"]] for p in people}


def stays(account, session, name, count=1, closed=True):
    """The stays of somebody once LiveKit has told of them all."""
    def told():
        found = attendance(account, session).get(name, [])
        return found if len(found) == count and all(left for _, left in found) == closed else None
    return until(told, f"{name} has {count} stays in the attendance, {'all' if closed else 'not all'} over", 40)


def near(one, other):
    assert abs(one - other) <= CLOSE_S * 1000, f"{abs(one - other):.0f} ms apart"


@pytest.fixture
def people(house):
    return house.person("Ada"), house.person("Ben")


@pytest.fixture
def session(people):
    return people[0].session(title="Physics")


def test_media_webhooks_and_attendance(people, session, guest, house, livekit):
    ada, ben = people
    one, two = guest(ada, session), guest(ben, session)
    in_at = {"Ada": one.wait("connected")["at"], "Ben": two.wait("connected")["at"]}
    one.wait("subscribed", who=two.told_identity)
    assert one.wait("heard", who=two.told_identity)["loud"] > 0, "Ben's tone reaches Ada"
    assert two.wait("heard", who=one.told_identity)["loud"] > 0, "Ada's tone reaches Ben"
    until(lambda: ada.get(f"/sessions/{session['id']}").json()["status"] == "active", "the teacher's coming opened the session", 30)
    out_at = {"Ben": two.leave(), "Ada": one.leave()}
    for name in ("Ada", "Ben"):
        ((joined, left),) = stays(ada, session, name)
        near(joined, in_at[name])
        near(left, out_at[name])


def seat_of(account, session, person):
    seats = account.get(f"/sessions/{session['id']}/participants").json()
    return next(seat["id"] for seat in seats if seat["user_id"] == person.id)


def test_a_kicked_person_is_out_and_stays_out(people, session, guest, livekit):
    ada, ben = people
    host, student = guest(ada, session), guest(ben, session)
    host.wait("connected"), student.wait("connected")
    assert ada.post(f"/sessions/{session['id']}/participants/{seat_of(ada, session, ben)}/kick").status_code == 200
    gone_at = student.wait("disconnected")["at"]
    ((_, left),) = stays(ada, session, "Ben")
    near(left, gone_at)
    again = parts.Guest(livekit.url, student.access_token)  # to LiveKit the old token is as good as before
    try:
        again.wait("connected")
        again.wait("disconnected")
        until(lambda: [p["name"] for p in livekit.participants(session["room_name"])] == ["Ada"], "Ada is alone")
    finally:
        again.close()


def test_a_revoked_link_puts_out_who_came_by_it(people, session, livekit):
    """Of the tokens that the rooms API gives to apps with a client of their own."""
    ada, _ = people
    issued = ada.post(f"/rooms/{session['id']}/token", {"identity": "app-7", "name": "Ben of the app", "role": "participant"})
    assert issued.status_code == 201, issued.text
    student = parts.Guest(issued.json()["server_url"], issued.json()["token"])
    try:
        student.wait("connected")
        stays(ada, session, "Ben of the app", closed=False)
        revoked = ada.post(f"/rooms/{session['id']}/tokens/{issued.json()['id']}/revoke")
        assert revoked.status_code == 200, revoked.text
        student.wait("disconnected")
    finally:
        student.close()


def test_the_end_puts_everybody_out(people, session, guest, livekit):
    ada, ben = people
    host, student = guest(ada, session), guest(ben, session)
    host.wait("connected"), student.wait("connected")
    until(lambda: ada.get(f"/sessions/{session['id']}").json()["status"] == "active", "it is going on", 30)
    assert ada.patch(f"/sessions/{session['id']}", {"status": "ended"}).status_code == 200
    host.wait("disconnected"), student.wait("disconnected")
    until(lambda: session["room_name"] not in livekit.rooms(), "the room is gone")
    stays(ada, session, "Ada"), stays(ada, session, "Ben")


def test_egress_workers_and_agents_are_nobody(people, session, guest, house, livekit):
    """Somebody whom the server itself put into the room is not in the attendance."""
    ada, _ = people
    host = guest(ada, session)
    host.wait("connected")
    now = int(time.time())
    agent = parts.Guest(livekit.url, jwt(parts.SECRET, {"iss": parts.KEY, "sub": "agent-1", "nbf": now - 5, "exp": now + 60, "kind": "agent",
                                             "video": {"roomJoin": True, "room": session["room_name"], "agent": True}}), publish=False)
    try:
        agent.wait("connected")
        until(lambda: len(livekit.participants(session["room_name"])) == 2, "both are in")
        agent.leave()
    finally:
        agent.close()
    host.leave()
    stays(ada, session, "Ada")
    assert list(attendance(ada, session)) == ["Ada"]


async def test_by_the_page_and_beside_it(cast, house, session, people, guest, livekit):
    """Ada by the page, Ben by another client: each sees and hears the other, Ben is in the roster, and both are counted once."""
    ada = cast("Ada", account=people[0])
    await ada.enter(house, session)
    ben = guest(people[1], session)
    ben.wait("connected")
    state = await ada.wait(lambda s: len(s["people"]) == 2, "Ben is in the roster")
    connection = next(p["connection"] for p in state["people"] if p["name"] == "Ben")
    await ada.flows(connection, "mic")
    ben.wait("heard", who=livekit_identity(livekit, session, "Ada"))
    await ada.click("people")
    await ada.click(f"host-{connection}")
    await ada.click(f"mute-{connection}")
    until(lambda: all(t["muted"] for p in livekit.participants(session["room_name"]) if p["name"] == "Ben" for t in p["tracks"]), "Ben is muted at LiveKit")
    assert [len(s) for s in attendance(people[0], session).values()] == [1, 1]
    ben.leave()
    await ada.wait(lambda s: len(s["people"]) == 1, "Ben has gone")
    await ada.act("e.leave()")
    assert len(stays(people[0], session, "Ada")) == len(stays(people[0], session, "Ben")) == 1


def livekit_identity(livekit, session, name):
    return next(p["identity"] for p in livekit.participants(session["room_name"]) if p["name"] == name)
