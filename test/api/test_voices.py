"""One voice for every error: each status that there is, provoked in each dialect, has the dialect's shape. A new dialect is a row."""
import uuid
from dataclasses import dataclass

import pytest

from harness import Server, until
from homeserver import Homeserver


def fastapi(status, body):
    assert set(body) == {"detail"} and body["detail"] and isinstance(body["detail"], (str, list)), body


def express(status, body):
    assert set(body) == {"message"} and isinstance(body["message"], str) and body["message"], body


def recorder(status, body):
    assert set(body) == {"error", "code"} and body["error"] and body["code"] == body["code"].upper(), body


@dataclass
class Dialect:
    prefix: str
    shape: object       # what a refusal looks like
    post: str           # takes a body, from people with an account
    body: dict
    missing: str        # to be got, and not there
    limited: str        # to be posted to until it is enough
    table: str          # without it `missing` fails by our fault
    broken_rule: int = 400


NOBODY = "00000000-0000-4000-8000-000000000000"
DIALECTS = [
    Dialect("/api/v1", fastapi, "/api/v1/sessions", {"title": "t"}, "/api/v1/sessions/999999", "/api/v1/sessions/join-by-code", "sessions", 422),
    Dialect("/api/v1/rooms", fastapi, "/api/v1/rooms", {"name": "t"}, "/api/v1/rooms/999999", "/api/v1/sessions/join-by-code", "sessions", 422),
    Dialect("/api/recording", recorder, "/api/recording/stop", {"egressId": "x"}, "/api/recording/status?egressId=egress_" + NOBODY.replace("-", ""), "/api/recording/delete", "recordings"),
    Dialect("/sessions", express, "/sessions", {"title": "Algebra", "courseId": NOBODY, "scheduledAt": "2037-01-01T10:00:00Z", "duration": 60}, "/sessions/" + NOBODY, "/sessions", "sessions"),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """With a homeserver, whose tokens one of the dialects takes."""
    home = Homeserver()
    server = Server(tmp_path_factory.mktemp("voices"), {"MATRIX_HOMESERVER_URL": home.url + "/", "MATRIX_SERVER_NAME": "hs.test"}).start()
    yield server
    assert server.stop() == 0
    home.close()


@pytest.fixture(params=DIALECTS, ids=[d.prefix for d in DIALECTS])
def dialect(request, house):
    if request.param.post not in house.contract.document["paths"]:
        pytest.skip("this API is not built yet")
    return request.param


@pytest.fixture
def ada(house):
    return house.person("Ada")


def says(dialect, reply, *statuses):
    assert reply.status_code in statuses, (reply.status_code, reply.text)
    assert reply.headers["content-type"] == "application/json" and reply.headers["x-request-id"]
    dialect.shape(reply.status_code, reply.json())
    return reply


def keyed():
    return {"Idempotency-Key": str(uuid.uuid4())}


def test_400_no_json_and_broken_rules(dialect, ada):
    says(dialect, ada.http.post(dialect.post, content=b"{", headers={"Content-Type": "application/json"}), 400)
    says(dialect, ada.http.post(dialect.post, json=dict.fromkeys(dialect.body, [5])), dialect.broken_rule)
    says(dialect, ada.http.post(dialect.post, json=dialect.body, headers={"Idempotency-Key": "no blanks"}), 400)


def test_401(dialect, house):
    for token in (None, "x", "rk_" + "x" * 40):
        reply = says(dialect, house.client(token).post(dialect.post, json=dialect.body), 401)
        assert reply.headers["www-authenticate"] == "Bearer"


def test_403(dialect, house):
    key = house.admin().post("/api-keys", {"name": "nothing", "scope": ""}).json()["key"]
    reply = says(dialect, house.client(key).post(dialect.post, json=dialect.body), 403)
    assert "This API key lacks the scope " in reply.text


def test_404(dialect, ada):
    says(dialect, ada.http.get(dialect.missing), 404)
    says(dialect, ada.http.get(dialect.prefix + "/nothing/of/the/kind"), 404)


def test_405(dialect, ada):
    reply = says(dialect, ada.http.request("TRACE", dialect.post), 405)
    assert "POST" in reply.headers["allow"]


def test_409_and_422(dialect, house, ada):
    headers = keyed()
    first = ada.http.post(dialect.post, json=dialect.body, headers=headers)
    again = ada.http.post(dialect.post, json=dialect.body, headers=headers)
    assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (first.status_code, first.content, "true")
    says(dialect, ada.http.post(dialect.post + "?x=1", json=dialect.body, headers=headers), 422)
    with house.db() as db:
        db.execute("UPDATE idempotency_keys SET status = 0, lease_until = 99999999999999 WHERE key = ?", (headers["Idempotency-Key"],))
    says(dialect, ada.http.post(dialect.post, json=dialect.body, headers=headers), 409)


def test_413(dialect, ada):
    says(dialect, ada.http.post(dialect.post, json={**dialect.body, "title": "x" * (1 << 20)}), 413)


def test_415(dialect, ada):
    says(dialect, ada.http.post(dialect.post, content=b"<x/>", headers={"Content-Type": "text/xml"}), 415)


def test_429(dialect, start_roomd):
    server = start_roomd({"RATE_LIMITS": "on"})
    ada = server.person("Ada")
    assert server.until_refused(ada.token, "POST", dialect.limited, 1300) is not None
    reply = says(dialect, ada.http.post(dialect.limited, json={}), 429)
    assert int(reply.headers["retry-after"]) > 0 and reply.headers["x-ratelimit-remaining"] == "0"


def test_500_tells_nothing_of_the_inside(dialect, house, ada):
    with house.db() as db:
        db.execute(f"ALTER TABLE {dialect.table} RENAME TO {dialect.table}_away")
    try:
        reply = says(dialect, ada.http.get(dialect.missing), 500)
        assert dialect.table not in reply.text.lower() or "sql" not in reply.text.lower()
    finally:
        with house.db() as db:
            db.execute(f"ALTER TABLE {dialect.table}_away RENAME TO {dialect.table}")
    until(lambda: ada.http.get(dialect.missing).status_code == 404, "it is whole again")


def test_503_when_nothing_can_be_written(dialect, house, ada):
    assert ada.http.get("/api/v1/users/me").status_code == 200
    with house.database_held():
        reply = says(dialect, ada.http.post(dialect.post, json=dialect.body, headers=keyed()), 503)
    assert reply.headers["retry-after"] == "1"


def test_503_of_a_webhook_that_else_says_200_to_everything(house):
    with house.database_held():
        reply = house.client().post("/sessions/webhook/daily", content=b"{}")
    assert reply.status_code == 503
    express(503, reply.json())
