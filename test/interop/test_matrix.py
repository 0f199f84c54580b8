"""/api/recording with the real Synapse: whose token it is, who is in the room with what power, and what happens to it when they leave."""
import signal

import pytest

from harness import Server, until


@pytest.fixture(scope="module")
def recorder(tmp_path_factory, synapse):
    env = {"MATRIX_HOMESERVER_URL": synapse.url, "MATRIX_SERVER_NAME": synapse.NAME, "MATRIX_CACHE_SECONDS": "0"}
    server = Server(tmp_path_factory.mktemp("recorder"), env).start()
    until(lambda: server.client().get("/readyz").status_code == 200, "the media engine is there", 30)
    yield server
    assert server.stop() == 0


class Room:
    """A Matrix room of Ada's, with Ben in it and Eve outside, bound to a session that is going on."""

    def __init__(self, server, synapse):
        self.server, self.synapse = server, synapse
        self.ada, self.ben, self.eve = (synapse.user(name) for name in ("ada", "ben", "eve"))
        self.id = synapse.room(self.ada)
        synapse.join(self.ben, self.id)
        self.teacher = server.person("Teacher")
        self.session = self.teacher.session()
        assert self.teacher.patch(f"/sessions/{self.session['id']}", {"status": "active"}).status_code == 200
        bound = self.teacher.request("PUT", f"/sessions/{self.session['id']}/matrix-room", json={"room_id": self.id})
        assert bound.json() == {"session_id": self.session["id"], "room_id": self.id}

    def ask(self, token, method, path, **how):
        return self.server.client(token).request(method, f"/api/recording{path}", **how)

    def start(self, token):
        return self.ask(token, "POST", "/start", json={"roomName": self.id})

    def list(self, token):
        return self.ask(token, "GET", "/list", params={"roomName": self.id})

    def status(self, token, egress):
        return self.ask(token, "GET", "/status", params={"egressId": egress})


@pytest.fixture(scope="module")
def room(recorder, synapse):
    return Room(recorder, synapse)


def test_whose_token_it_is(room):
    assert room.start(None).status_code == 401
    assert room.start("syt_nobody_knows_it").status_code == 401
    assert room.start(room.eve).status_code == 403, "Eve is not in the room"


def test_start_status_list_stop_by_the_rooms_maker(room):
    """The newest rooms give their maker power without writing it down, and have ids without a server's name; Synapse makes such rooms."""
    assert ":" not in room.id
    began = room.start(room.ada)
    assert began.status_code == 200, began.text
    egress = began.json()["egressId"]
    assert room.status(room.ada, egress).json()["status"] == 0
    assert egress in room.list(room.ben).text
    assert room.list(room.eve).status_code == 403
    stopped = room.ask(room.ada, "POST", "/stop", json={"egressId": egress})
    assert stopped.status_code == 200, stopped.text
    until(lambda: room.status(room.ada, egress).json()["status"] != 0, "it runs no more")


def test_who_left_has_no_say_any_more(room):
    """Synapse goes on telling the power levels to who has left; roomd asks for more than that."""
    room.synapse.leave(room.ben, room.id)
    assert room.list(room.ben).status_code == 403


def test_a_token_ends_with_the_login(room):
    token = room.synapse.user("dora")
    room.synapse.join(token, room.id)
    assert room.list(token).status_code == 200
    room.synapse.client(token, "POST", "/logout", {})
    assert room.list(token).status_code == 401


def test_a_silent_homeserver_is_not_a_refusal(room):
    room.synapse.process.send_signal(signal.SIGSTOP)
    try:
        assert room.start(room.ada).status_code == 503
    finally:
        room.synapse.process.send_signal(signal.SIGCONT)
