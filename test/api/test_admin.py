"""Accounts and API keys, as an administrator deals with them."""
import json

import pytest

from harness import PASSWORD, Person, until


def account(server, admin, **fields):
    number = next(server.names)
    reply = admin.post("/users", {"email": f"made{number}@example.org", "password": PASSWORD, **fields})
    assert reply.status_code == 201, reply.text
    return Person(server, reply.json(), server.access_token(reply.json()["id"]))


def key_of(admin, **fields):
    reply = admin.post("/api-keys", {"name": "k", **fields})
    assert reply.status_code == 201, reply.text
    return reply.json()


def keyed(server, key):
    row = {"id": key["user_id"], "email": "", "full_name": ""}
    return Person(server, row, key["key"])


# ---- accounts

def test_accounts_are_listed_in_pages(server, admin):
    made = [account(server, admin, full_name=f"No {n}") for n in range(3)]
    whole = admin.get("/users", params={"limit": 1000}).json()
    assert whole["total"] == len(whole["users"]) >= 4 and "password" not in json.dumps(whole)
    ids = [u["id"] for u in whole["users"]]
    assert ids == sorted(ids) and {p.id for p in made} <= set(ids)
    page = admin.get("/users", params={"skip": 1, "limit": 2}).json()
    assert [u["id"] for u in page["users"]] == ids[1:3] and page["total"] == whole["total"]


def test_only_for_administrators(server, admin, teacher, student):
    forbidden = (403, {"detail": "Not enough permissions"})
    for reply in (teacher.get("/users"), teacher.post("/users", {"email": "x@example.org", "password": PASSWORD}), teacher.get(f"/users/{student.id}"),
                  teacher.patch(f"/users/{teacher.id}", {"role": "admin"}), teacher.get("/api-keys"), teacher.post("/api-keys", {"name": "k"}), teacher.delete("/api-keys/1")):
        assert (reply.status_code, reply.json()) == forbidden
    assert teacher.get(f"/users/{teacher.id}").json() == teacher.get("/users/me").json()
    assert admin.get(f"/users/{teacher.id}").json()["email"] == teacher.email
    for reply in (admin.get("/users/999999999"), admin.patch("/users/999999999", {"role": "student"}), admin.post("/api-keys", {"name": "k", "user_id": 999999999})):
        assert (reply.status_code, reply.json()) == (404, {"detail": "User not found"})


def test_made_with_a_role(server, admin):
    boss, pupil = account(server, admin, role="admin", full_name="Boss"), account(server, admin, role="student")
    assert (boss.get("/users").status_code, pupil.get("/users").status_code) == (200, 403)
    assert pupil.get("/users/me").json()["role"] == "student"
    again = admin.post("/users", {"email": boss.email, "password": PASSWORD})
    assert (again.status_code, again.json()) == (400, {"detail": "Email already registered"})
    assert admin.post("/users", {"email": "y@example.org", "password": PASSWORD, "role": "king"}).status_code == 422


def test_changes(server, admin):
    p = account(server, admin, full_name="Ada")
    at = f"/users/{p.id}"
    assert admin.patch(at, {}).json()["full_name"] == "Ada"
    changed = admin.patch(at, {"full_name": None, "role": "student"}).json()
    assert (changed["full_name"], changed["role"], changed["is_superuser"]) == (None, "student", False)
    assert admin.patch(at, {"role": "admin"}).json()["is_superuser"] is True
    assert admin.patch(at, {"role": "admin", "is_superuser": False}).json()["is_superuser"] is False
    assert admin.patch(at, dict.fromkeys(["role", "is_active", "is_superuser", "password"])).json()["is_active"] is True
    assert admin.patch(at, {"password": "a new password"}).status_code == 200
    client = server.client()

    def sign_in(password):
        return client.post("/api/v1/auth/login", data={"username": p.email, "password": password}).status_code
    assert (sign_in(PASSWORD), sign_in("a new password")) == (401, 200)
    assert admin.patch(at, {"password": "short"}).status_code == 422


def test_who_is_inactive_is_out(server, admin):
    p = account(server, admin)
    assert p.get("/users/me").status_code == 200
    assert admin.patch(f"/users/{p.id}", {"is_active": False}).json()["is_active"] is False
    until(lambda: p.get("/users/me").status_code == 400, "the token stops working")
    reply = server.client().post("/api/v1/auth/login", data={"username": p.email, "password": PASSWORD})
    assert (reply.status_code, reply.json()) == (400, {"detail": "Inactive user"})
    admin.patch(f"/users/{p.id}", {"is_active": True})
    until(lambda: p.get("/users/me").status_code == 200, "it works again")


def test_the_last_administrator_stays_one(start_roomd):
    server = start_roomd()
    admin = server.admin()
    for change in ({"role": "teacher"}, {"is_active": False}, {"is_superuser": False}):
        reply = admin.patch(f"/users/{admin.id}", change)
        assert (reply.status_code, reply.json()) == (409, {"detail": "Somebody has to be able to administer this server"})
    server.admin()
    assert admin.patch(f"/users/{admin.id}", {"role": "teacher"}).status_code == 200


# ---- keys

def test_a_key_from_making_to_revoking(server, admin, teacher):
    made = key_of(admin, name="bakery", user_id=teacher.id)
    assert made["key"].startswith(made["prefix"]) and len(made["key"]) == 43 and made["scope"] is None and made["revoked_at"] is None
    shop = keyed(server, made)
    assert shop.get("/users/me").json()["id"] == teacher.id and shop.session()["teacher_id"] == teacher.id
    listed = admin.get("/api-keys", params={"limit": 1000})
    assert made["key"] not in listed.text and {k: v for k, v in made.items() if k != "key"} in listed.json()["keys"]
    assert admin.get("/api-keys", params={"skip": 10**6}).json() == {"keys": [], "total": listed.json()["total"]}
    assert admin.delete(f"/api-keys/{made['id']}").status_code == 204
    until(lambda: shop.get("/users/me").status_code == 401, "the key stops working")
    for number in (made["id"], 999999):
        reply = admin.delete(f"/api-keys/{number}")
        assert (reply.status_code, reply.json()) == (404, {"detail": "API key not found"})
    assert next(k for k in admin.get("/api-keys", params={"limit": 1000}).json()["keys"] if k["id"] == made["id"])["revoked_at"]


NEEDS = [("GET", "/sessions", None, "sessions:read"), ("POST", "/sessions", {"title": "t"}, "sessions:write"), ("GET", "/users/me", None, "users:read"),
         ("POST", "/users", {"email": "z@example.org", "password": "x" * 8}, "users:admin"), ("GET", "/api-keys", None, "keys:read"), ("DELETE", "/api-keys/1", None, "keys:admin"),
         ("GET", "/recordings/1", None, "recordings:read"), ("PATCH", "/recordings/1", {"action": "stop"}, "recordings:write"), ("GET", "/recordings/1/files/1", None, "recordings:read"),
         ("POST", "/sessions/1/join", None, "sessions:write"), ("GET", "/sessions/1/attendance", None, "sessions:read")]


@pytest.mark.parametrize("method, path, body, scope", NEEDS, ids=[f"{n[0]} {n[1]}" for n in NEEDS])
def test_a_limited_key_is_told_what_it_lacks(server, admin, method, path, body, scope):
    others = " ".join(sorted({n[3] for n in NEEDS} - {scope}))
    reply = keyed(server, key_of(admin, scope=others)).request(method, path, json=body)
    assert (reply.status_code, reply.json()) == (403, {"detail": f"This API key lacks the scope {scope}"})


def test_a_limited_key_does_what_it_may(server, admin):
    made = key_of(admin, scope="sessions:write, sessions:read")
    assert made["scope"] == "sessions:read sessions:write"
    shop = keyed(server, made)
    s = shop.session()
    assert shop.get(f"/sessions/{s['id']}").json()["id"] == s["id"]
    assert shop.post(f"/sessions/{s['id']}/recordings").status_code == 403
    assert server.client(made["key"]).get("/api/v1/info").status_code == 200  # open to anybody
    nothing = keyed(server, key_of(admin, scope=""))
    assert nothing.get("/sessions").status_code == 403


def test_nobody_gives_what_they_do_not_have(server, admin):
    limited = keyed(server, key_of(admin, scope="keys:admin keys:read sessions:read"))
    assert limited.post("/api-keys", {"name": "n", "scope": "sessions:read"}).status_code == 201
    for body, missing in (({"name": "n"}, "sessions:write"), ({"name": "n", "scope": "sessions:read users:admin"}, "users:admin")):
        reply = limited.post("/api-keys", body)
        assert (reply.status_code, reply.json()) == (403, {"detail": f"This API key lacks the scope {missing}"})
    reply = admin.post("/api-keys", {"name": "n", "scope": "sessions:fly"})
    assert (reply.status_code, reply.json()) == (400, {"detail": "Unknown scope: sessions:fly"})
    assert admin.post("/api-keys", {"name": ""}).status_code == 422


def test_on_the_command_line(server):
    key = server.tool("key", "add", "--name", "cli", "--scope", "sessions:read").stdout.strip()
    client = server.client(key)
    assert (client.get("/api/v1/sessions").status_code, client.post("/api/v1/sessions", json={"title": "t"}).status_code) == (200, 403)
    done = server.tool("key", "add", "--name", "cli", "--scope", "everything")
    assert done.returncode == 1 and "Unknown scope: everything" in done.stderr
    rows = [json.loads(line) for line in server.tool("key", "list", "--json").stdout.splitlines()]
    assert any(row["name"] == "cli" and row["scope"] == "sessions:read" for row in rows)
