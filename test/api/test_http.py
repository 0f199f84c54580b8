"""What is the same on every route: bodies, methods, content types, ids, CORS, pages, health."""
import contextlib
import gzip
import json
import re
import socket
import time

import pytest

from harness import DEADLINE, ROOT, until

CREATE = "/api/v1/sessions"


def raw(server, data, shut=False, silent=DEADLINE):
    """Bytes to the server, what comes back until it hangs up or falls silent for so many seconds."""
    reply = b""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=silent) as s:
        s.sendall(data)
        if shut:
            s.shutdown(socket.SHUT_WR)
        while b"\r\n\r\n" not in reply and (more := s.recv(65536)):
            reply += more
    return reply


BAD_JSON = ["{", "}", "{]", "nul", "{\"title\": }", "{'title': 'x'}", "{\"title\": \"x\",}", "{\"title\": \"\\ud800\"}", "\"", "{\"title\": \"a\nb\"}", "[1,2", "{\"a\":1}{\"b\":2}", "\ufeff{}", "\x00", "[" * 100000, "{\"a\":" * 5000,
            "NaN", "{\"title\": \"t\", \"max_participants\": NaN}", "{\"title\": \"t\", \"max_participants\": 01}", "{\"title\": \"\\u0000\"}"]


@pytest.mark.parametrize("body", BAD_JSON, ids=range(len(BAD_JSON)))
def test_bad_json(teacher, body):
    reply = teacher.http.post(CREATE, content=body.encode("utf-8", "surrogatepass"), headers={"Content-Type": "application/json"})
    assert reply.status_code == 400 and reply.json()["detail"].startswith("Invalid JSON"), reply.text
    assert re.search(r"line \d+, column \d+", reply.json()["detail"])


def test_bytes_that_are_no_text(teacher):
    for body in (b"\xff\xfe", b'{"title": "\xff"}', b'{"title": "\xed\xa0\x80"}', b'{"title": "\xc0\x80"}'):
        assert teacher.http.post(CREATE, content=body, headers={"Content-Type": "application/json"}).status_code == 400


@pytest.mark.parametrize("body", ["[]", "null", "1", "\"title\"", "true", "[{}]"])
def test_no_object(teacher, body):
    reply = teacher.http.post(CREATE, content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 422
    assert reply.json()["detail"] == [{"type": "model_attributes_type", "loc": ["body"], "msg": "Input should be a valid dictionary or object to extract fields from", "input": json.loads(body)}]


def test_no_body(teacher):
    reply = teacher.request("POST", "/sessions")
    assert (reply.status_code, reply.json()) == (422, {"detail": [{"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}]})


@pytest.mark.parametrize("kind, status", [("application/json", 422), ("APPLICATION/JSON; charset=utf-8", 422), (None, 422), ("text/plain", 415), ("application/xml", 415), ("", 415), ("application/x-www-form-urlencoded", 415), ("multipart/form-data; boundary=x", 415)])
def test_content_types(teacher, kind, status):
    request = teacher.http.build_request("POST", CREATE, content=b"{}", headers={"Content-Type": kind} if kind is not None else {})
    if kind is None:
        request.headers.pop("content-type", None)
    reply = teacher.http.send(request)
    assert reply.status_code == status, reply.text
    assert status == 422 or reply.json() == {"detail": "Unsupported media type"}


@pytest.mark.parametrize("kind", ["application/merge-patch+json", "application/vnd.api+json; charset=utf-8"])
def test_what_is_made_of_json_is_json(teacher, kind):
    assert teacher.http.post(CREATE, content=b'{"title": "t"}', headers={"Content-Type": kind}).status_code == 201
    assert teacher.http.post(CREATE, content=b'{"title": "t"}', headers={"Content-Type": "text/html+json"}).status_code == 415


def test_a_body_in_a_coding(teacher):
    """None is understood, and that is what is wrong with it, not its JSON."""
    for coding, body in (("gzip", gzip.compress(b'{"title": "t"}')), ("br", b'{"title": "t"}')):
        reply = teacher.http.post(CREATE, content=body, headers={"Content-Type": "application/json", "Content-Encoding": coding})
        assert (reply.status_code, reply.json()) == (415, {"detail": "Unsupported media type"})
    assert teacher.http.post(CREATE, content=b'{"title": "t"}', headers={"Content-Type": "application/json", "Content-Encoding": "identity"}).status_code == 201


def test_blanks_around_a_header(server, teacher):
    for before, after in (("", " "), ("", "\t "), ("  ", "  ")):
        reply = raw(server, f"GET /api/v1/users/me HTTP/1.1\r\nHost: x\r\nAuthorization:{before} Bearer {teacher.token}{after}\r\nConnection: close\r\n\r\n".encode())
        assert reply.startswith(b"HTTP/1.1 200"), reply[:200]


def test_largest_body(teacher):
    padded = lambda size: b'{"title": "t"' + b" " * (size - 14) + b"}"
    assert teacher.http.post(CREATE, content=padded(1 << 20), headers={"Content-Type": "application/json"}).status_code == 201
    for size in ((1 << 20) + 1, 3 << 20):
        reply = teacher.http.post(CREATE, content=padded(size), headers={"Content-Type": "application/json"})
        assert (reply.status_code, reply.json()) == (413, {"detail": "Request body is too large"})
    chunked = teacher.http.post(CREATE, content=iter([padded(1 << 20), b" " * 100]), headers={"Content-Type": "application/json"})
    assert chunked.status_code == 413


def test_a_body_nobody_can_send(server, teacher):
    head = f"POST {CREATE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {teacher.token}\r\nContent-Type: application/json\r\nContent-Length: "
    assert b" 413 " in raw(server, (head + "99999999999999\r\n\r\n").encode())
    for length in ("-1", "x", "1e3"):
        assert raw(server, (head + length + "\r\n\r\n{}").encode(), shut=True)[:12] in (b"HTTP/1.1 400", b"")
    assert teacher.get("/users/me").status_code == 200


@pytest.mark.parametrize("data", [b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
                                  b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"\x00" * 1000])
def test_no_http(server, data):
    reply = raw(server, data, shut=True, silent=2)  # to some it says nothing
    assert not reply or reply.split()[1][:1] == b"4" or reply.split()[1] in (b"200", b"505", b"404"), reply[:200]
    assert server.client().get("/healthz").status_code == 200


def test_methods(server, anybody, teacher):
    allowed = {}
    for method, pattern, operation in server.contract.routes:
        allowed.setdefault(pattern.pattern, set()).add(method)
    for pattern, methods in allowed.items():
        path = pattern.replace("/?", "").replace("[^/]+", "1").replace("\\", "")
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"} - methods:
            reply = teacher.http.request(method, path)
            assert reply.status_code == 405 and "method not allowed" in [str(v).lower() for v in reply.json().values()], (method, path)  # each dialect in its own shape
            assert methods <= set(reply.headers["allow"].split(", "))
        assert anybody.options(path).status_code == 204


def test_unknown_paths(anybody, teacher):
    for path in ("/api/", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/sessions", "/api/v1/sessions/1/nothing", "/api/v1/sessions/1/participants/1/kick/2", "/api/v1/users/1/nothing"):
        for method in ("GET", "POST"):
            reply = teacher.http.request(method, path)
            assert reply.status_code == 404 and reply.json() == {"detail": "Not Found"}, path
    assert anybody.post("/nothing").status_code == 404


def test_slashes_at_the_end(teacher):
    session = teacher.session()
    assert teacher.get(f"/sessions/{session['id']}/").json()["id"] == session["id"]
    assert teacher.get("/sessions/").status_code == 200


def test_request_ids(anybody):
    ids = {anybody.get("/healthz").headers["x-request-id"] for _ in range(20)}
    assert len(ids) == 20 and all(re.fullmatch("[a-z0-9]{16}", i) for i in ids)
    assert anybody.get("/healthz", headers={"X-Request-Id": "mine-1.2_3"}).headers["x-request-id"] == "mine-1.2_3"
    for bad in ("a b", "x" * 65, "<script>", "a,b"):
        assert anybody.get("/healthz", headers={"X-Request-Id": bad}).headers["x-request-id"] != bad


def test_head_is_get_without_a_body(anybody, teacher):
    for path in ("/healthz", "/api/v1/info", "/openapi.json"):
        get, head = anybody.get(path), anybody.head(path)
        assert head.status_code == 200 and head.content == b"" and head.headers["content-length"] == get.headers["content-length"]
    assert teacher.http.head("/api/v1/sessions/999999").status_code == 404


def test_cors(start_roomd):
    server = start_roomd(env={"BACKEND_CORS_ORIGINS": '["https://app.example.org", "http://localhost:3000/"]'})
    client = server.client()
    for origin in ("https://app.example.org", "http://localhost:3000"):
        reply = client.get("/api/v1/info", headers={"Origin": origin})
        assert reply.headers["access-control-allow-origin"] == origin and reply.headers["vary"] == "Origin" and reply.headers["access-control-allow-credentials"] == "true"
        preflight = client.options("/api/v1/sessions", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
        assert preflight.status_code == 204 and "POST" in preflight.headers["access-control-allow-methods"] and "Authorization" in preflight.headers["access-control-allow-headers"]
        asked = client.options("/api/v1/sessions", headers={"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,sentry-trace,x-requested-with"})
        assert asked.headers["access-control-allow-headers"] == "authorization,sentry-trace,x-requested-with", "what the page's libraries add"
        assert client.get("/api/v1/users/me", headers={"Origin": origin}).headers["access-control-allow-origin"] == origin  # a page must be able to read a refusal
    for origin in ("https://evil.example.org", "https://app.example.org.evil", "null", "https://app.example.or"):
        assert "access-control-allow-origin" not in client.get("/api/v1/info", headers={"Origin": origin}).headers


def test_no_cors_unless_set(anybody):
    assert "access-control-allow-origin" not in anybody.get("/api/v1/info", headers={"Origin": "https://app.example.org"}).headers


def test_health_metrics_info(server, anybody, teacher):
    assert anybody.get("/healthz").json() == {"status": "ok", "detail": None}
    until(lambda: anybody.get("/readyz").status_code == 200, "the media engine is there")
    assert anybody.get("/readyz").json() == {"status": "ok", "detail": None}
    assert anybody.get("/api/v1/info").json() == {"name": "roomd", "version": "0.1.0", "registration": True}
    count = lambda: {m[1]: int(m[2]) for m in re.finditer(r"^(roomd_\w+) (\d+)$", anybody.get("/metrics").text, re.M)}
    before = count()
    teacher.get("/sessions/999999")
    after = count()
    assert after["roomd_http_requests_total"] >= before["roomd_http_requests_total"] + 2 and after["roomd_http_refused_total"] == before["roomd_http_refused_total"] + 1
    assert after["roomd_media_up"] == 1 and anybody.get("/metrics").headers["content-type"].startswith("text/plain; version=0.0.4")


def test_not_ready_without_media(start_roomd):
    server = start_roomd(env={"JANUS_PROGRAM": "/bin/false"})
    client = server.client()
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 503)
    assert client.get("/readyz").json()["detail"] == "the media engine is starting"
    teacher = server.person()
    call = server.call(teacher.join(teacher.session())).joined()
    call.expect("media_lost")
    call.send("media_restart")
    call.refused("media_unavailable", "media_restart")
    call.leave()


def test_openapi_is_itself_valid(server, anybody):
    document = anybody.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0" and document["servers"] == [{"url": f"http://localhost:{server.port}"}]
    assert json.loads(server.tool("openapi", data=False).stdout)["paths"] == document["paths"]
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references <= set(document["components"]["schemas"])
    operations = [o["operationId"] for ways in document["paths"].values() for o in ways.values()]
    assert len(operations) == len(set(operations))
    for name, schema in document["components"]["schemas"].items():
        server.contract.check({"$ref": "https://json-schema.org/draft/2020-12/schema"}, schema)
        for field in schema.get("properties", {}).values():
            for example in field.get("examples", []):
                server.contract.check({k: v for k, v in field.items() if k != "examples"}, example)


@pytest.mark.skipif(not (ROOT / "web" / "dist" / "index.html").exists(), reason="the pages are not built")
def test_pages(anybody):
    for path in ("/", "/my/1/recordings", "/room/session-0123456789abcdef?t=x", "/index.html", "/docs", "/redoc"):
        page = anybody.get(path)
        assert page.status_code == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'self'" in page.headers["content-security-policy"] and page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "no-referrer" and page.headers["cache-control"] == "no-cache"
        assert "://" not in re.sub(r"http://www.w3.org/\S*", "", "".join(re.findall(r'(?:src|href)="([^"]*)"', page.text)))  # nothing from elsewhere
    asset = re.search(r'/assets/[^"]+\.js', anybody.get("/").text)[0]
    script = anybody.get(asset)
    assert script.headers["content-type"].startswith("text/javascript") and "immutable" in script.headers["cache-control"]
    for path in ("/assets/none.js", "/../meson.build", "/%2e%2e/meson.build", "/assets/../../package.json", "/assets", "/.env"):
        assert anybody.get(path).status_code in (200, 404) and "project(" not in anybody.get(path).text
    assert anybody.get("/assets/none.js").status_code == 404


def test_slow_request_does_not_hold_the_others(server, anybody):
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.sendall(b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        began = time.monotonic()
        for _ in range(20):
            assert anybody.get("/healthz").status_code == 200
        assert time.monotonic() - began < 25  # the slow one is broken off after 30
