"""Accounts, sign-in, bearers and API keys."""
import time

import pytest

from harness import PASSWORD, jwt, until

REGISTER, LOGIN = "/api/v1/auth/register", "/api/v1/auth/login"


def login(client, email, password=PASSWORD):
    return client.post(LOGIN, data={"username": email, "password": password})


def test_register_login_me(server, anybody):
    reply = anybody.post(REGISTER, json={"email": "Mary@Example.org", "password": PASSWORD, "full_name": "Mary Šômervîlle 🔭"})
    assert reply.status_code == 201
    mary = reply.json()
    assert mary == {"id": mary["id"], "email": "mary@example.org", "full_name": "Mary Šômervîlle 🔭", "role": "teacher", "is_active": True, "is_superuser": False}
    token = login(anybody, "MARY@example.ORG").json()
    assert token["token_type"] == "bearer"
    assert server.client(token["access_token"]).get("/api/v1/users/me").json() == mary


def test_name_is_optional(anybody):
    for number, name in enumerate([None, ...]):
        body = {"email": f"noname{number}@example.org", "password": PASSWORD, "full_name": name}
        if name is ...:
            del body["full_name"]
        assert anybody.post(REGISTER, json=body).json()["full_name"] is None


def test_address_is_taken_in_any_case(server, anybody, teacher):
    reply = anybody.post(REGISTER, json={"email": teacher.email.upper(), "password": PASSWORD})
    assert (reply.status_code, reply.json()) == (400, {"detail": "Email already registered"})


@pytest.mark.parametrize("length, status", [(7, 422), (8, 201), (72, 201), (73, 422)])
def test_password_length(anybody, length, status):
    reply = anybody.post(REGISTER, json={"email": f"length{length}@example.org", "password": "p" * length})
    assert reply.status_code == status
    assert "pppp" not in reply.text or status == 422  # the hash is nobody's business; Pydantic echoes the input


@pytest.mark.parametrize("email", ["", "ada", "@example.org", "ada@", "ada@x", "a b@example.org", "ada@@example.org", "ada@-example.org", "ada@example..org", ".ada@example.org", "x" * 65 + "@example.org"])
def test_no_address(anybody, email):
    reply = anybody.post(REGISTER, json={"email": email, "password": PASSWORD})
    assert reply.status_code == 422
    problem = reply.json()["detail"][0]
    assert (problem["type"], problem["loc"], problem["input"]) == ("value_error", ["body", "email"], email)
    assert problem["msg"].startswith("value is not a valid email address: ")


def test_wrong_password_and_unknown_address_are_the_same(anybody, teacher):
    for email, password in [(teacher.email, "wrong password"), ("nobody@example.org", PASSWORD), (teacher.email, ""), ("", PASSWORD)]:
        reply = login(anybody, email, password)
        assert (reply.status_code, reply.json()) == (401, {"detail": "Incorrect email or password"})
        assert reply.headers["www-authenticate"] == "Bearer"


def test_login_wants_a_form(anybody, teacher):
    reply = anybody.post(LOGIN, json={"username": teacher.email, "password": PASSWORD})
    assert (reply.status_code, reply.json()) == (415, {"detail": "Unsupported media type"})
    reply = anybody.post(LOGIN, data={"username": teacher.email})
    assert reply.status_code == 422
    assert reply.json()["detail"] == [{"type": "missing", "loc": ["body", "password"], "msg": "Field required", "input": None}]


def test_login_by_the_form_that_browsers_make(anybody, teacher):
    """FormData: multipart/form-data, which FastAPI takes as well. httpx makes one where a part is a file; files are passed over."""
    fields = lambda **given: {name: (None, value) for name, value in given.items()}
    send = lambda files: anybody.post(LOGIN, files=files)
    assert send(fields(username=teacher.email, password=PASSWORD)).json()["token_type"] == "bearer"
    assert send({**fields(grant_type="password", password=PASSWORD, username=teacher.email, scope=""), "picture": ("a.png", b"\x89PNG\r\n--\x00", "image/png")}).status_code == 200
    assert send(fields(username=teacher.email, password="wrong password")).status_code == 401
    assert send(fields(username=teacher.email)).json()["detail"] == [{"type": "missing", "loc": ["body", "password"], "msg": "Field required", "input": None}]
    whole = f'--b\r\nContent-Disposition: form-data; name="username"\r\n\r\n{teacher.email}\r\n--b\r\ncontent-disposition: form-data; name=password\r\nContent-Type: text/plain\r\n\r\n{PASSWORD}\r\n--b--\r\n'
    post = lambda body, kind="multipart/form-data; boundary=b": anybody.post(LOGIN, content=body, headers={"Content-Type": kind}).status_code
    assert [post(whole), post(whole, 'Multipart/Form-Data; charset=utf-8; Boundary="b"'), post("a preamble\r\n" + whole + "an epilogue")] == [200, 200, 200]
    assert [post(whole, "multipart/form-data"), post(whole, "multipart/form-data; boundary="), post(whole, "multipart/mixed; boundary=b")] == [415, 415, 415]
    assert {post(whole[:size]) for size in range(len(whole) - 9)} == {422}, "broken off: the password is not whole"


def test_password_with_every_kind_of_character(anybody):
    for number, password in enumerate(["pass+word&a=b%41", "päßwörd 🔑🔑", "  spaces  "]):
        email = f"odd{number}@example.org"
        assert anybody.post(REGISTER, json={"email": email, "password": password}).status_code == 201
        assert login(anybody, email, password).status_code == 200
        assert login(anybody, email, password.strip() + "x").status_code == 401


def bearers(server, teacher):
    now, good = int(time.time()), teacher.token
    claims = {"sub": str(teacher.id), "exp": now + 60}
    head, body, signature = good.split(".")
    return {
        "nonsense": "x", "dots": "a.b.c", "no signature": f"{head}.{body}.", "cut": good[:-1], "longer": good + "A",
        "other key": jwt("another secret", claims), "alg none": jwt(server.secret, claims, {"alg": "none"}),
        "unsigned": jwt("", claims, {"alg": "none"}).rsplit(".", 1)[0] + ".", "HS512": jwt(server.secret, claims, {"alg": "HS512"}),
        "expired": jwt(server.secret, {**claims, "exp": now - 1}), "not yet": jwt(server.secret, {**claims, "nbf": now + 60}),
        "endless": jwt(server.secret, {"sub": str(teacher.id)}), "nobody": jwt(server.secret, {**claims, "sub": "999999"}),
        "no sub": jwt(server.secret, {"exp": now + 60}), "sub is a number": jwt(server.secret, {**claims, "sub": teacher.id}),
        "sub is a name": jwt(server.secret, {**claims, "sub": "1 or 1=1"}), "exp is a word": jwt(server.secret, {**claims, "exp": "tomorrow"}),
        "unknown key": "rk_" + "a" * 40, "huge": "A" * 4000, "not ASCII": "Ä.Ö.Ü".encode().decode("latin-1"),
    }


def test_bad_bearers(server, teacher, anybody):
    for name, bearer in bearers(server, teacher).items():
        reply = anybody.get("/api/v1/users/me", headers={"Authorization": b"Bearer " + bearer.encode("latin-1")})
        assert (reply.status_code, reply.json()) == (401, {"detail": "Could not validate credentials"}), name
        assert reply.headers["www-authenticate"] == "Bearer"
    for header in (f"Basic {teacher.token}", teacher.token, "Bearer"):
        assert anybody.get("/api/v1/users/me", headers={"Authorization": header}).status_code == 401
    assert anybody.get("/api/v1/users/me", headers={"Authorization": f"bEaReR {teacher.token}"}).status_code == 200


def test_a_join_token_is_no_bearer(server, teacher):
    token = teacher.join(teacher.session())
    assert server.client(token).get("/api/v1/users/me").status_code == 401


def test_a_link_secret_or_join_key_signs_no_bearer(server, teacher):
    session = teacher.session()
    claims = {"sid": session["id"], "pid": 1, "gen": 0, "exp": int(time.time()) + 60}
    with pytest.raises(AssertionError, match="over"):
        server.call(jwt(server.secret, claims)).expect("joined", deadline=5)


def test_inactive_account(server, anybody):
    person = server.person()
    with server.db() as db:
        db.execute("UPDATE users SET is_active = 0 WHERE id = ?", (person.id,))
    for reply in (until(lambda: (r := person.get("/users/me")).status_code != 200 and r, "the account is closed"), login(anybody, person.email)):
        assert (reply.status_code, reply.json()) == (400, {"detail": "Inactive user"})


def test_registration_closed(start_roomd):
    server = start_roomd(env={"REGISTRATION": "off"})
    reply = server.client().post(REGISTER, json={"email": "a@example.org", "password": PASSWORD})
    assert (reply.status_code, reply.json()["detail"]) == (403, "Registration is closed; ask the administrator for an account")
    assert server.client().get("/api/v1/info").json()["registration"] is False
    assert server.admin().get("/users/me").json()["is_superuser"] is True


def test_api_keys_while_running(server, admin):
    done = server.tool("key", "add", "--name", "shop \"quoted\"")
    key = done.stdout.strip()
    assert done.returncode == 0 and key.startswith("rk_") and len(key) == 43
    shop = server.client(key)
    me = shop.get("/api/v1/users/me").json()
    assert me["is_superuser"] is True
    assert shop.post("/api/v1/sessions", json={"title": "by key"}).status_code == 201
    assert server.client(key[:-1] + "!").get("/api/v1/users/me").status_code == 401
    with server.db() as db:
        assert not db.execute("SELECT 1 FROM api_keys WHERE hash LIKE ? OR prefix = ?", (f"%{key[3:]}%", key)).fetchone()
        number = db.execute("SELECT id FROM api_keys WHERE name LIKE 'shop%'").fetchone()[0]
    assert server.tool("key", "revoke", "--id", str(number)).returncode == 0
    until(lambda: shop.get("/api/v1/users/me").status_code == 401, "the key is dead", deadline=5)
    assert server.tool("key", "revoke", "--id", str(number)).returncode == 1
