"""How often one may call: general limits, logins, codes, and passwords of one account."""
from harness import PASSWORD, Server


def used_up(call, most):
    """The refusal after `most` calls at the most, and how many were let through."""
    for n in range(most + 5):
        reply = call()
        if reply.status_code == 429:
            return reply, n
    raise AssertionError("never refused")


def test_limits(start_roomd):
    server = start_roomd(env={"RATE_LIMITS": "on"})
    client, ada = server.client(), server.person("Ada")
    first = ada.get("/users/me")
    assert first.headers["x-ratelimit-limit"] == "6000" and first.headers["x-ratelimit-remaining"] == "5999" and 0 < int(first.headers["x-ratelimit-reset"]) <= 60
    assert ada.get("/users/me").headers["x-ratelimit-remaining"] == "5998"
    assert "x-ratelimit-limit" not in client.get("/healthz").headers

    # codes: by account where there is one, by address where not; good and bad ones alike
    reply, n = used_up(lambda: ada.post("/sessions/join-by-code", {"room_code": "AAAAAA"}), 30)
    assert n == 30 and reply.json() == {"detail": "Too many requests; try again later"}
    assert 0 < int(reply.headers["retry-after"]) <= 60 and reply.headers["x-ratelimit-remaining"] == "0"
    assert ada.post("/sessions/lookup", {"room_code": "AAAAAA"}).status_code == 429
    assert client.post("/api/v1/sessions/lookup", json={"room_code": "AAAAAA"}).status_code == 404
    assert ada.get("/users/me").status_code == 200  # another class

    # bad bearers are counted, too
    bad = server.client("x")
    before = int(bad.get("/api/v1/users/me").headers["x-ratelimit-remaining"])
    assert int(bad.get("/api/v1/users/me").headers["x-ratelimit-remaining"]) == before - 1


def test_passwords_of_one_account(start_roomd):
    server = start_roomd(env={"RATE_LIMITS": "on"})
    client, ada, grace = server.client(), server.person("Ada"), server.person("Grace")
    login = lambda email, password: client.post("/api/v1/auth/login", data={"username": email, "password": password})
    spellings = [ada.email, ada.email.upper(), ada.email.title(), ada.email.replace("person", "Person")]
    statuses = [login(spellings[n % 4], f"guess {n}").status_code for n in range(10)]
    assert statuses == [401] * 10
    reply = login(ada.email.replace("example", "eXaMpLe"), PASSWORD)
    assert (reply.status_code, reply.json()) == (429, {"detail": "Too many requests; try again later"})
    assert login(grace.email, PASSWORD).status_code == 200
    reply, _ = used_up(lambda: login("nobody@example.org", "guess"), 30)  # and all logins of one address
    assert reply.status_code == 429


def test_writes(start_roomd):
    server = start_roomd(env={"RATE_LIMITS": "on"})
    ada, grace = server.person("Ada"), server.person("Grace")
    at = f"/sessions/{ada.session()['id']}/lock"
    assert server.until_refused(ada.token, "POST", "/api/v1" + at, 1300) == 1199
    assert ada.post(at).status_code == 429
    assert grace.session()["id"]
    assert ada.get("/sessions").status_code == 200


def test_off_is_for_loopback_only(tmp_path):
    server = Server(tmp_path, listen="0.0.0.0:0")
    done = server.tool("serve", "--listen", "0.0.0.0:0")
    assert done.returncode == 1 and "RATE_LIMITS=off is for loopback only" in done.stderr
