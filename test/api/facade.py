"""/v1 as an app written for Daily meets it: a key, the base URL, and Daily's own OpenAPI document as a judge of every answer."""
import random
import string
import time

import daily_published


class Facade:
    def __init__(self, server, key):
        self.server, self.key, self.http = server, key, server.client(key)

    def request(self, method, path, **how):
        reply = self.http.request(method, "/v1" + path, **how)
        if reply.status_code == 200:
            problems = daily_published.answer(method, path, reply.json())
            assert not problems, (problems[:3], reply.text[:500])
        return reply

    def get(self, path, **how):
        return self.request("GET", path, **how)

    def post(self, path, json=None, **how):
        return self.request("POST", path, json=json, **how)

    def delete(self, path, **how):
        return self.request("DELETE", path, **how)

    def room(self, name=None, privacy=None, **properties):
        body = {"name": name, "privacy": privacy, "properties": properties}
        reply = self.post("/rooms", {k: v for k, v in body.items() if v})
        assert reply.status_code == 200, reply.text
        return reply.json()

    def token(self, **properties):
        reply = self.post("/meeting-tokens", {"properties": properties})
        assert reply.status_code == 200, reply.text
        return reply.json()["token"]

    def door(self, name, token=None):
        """Where a room's own address leads."""
        reply = self.server.client(follow_redirects=False).get(f"/{name}", params={"t": token} if token else None)
        assert reply.status_code == 302, reply.text
        return reply.headers["location"]

    def enter(self, name, **properties):
        """A person comes in with a meeting token."""
        return self.server.call(self.door(name, self.token(room_name=name, **properties)).split("?t=")[1])

    def presence(self, name, **query):
        reply = self.get(f"/rooms/{name}/presence", params=query)
        assert reply.status_code == 200, reply.text
        return reply.json()["data"]


def facade_of(server, admin, person=None, **fields):
    reply = admin.post("/api-keys", {"name": "daily", **({"user_id": person.id} if person else {}), **fields})
    assert reply.status_code == 201, reply.text
    return Facade(server, reply.json()["key"])


def refused(reply, status, error, info=None):
    body = reply.json()
    assert (reply.status_code, body["error"]) == (status, error), reply.text
    if info is not None:
        assert info in body["info"], body
    return body


def name():
    return "room-" + "".join(random.choices(string.ascii_letters + string.digits, k=12))


def soon(seconds=3600):
    return int(time.time()) + seconds


def expire(server, room):
    """As if the room's exp had come."""
    with server.db() as db:
        db.execute("UPDATE session_terms SET closes_at = ? WHERE session_id = (SELECT id FROM sessions WHERE uuid = ?)", (int(time.time() * 1000), room["id"]))
