"""The Live Sessions API, /sessions: every route, every example of its document, every error in its words; and that its sessions are everybody's."""
import re
import time
import uuid

import pytest

from harness import jwt, until

COURSE = "7d5b0c8a-3a52-4c0e-9d4e-0b6f1f6f0c11"
TEACHER = "2b1f2c7e-55a1-4a5f-8a5e-94a7b1c1d222"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
WHOLE = ["_id", "title", "description", "course", "instructor", "roomName", "roomUrl", "scheduledAt", "duration", "status", "maxParticipants", "participants", "isRecorded", "createdAt", "updatedAt"]


def body(**fields):
    return {"title": "Introduction to JavaScript", "courseId": COURSE, "scheduledAt": "2030-12-25T10:00:00.000Z", "duration": 60, **fields}


def make(person, **fields):
    reply = person.http.post("/sessions", json=body(**fields))
    assert reply.status_code == 201, reply.text
    return reply.json()


def fail(reply, status, message):
    assert (reply.status_code, reply.json()) == (status, {"message": message})


@pytest.fixture
def live(teacher):
    return make(teacher)


# ---- create

def test_create(server, teacher):
    s = make(teacher, description="Live coding session")
    assert list(s) == WHOLE
    assert UUID4.fullmatch(s["_id"]) and re.fullmatch(r"introduction-to-javascript-\d{10,}", s["roomName"])
    assert s["roomUrl"].endswith("/room/" + s["roomName"]) and STAMP.fullmatch(s["createdAt"]) and STAMP.fullmatch(s["updatedAt"])
    assert (s["course"], s["scheduledAt"], s["duration"], s["status"], s["maxParticipants"], s["participants"], s["isRecorded"]) == (
        COURSE, "2030-12-25T10:00:00.000Z", 60, "scheduled", 100, [], False)
    assert s["instructor"] == f"00000000-0000-4000-8000-{teacher.id:012x}"


def test_create_with_everything(teacher):
    s = make(teacher, instructorId=TEACHER, maxParticipants="1000", duration="480", scheduledAt="2030-12-25T12:00:00+02:00", description="")
    assert (s["instructor"], s["maxParticipants"], s["duration"], s["scheduledAt"], s["description"]) == (TEACHER, 1000, 480, "2030-12-25T10:00:00.000Z", "")
    assert "description" not in make(teacher)


@pytest.mark.parametrize("title,slug", [("Été à Paris!", "ete-a-paris"), ("日本語", "session"), ("  a -- B_c  ", "a-b-c"), ("x" * 200, "x" * 77), ("Ünï Øre", "uni-re"), ("a\u00d7b", "a-b")])
def test_slug(teacher, title, slug):
    assert re.fullmatch(re.escape(slug) + r"-\d{10,}", make(teacher, title=title)["roomName"])


@pytest.mark.parametrize("change,message", [
    ({"title": None}, '"title" must be a string'), ({"title": ""}, '"title" is not allowed to be empty'), ({"title": "ab"}, '"title" length must be at least 3 characters long'),
    ({"title": "a" * 201}, '"title" length must be less than or equal to 200 characters long'), ({"description": "a" * 1001}, '"description" length must be less than or equal to 1000 characters long'),
    ({"description": 5}, '"description" must be a string'), ({"courseId": "x"}, '"courseId" must be a valid GUID'), ({"instructorId": "x"}, '"instructorId" must be a valid GUID'),
    ({"instructorId": None}, '"instructorId" must be a string'), ({"scheduledAt": "tomorrow"}, '"scheduledAt" must be in ISO 8601 date format'),
    ({"scheduledAt": 1893456000000}, '"scheduledAt" must be a valid date'), ({"scheduledAt": "2020-01-01T00:00:00Z"}, '"scheduledAt" must be greater than or equal to now'),
    ({"duration": 14}, '"duration" must be greater than or equal to 15'), ({"duration": 481}, '"duration" must be less than or equal to 480'), ({"duration": 60.5}, '"duration" must be an integer'),
    ({"duration": "long"}, '"duration" must be a number'), ({"duration": 10**30}, '"duration" must be a safe number'), ({"maxParticipants": 0}, '"maxParticipants" must be greater than or equal to 1'),
    ({"maxParticipants": 1001}, '"maxParticipants" must be less than or equal to 1000'), ({"x": 1}, '"x" is not allowed'), ({"x": 1, "title": "ab"}, '"title" length must be at least 3 characters long')])
def test_create_refused(teacher, change, message):
    fail(teacher.http.post("/sessions", json=body(**change)), 400, message)


@pytest.mark.parametrize("missing", ["title", "courseId", "scheduledAt", "duration"])
def test_create_needs(teacher, missing):
    given = body()
    del given[missing]
    fail(teacher.http.post("/sessions", json=given), 400, f'"{missing}" is required')
    fail(teacher.http.post("/sessions"), 400, '"title" is required')


def test_bodies(teacher):
    send = lambda content, kind="application/json": teacher.http.post("/sessions", content=content, headers={"Content-Type": kind})
    fail(send("{"), 400, "Invalid JSON")
    fail(send("5"), 400, "Invalid JSON")
    fail(send("[]"), 400, '"value" must be of type object')
    fail(send('{"title":"' + "a" * 1100000 + '"}'), 413, "Request body too large")
    fail(send("title=x", "application/x-www-form-urlencoded"), 415, "Unsupported media type")


def test_names(server, teacher):
    course, boss = str(uuid.uuid4()), str(uuid.uuid4())
    s = make(teacher, courseId=course, instructorId=boss)
    one = lambda: teacher.http.get(f"/sessions/{s['_id']}").json()
    assert one()["course"] == {"_id": course, "title": None} and one()["instructor"] == {"_id": boss, "name": None}
    named = teacher.http.put(f"/api/v1/courses/{course}", json={"title": "JavaScript Fundamentals"}).json()
    assert (named["uuid"], named["title"]) == (course, "JavaScript Fundamentals")
    assert teacher.http.put(f"/api/v1/people/{boss}", json={"name": "John Doe"}).json()["name"] == "John Doe"
    assert one()["course"]["title"] == "JavaScript Fundamentals" and one()["instructor"]["name"] == "John Doe"
    assert teacher.http.put(f"/api/v1/courses/{course}", json={"title": "JS"}).json()["created_at"] == named["created_at"]
    assert teacher.http.put("/api/v1/courses/5", json={"title": "JS"}).json()["detail"][0]["type"] == "uuid_parsing"


def test_whose_name(server, teacher, stranger, admin):
    mine = make(teacher)["instructor"]
    put = lambda who: who.http.put(f"/api/v1/people/{mine}", json={"name": "Countess"}).status_code
    assert [put(stranger), put(teacher), put(admin)] == [403, 200, 200]
    with server.db() as db:
        db.execute("UPDATE users SET role = 'student' WHERE id = ?", (stranger.id,))
    pupil = server.client(server.access_token(stranger.id) + "")
    until(lambda: pupil.put(f"/api/v1/courses/{COURSE}", json={"title": "Mine"}).status_code == 403, "a student names no course")


def test_a_bearer_may_name_its_instructor(server, teacher):
    claims = {"sub": str(teacher.id), "exp": int(time.time()) + 60, "name": "Ada King"}
    client = server.client(jwt(server.secret, claims))
    s = client.post("/sessions", json=body()).json()
    assert client.get(f"/sessions/{s['_id']}").json()["instructor"]["name"] == "Ada King"
    assert client.post("/sessions", json=body(instructorId=TEACHER)).status_code == 201


# ---- who may

def test_no_bearer(server, anybody, teacher, live):
    for method, path in [("POST", "/sessions"), ("GET", "/sessions"), ("GET", f"/sessions/{live['_id']}"), ("PUT", f"/sessions/{live['_id']}"), ("DELETE", f"/sessions/{live['_id']}")]:
        fail(anybody.request(method, path), 401, "Authentication required")
        fail(server.client("nonsense").request(method, path), 401, "Invalid or expired token")
        fail(server.client(server.access_token(teacher.id, -5)).request(method, path), 401, "Invalid or expired token")


def test_an_api_key(server, teacher):
    key = server.tool("key", "add", "--name", "shop", "--user", teacher.email).stdout.strip() or server.tool("key", "add", "--name", "shop").stdout.strip()
    assert server.client(key).get("/sessions").status_code == 200


def test_not_another_teachers(stranger, admin, live):
    fail(stranger.http.put(f"/sessions/{live['_id']}", json={"title": "Mine now"}), 403, "Not enough permissions")
    fail(stranger.http.delete(f"/sessions/{live['_id']}"), 403, "Not enough permissions")
    assert stranger.http.get(f"/sessions/{live['_id']}").status_code == 200
    assert admin.http.put(f"/sessions/{live['_id']}", json={"title": "Ours now"}).json()["title"] == "Ours now"


def open_calls(live):
    where = f"/sessions/{live['_id']}"
    return [("GET", f"/sessions/course/{COURSE}", None), ("GET", f"/sessions/instructor/{TEACHER}", None), ("POST", "/sessions/recording/start", {"roomName": live["roomName"]}),
            ("POST", "/sessions/recording/stop", {"recordingId": "x"}), ("POST", where + "/participants", {"studentId": "s"}), ("DELETE", where + "/participants/s", None), ("PATCH", where + "/status", {"status": "ended"})]


def test_open_endpoints(anybody, live):
    assert [anybody.request(m, p, json=j).status_code for m, p, j in open_calls(live)] == [200, 200, 200, 500, 200, 200, 200]


@pytest.mark.parametrize("opened", [False, True])
def test_behind_a_proxy(start_roomd, opened):
    """A proxy on this box stands for the whole world: open only where that was said, and said loudly."""
    server = start_roomd({"TRUST_PROXY": "on", **({"LIVE_SESSIONS_OPEN_ENDPOINTS": "true"} if opened else {})})
    teacher, stranger = server.person(), server.person()
    live = make(teacher)
    for method, path, given in open_calls(live):
        reply = server.client().request(method, path, json=given)
        if opened:
            assert reply.status_code in (200, 500), reply.text
        else:
            fail(reply, 401, "Authentication required")
            fail(server.client("nonsense").request(method, path, json=given), 401, "Invalid or expired token")
    if not opened:
        assert [stranger.http.request(m, p, json=j).status_code for m, p, j in open_calls(live)] == [200, 200, 403, 500, 403, 403, 403]
        assert [teacher.http.request(m, p, json=j).status_code for m, p, j in open_calls(live)] == [200, 200, 200, 500, 200, 200, 200]
    assert ("EVERYBODY" in server.log_text()) == opened


# ---- lists

def test_list(start_roomd):
    server = start_roomd()
    ada, grace = server.person("Ada"), server.person("Grace")
    empty = ada.http.get("/sessions").json()
    assert empty == {"sessions": [], "page": 1, "pageCount": 10, "totalItems": 0, "totalPages": 0, "hasPrevPage": False, "hasNextPage": False, "prevPage": None, "nextPage": None}
    made = [make(ada, title=f"Lesson {n:02}") for n in range(23)]
    other = grace.session(title="Made elsewhere 100%")
    page = ada.http.get("/sessions", params={"page": 2, "pageCount": "10"}).json()
    assert [s["title"] for s in page["sessions"]] == [f"Lesson {n:02}" for n in range(13, 3, -1)]
    assert {k: v for k, v in page.items() if k != "sessions"} == {"page": 2, "pageCount": 10, "totalItems": 24, "totalPages": 3, "hasPrevPage": True, "hasNextPage": True, "prevPage": 1, "nextPage": 3}
    assert list(page) == ["sessions", "page", "pageCount", "totalItems", "totalPages", "hasPrevPage", "hasNextPage", "prevPage", "nextPage"]
    assert list(page["sessions"][0]) == ["_id", "title", "course", "instructor", "scheduledAt", "duration", "status", "participants"]
    last = ada.http.get("/sessions?page=3").json()
    assert len(last["sessions"]) == 4 and (last["hasNextPage"], last["nextPage"], last["prevPage"]) == (False, None, 2)
    beyond = ada.http.get("/sessions?page=9").json()
    assert (beyond["sessions"], beyond["hasPrevPage"], beyond["prevPage"], beyond["hasNextPage"]) == ([], True, 8, False)
    found = ada.http.get("/sessions", params={"search": "lesson 1", "pageCount": 3}).json()
    assert (found["totalItems"], [s["title"] for s in found["sessions"]]) == (10, ["Lesson 19", "Lesson 18", "Lesson 17"])
    assert ada.http.get("/sessions", params={"search": "%"}).json()["sessions"][0]["_id"] == other["uuid"]
    assert ada.http.get("/sessions", params={"search": "_"}).json()["totalItems"] == 0 and ada.http.get("/sessions?search=").json()["totalItems"] == 24
    assert ada.http.get("/sessions?page=9007199254740991&pageCount=100").json()["prevPage"] == 9007199254740990, "as far as numbers are safe"
    assert [ada.http.get(f"/sessions?search={bad}").json()["totalItems"] for bad in ("%FF", "Lesson%FF", "%00")] == [0, 0, 0], "what is no text is in no title"
    assert ada.http.delete(f"/sessions/{made[0]['_id']}").status_code == 200 and grace.delete(f"/sessions/{other['id']}").status_code == 204
    assert ada.http.get("/sessions").json()["totalItems"] == 22


@pytest.mark.parametrize("query,message", [("page=0", '"page" must be greater than or equal to 1'), ("page=x", '"page" must be a number'), ("page=", '"page" must be a number'), ("page=1.5", '"page" must be an integer'),
                                           ("pageCount=101", '"pageCount" must be less than or equal to 100'), ("pageCount=0", '"pageCount" must be greater than or equal to 1'), ("x=1", '"x" is not allowed')])
def test_list_refused(teacher, query, message):
    fail(teacher.http.get(f"/sessions?{query}"), 400, message)


def test_made_elsewhere(teacher, student):
    """A session of /api/v1: no course, its teacher's account as the instructor, one seat less than there since the teacher's is counted there."""
    there = teacher.session(title="Algebra I", max_participants=3)
    here = teacher.http.get(f"/sessions/{there['uuid']}").json()
    assert here["course"] is None and here["scheduledAt"] is None and here["maxParticipants"] == 2 and here["instructor"] == {"_id": f"00000000-0000-4000-8000-{teacher.id:012x}", "name": "Ada Lovelace"}
    student.join(there)
    guest = "guest-0"
    seats = teacher.http.post(f"/sessions/{there['id']}/participants", json={"studentId": guest}).json()
    assert seats["participants"] == [f"user-{student.id}", guest] and seats["course"] is None
    fail(teacher.http.post(f"/sessions/{there['id']}/participants", json={"studentId": "s3"}), 400, "Session has reached maximum participants")
    assert there["uuid"] in [s["_id"] for s in teacher.http.get(f"/sessions/instructor/{here['instructor']['_id']}").json()]
    assert teacher.http.delete(f"/sessions/{there['uuid']}").json()["session"]["course"] is None


def test_seen_elsewhere(teacher, live):
    there = teacher.get(f"/sessions/{live['_id']}").json()
    assert (there["teacher_id"], there["status"], there["room_name"], there["max_participants"], there["duration_minutes"]) == (teacher.id, "scheduled", live["roomName"], 101, 60)
    teacher.http.patch(f"/sessions/{live['_id']}/status", json={"status": "live"})
    assert teacher.get(f"/sessions/{live['_id']}").json()["status"] == "active"
    assert live["_id"] in [s["uuid"] for s in teacher.get("/sessions").json()["sessions"]]


def test_by_course_and_instructor(anybody, teacher):
    course, boss = str(uuid.uuid4()), str(uuid.uuid4())
    assert anybody.get(f"/sessions/course/{course}").json() == [] == anybody.get("/sessions/instructor/nobody").json()
    later = make(teacher, courseId=course, instructorId=boss, scheduledAt="2031-01-01T10:00:00Z", description="Loops")
    sooner = make(teacher, courseId=course, instructorId=boss)
    listed = anybody.get(f"/sessions/course/{course}").json()
    assert [s["_id"] for s in listed] == [sooner["_id"], later["_id"]]
    assert list(listed[1]) == ["_id", "title", "description", "course", "instructor", "scheduledAt", "duration", "status", "roomUrl", "participants", "maxParticipants"]
    assert listed[1]["course"] == course and listed[1]["instructor"] == {"_id": boss, "name": None}
    mine = anybody.get(f"/sessions/instructor/{boss}").json()
    assert [s["_id"] for s in mine] == [sooner["_id"], later["_id"]]
    assert list(mine[0]) == ["_id", "title", "course", "instructor", "scheduledAt", "duration", "status", "roomUrl", "participants"] and mine[0]["instructor"] == boss


def test_database_fails(start_roomd):
    server = start_roomd()
    make(server.person())
    with server.db() as db:
        db.execute("ALTER TABLE course_sessions RENAME TO gone")
    fail(server.client().get(f"/sessions/course/{COURSE}"), 500, "Database query failed")
    fail(server.client().get(f"/sessions/instructor/{TEACHER}"), 500, "Database query failed")
    fail(server.person().http.get("/sessions"), 500, "Internal server error")


# ---- one

def test_get(teacher, live):
    one = teacher.http.get(f"/sessions/{live['_id']}").json()
    assert list(one) == ["_id", "title", "course", "instructor", "roomUrl", "scheduledAt", "duration", "status", "recordingUrl", "participants", "maxParticipants", "isRecorded", "createdAt", "updatedAt"]
    assert one["recordingUrl"] is None and one["instructor"]["name"] == "Ada Lovelace"
    for name in (str(uuid.uuid4()), "nope", "0"):
        fail(teacher.http.get(f"/sessions/{name}"), 404, "Live session not found")


def test_put(teacher, live):
    change = {"title": "Updated Title", "description": "Updated description", "scheduledAt": "2030-12-26T10:00:00.000Z", "duration": 90, "maxParticipants": 150}
    changed = teacher.http.put(f"/sessions/{live['_id']}", json=change).json()
    assert list(changed) == WHOLE and {k: changed[k] for k in change} == change and changed["roomName"] == live["roomName"]
    assert teacher.http.put(f"/sessions/{live['_id']}", json={}).json()["title"] == "Updated Title"
    fail(teacher.http.put(f"/sessions/{live['_id']}", json={"description": None}), 400, '"description" must be a string')
    fail(teacher.http.put(f"/sessions/{live['_id']}", json={"courseId": COURSE}), 400, '"courseId" is not allowed')
    fail(teacher.http.put(f"/sessions/{live['_id']}", json={"scheduledAt": "2020-01-01T00:00:00Z"}), 400, '"scheduledAt" must be greater than or equal to now')
    fail(teacher.http.put("/sessions/nope", json={}), 404, "Live session not found")


def test_delete(teacher, live):
    gone = teacher.http.delete(f"/sessions/{live['_id']}").json()
    assert gone["message"] == "Live session deleted successfully" and list(gone["session"]) == ["_id", "title", "course", "instructor", "roomName", "status", "deletedAt"]
    assert gone["session"]["status"] == "cancelled" and STAMP.fullmatch(gone["session"]["deletedAt"])
    for method, path, given in [("GET", "", None), ("PUT", "", {}), ("DELETE", "", None), ("PATCH", "/status", {"status": "live"}), ("POST", "/participants", {"studentId": "s"}), ("DELETE", "/participants/s", None)]:
        fail(teacher.http.request(method, f"/sessions/{live['_id']}{path}", json=given), 404, "Live session not found")


def test_unknown_paths_and_methods(teacher, live):
    fail(teacher.http.get(f"/sessions/{live['_id']}/nothing"), 404, "Not found")
    wrong = teacher.http.patch("/sessions")
    fail(wrong, 405, "Method not allowed")
    assert wrong.headers["allow"] == "POST, GET"


# ---- students

def test_students(server, anybody, teacher):
    s = make(teacher, maxParticipants=2)
    where = f"/sessions/{s['_id']}/participants"
    add = lambda student: anybody.post(where, json={"studentId": student})
    seats = add("student-uuid-123").json()
    assert list(seats) == ["_id", "title", "course", "instructor", "participants", "maxParticipants", "status", "scheduledAt"] and seats["participants"] == ["student-uuid-123"]
    assert add("student-uuid-123").json() == seats and add("Ж" * 128).json()["participants"][1] == "Ж" * 128
    fail(add("third"), 400, "Session has reached maximum participants")
    assert add("student-uuid-123").status_code == 200
    assert anybody.delete(f"{where}/student-uuid-123").json()["participants"] == ["Ж" * 128]
    fail(anybody.delete(f"{where}/student-uuid-123"), 404, "Student not found in session participants")
    assert add("student-uuid-123").json()["participants"] == ["Ж" * 128, "student-uuid-123"]
    for wrong, message in [({}, "Student ID is required"), ({"studentId": ""}, "Student ID is required"), ({"studentId": None}, "Student ID is required"), ({"studentId": 5}, '"studentId" must be a string'),
                           ({"studentId": "x" * 129}, '"studentId" length must be less than or equal to 128 characters long'), ({"studentId": "a", "b": 1}, '"b" is not allowed')]:
        fail(anybody.post(where, json=wrong), 400, message)
    fail(anybody.post("/sessions/nope/participants", json={"studentId": "a"}), 404, "Live session not found")
    fail(anybody.delete("/sessions/nope/participants/a"), 404, "Live session not found")


def test_accounts_as_students(anybody, teacher, student, live):
    where = f"/sessions/{live['_id']}/participants"
    assert anybody.post(where, json={"studentId": f"user-{student.id}"}).json()["participants"] == [f"user-{student.id}"]
    assert [p["user_id"] for p in teacher.get(where).json()] == [teacher.id, student.id]
    for odd in ("user-999999999", "student:x", "guest-me"):  # look like ours, and are not
        assert odd in anybody.post(where, json={"studentId": odd}).json()["participants"]
        assert odd not in anybody.delete(f"{where}/{odd}").json()["participants"]
    fail(anybody.delete(f"{where}/user-{teacher.id}"), 404, "Student not found in session participants")


def seat_of(teacher, live, identity):
    return next(p for p in teacher.get(f"/sessions/{live['_id']}/participants").json() if p["identity"] == identity)


def test_a_student_comes_in_and_is_removed(server, anybody, teacher, stranger, live):
    where = f"/sessions/{live['_id']}/participants"
    teacher.http.put("/api/v1/people/s-1", json={"name": "Grace"})
    anybody.post(where, json={"studentId": "s-1"})
    seat = seat_of(teacher, live, "s-1")
    link = f"/sessions/{live['_id']}/participants/{seat['id']}/link"
    assert seat["name"] == "Grace" and stranger.post(link).status_code == 403
    given = teacher.post(link).json()
    assert given["join_url"] == f"{live['roomUrl']}?t={given['token']}"
    call = server.call(given["token"])
    call.expect("joined")
    anybody.delete(f"{where}/s-1")
    assert call.expect("over")["reason"] == "removed"
    assert teacher.post(link).status_code == 403
    anybody.post(where, json={"studentId": "s-1"})
    assert server.call(given["token"]).expect("over")["reason"] == "denied"  # the old link stays dead
    server.call(teacher.post(link).json()["token"]).expect("joined")
    anybody.patch(f"/sessions/{live['_id']}/status", json={"status": "ended"})
    assert teacher.post(link).status_code == 400


# ---- status

def test_status(server, anybody, teacher, live):
    where = f"/sessions/{live['_id']}/status"
    for status in ("live", "ended", "live", "cancelled", "scheduled", "scheduled"):
        state = anybody.patch(where, json={"status": status}).json()
        assert state["status"] == status
    assert list(state) == ["_id", "title", "course", "instructor", "status", "scheduledAt", "duration", "participants", "roomUrl", "updatedAt"]
    told = [e["event_type"] for e in teacher.get(f"/sessions/{live['_id']}/events").json()["events"]]
    assert told[2:] == ["session.started", "session.ended", "session.reopened", "session.cancelled", "session.reopened"]
    for wrong, message in [({}, "Status is required"), ({"status": ""}, "Status is required"), ({"status": None}, "Status is required"),
                           ({"status": "active"}, "Invalid status value. Must be one of: scheduled, live, ended, cancelled"), ({"status": 5}, "Invalid status value. Must be one of: scheduled, live, ended, cancelled")]:
        fail(anybody.patch(where, json=wrong), 400, message)
    fail(anybody.patch("/sessions/nope/status", json={"status": "live"}), 404, "Live session not found")


def test_ended_is_the_end_for_everybody(server, anybody, teacher, live):
    call = server.call(teacher.join({"id": live["_id"]}))
    call.expect("joined")
    started = anybody.post("/sessions/recording/start", json={"roomName": live["roomName"]})
    assert started.status_code == 200, started.text
    anybody.patch(f"/sessions/{live['_id']}/status", json={"status": "ended"})
    assert call.expect("over")["reason"] == "ended"
    [recording] = teacher.get(f"/sessions/{live['_id']}/recordings").json()["recordings"]
    assert recording["uuid"] == started.json()["recording"]["id"] and recording["status"] != "recording"


def test_it_expires(server, teacher):
    s = make(teacher)
    at = 1924423200000 + 60 * 60000 + 30 * 60000  # start, length, grace
    with server.db() as db:
        assert db.execute("SELECT expires_at FROM sessions WHERE uuid = ?", (s["_id"],)).fetchone() == (at,)


# ---- recording

def test_recording(anybody, teacher, live):
    reply = anybody.post("/sessions/recording/start", json={"roomName": live["roomName"]}).json()
    recording = reply["recording"]
    assert list(reply) == ["success", "recording"] and list(recording) == ["id", "room_name", "status", "start_ts", "duration"] and UUID4.fullmatch(recording["id"])
    assert (recording["room_name"], recording["status"], recording["duration"]) == (live["roomName"], "recording", 0) and abs(recording["start_ts"] - time.time() * 1000) < 60000
    fail(anybody.post("/sessions/recording/start", json={"roomName": live["roomName"]}), 500, "Failed to start recording on Daily.co")
    reply = anybody.post("/sessions/recording/stop", json={"recordingId": recording["id"]}).json()
    stopped = reply["recording"]
    assert list(reply) == ["success", "recording"] and list(stopped) == ["id", "room_name", "status", "duration", "end_ts"]
    assert (stopped["id"], stopped["status"]) == (recording["id"], "finished") and stopped["end_ts"] >= recording["start_ts"] and stopped["duration"] < 60
    fail(anybody.post("/sessions/recording/stop", json={"recordingId": recording["id"]}), 500, "Failed to stop recording on Daily.co")


@pytest.mark.parametrize("what,member,message", [("start", "roomName", "Room name is required"), ("stop", "recordingId", "Recording ID is required")])
def test_recording_refused(anybody, teacher, live, what, member, message):
    where = f"/sessions/recording/{what}"
    for nothing in ({}, {member: ""}, {member: None}):
        fail(anybody.post(where, json=nothing), 400, message)
    fail(anybody.post(where), 400, message)
    fail(anybody.post(where, json={member: 5}), 400, f'"{member}" must be a string')
    fail(anybody.post(where, json={member: str(uuid.uuid4())}), 500, f"Failed to {what} recording on Daily.co")
    fail(anybody.post(where, json={member: "x", "y": 1}), 400, '"y" is not allowed')


def test_a_deleted_session_is_not_recorded(anybody, teacher, live):
    recording = anybody.post("/sessions/recording/start", json={"roomName": live["roomName"]}).json()["recording"]
    teacher.http.delete(f"/sessions/{live['_id']}")
    fail(anybody.post("/sessions/recording/stop", json={"recordingId": recording["id"]}), 500, "Failed to stop recording on Daily.co")
    fail(anybody.post("/sessions/recording/start", json={"roomName": live["roomName"]}), 500, "Failed to start recording on Daily.co")
