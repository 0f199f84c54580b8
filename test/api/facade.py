"""/v1 as an app written for Daily meets it: a key, the base URL, and Daily's own OpenAPI document as a judge, where DAILY_OPENAPI names a copy of it."""
import functools
import json
import os
import random
import re
import string
import time

from jsonschema import Draft4Validator


@functools.cache
def published():
    """Daily's document, or None. OpenAPI 3.0's schemas are JSON Schema of draft 4, more or less."""
    path = os.environ.get("DAILY_OPENAPI")
    return json.load(open(path)) if path else None


def schema_of(method, path):
    for pattern, ways in published()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path) and method.lower() in ways:
            content = ways[method.lower()]["responses"]["200"].get("content", {})
            return content.get("application/json", {}).get("schema")
    return None


EXCUSED = re.compile(r"^None is not of type|^\d+\.\d+ is not of type 'integer'")  # nulls are in its own samples; exp with a fraction is what clients send and get back


class Facade:
    def __init__(self, server, key):
        self.server, self.key, self.http = server, key, server.client(key)

    def request(self, method, path, **how):
        reply = self.http.request(method, "/v1" + path, **how)
        if published() and reply.status_code == 200:
            self.judge(method, path, reply)
        return reply

    def judge(self, method, path, reply):
        schema = schema_of(method, path)
        if not schema or path.endswith("/participants") or path.startswith("/webhooks"):
            return  # their schemas there are of something else
        document = {**schema, "components": published()["components"]}
        problems = [e.message for e in Draft4Validator(document).iter_errors(reply.json()) if not EXCUSED.search(e.message)]
        assert not problems, (method, path, problems[:3], reply.text[:500])

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
