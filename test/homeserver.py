"""A Matrix homeserver as roomd meets it: whoami and room state over HTTP, with the replies of a real one (Synapse 1.163), and faults at will."""
import json
import re
import threading
import urllib.parse

import stand_in

NAME = "hs.test"


class Homeserver:
    def __init__(self):
        self.users, self.rooms, self.asked, self.fault = {}, {}, [], None
        self.closed = False
        self.released = threading.Event()  # ends the silence of fault "silent"
        home = self

        class Handler(stand_in.Handler):
            def serve(self):
                home.serve(self)

        self.server = stand_in.Listener(Handler)
        self.url = self.server.url

    def close(self):
        self.closed = True
        self.released.set()
        self.server.close()

    # ---- what there is

    def user(self, name, token=None, **more):
        """The token of a new user."""
        token = token or f"syt_{name}_{len(self.users)}"
        self.users[token] = {"user_id": f"@{name}:{NAME}", "is_guest": False, "device_id": "DEVICE", **more}
        return token

    def room(self, room_id, members=(), levels=None, create=None, encrypted=False):
        state = {("m.room.create", ""): create or {"sender": "@maker:" + NAME, "content": {"room_version": "10", "creator": "@maker:" + NAME}}}
        for name in members:
            state["m.room.member", f"@{name}:{NAME}"] = {"membership": "join", "displayname": name}
        if levels is not None:
            state["m.room.power_levels", ""] = levels
        if encrypted:
            state["m.room.encryption", ""] = {"algorithm": "m.megolm.v1.aes-sha2"}
        self.rooms[room_id] = state
        return room_id

    def set_member(self, room_id, name, membership):
        self.rooms[room_id]["m.room.member", f"@{name}:{NAME}"] = {"membership": membership}

    # ---- what it says

    def serve(self, handler):
        url = urllib.parse.urlsplit(handler.path)
        token = handler.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.closed:  # a connection that was kept
            handler.close_connection = True
            return
        self.asked.append((url.path, token))
        if self.fault == "silent":
            self.released.wait(30)
            handler.close_connection = True
            return
        status, body = self.fault(handler) if callable(self.fault) else self.fault or self.answer(url, token)
        text = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        handler.reply(status, {"Content-Type": "application/json"}, text)

    def answer(self, url, token):
        user = self.users.get(token)
        if not user:
            return 401, {"errcode": "M_UNKNOWN_TOKEN", "error": "Invalid access token passed.", "soft_logout": False}
        if url.path == "/_matrix/client/v3/account/whoami":
            return 200, user
        state = re.fullmatch(r"/_matrix/client/v3/rooms/([^/]+)/state/([^/]+)/([^/]*)", url.path)
        if not state:
            return 404, {"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"}
        room_id, event, key = (urllib.parse.unquote(part) for part in state.groups())
        return self.state(user["user_id"], room_id, event, key)

    def state(self, user, room_id, event, key):
        room = self.rooms.get(room_id, {})
        own = room.get(("m.room.member", user))
        if not own:
            return 403, {"errcode": "M_FORBIDDEN", "error": f"User {user} not in room {room_id}, and room previews are disabled"}
        if (event, key) not in room:
            return 404, {"errcode": "M_NOT_FOUND", "error": "Event not found."}
        return 200, room[event, key]  # former members are still told, as Synapse does
