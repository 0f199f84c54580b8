"""Bad input on every route that takes any, made from the served OpenAPI document; and Pydantic's own texts."""
import json

import pytest

from harness import until

WRONG = {
    "string": [(5, "string_type"), (True, "string_type"), ([], "string_type"), ({}, "string_type")],
    "integer": [("x", "int_parsing"), ([], "int_type"), ({}, "int_type"), (1.5, "int_from_float"), ("", "int_parsing")],
    "boolean": [("maybe", "bool_parsing"), (2, "bool_parsing"), ([], "bool_type"), ({}, "bool_type")],
    "enum": [("nothing", "enum"), (5, "enum"), ([], "enum")],
    "date-time": [("x", None), ([], "datetime_type"), ({}, "datetime_type")],
    "email": [("x", "value_error"), (5, "string_type")],
    "array": [(5, "list_type"), ({}, "list_type")],
}


def kind_of(schema, document):
    """(kind, may it be null, the bare schema)"""
    if "anyOf" in schema:
        return kind_of(schema["anyOf"][0], document)[0], True, schema["anyOf"][0]
    if "$ref" in schema:
        return ("enum", False, schema)
    return schema.get("format") or schema["type"], False, schema


def bodies(document):
    for path, ways in document["paths"].items():
        if not path.startswith("/api/v1/"):
            continue  # speaks another dialect; its own tests know its words
        for method, operation in ways.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "$ref" in content.get("application/json", {}).get("schema", {}) and "validation_reply" in json.dumps(operation["responses"]):  # other bodies are anything, other dialects have tests of their own
                model = content["application/json"]["schema"]["$ref"].split("/")[-1]
                yield method.upper(), path, document["components"]["schemas"][model]


def example(schema, document):
    return {name: field["examples"][0] for name, field in schema["properties"].items() if name in schema.get("required", [])}


def problem(reply):
    assert reply.status_code == 422, reply.text
    [only] = reply.json()["detail"]
    return only


@pytest.fixture
def paths(server, teacher):
    """A path of a route with everything in it filled in with what is there."""
    session = teacher.session()
    recording = teacher.post(f"/sessions/{session['id']}/recordings").json()
    ids = {"{session_id}": str(session["id"]), "{recording_id}": str(recording["id"]), "{participant_id}": "1", "{file_id}": "1", "{room_id}": str(session["id"]), "{template_id}": "1", "{user_id}": "1", "{token_id}": "1", "{service_id}": "1", "{booking_id}": "1", "{service_session_id}": "1", "{webhook_id}": "1"}
    ids |= {"{course_id}": "7d5b0c8a-3a52-4c0e-9d4e-0b6f1f6f0c11", "{person_id}": "7d5b0c8a-3a52-4c0e-9d4e-0b6f1f6f0c22"}

    def fill(path):
        for name, value in ids.items():
            path = path.replace(name, value)
        return path
    return fill


def test_every_field_of_every_body(server, teacher, paths):
    document, tried = server.contract.document, 0
    for method, path, schema in bodies(document):
        good, send = example(schema, document), lambda body: teacher.http.request(method, paths(path), json=body)
        for name, field in schema["properties"].items():
            kind, nullable, bare = kind_of(field, document)
            cases = list(WRONG[kind])
            cases += [] if nullable else [(None, {"email": "string_type", "string": "string_type", "integer": "int_type", "boolean": "bool_type", "enum": "enum", "date-time": "datetime_type"}[kind])]
            if "minimum" in bare:
                cases.append((bare["minimum"] - 1, "greater_than_equal"))
            if "maximum" in bare:
                cases.append((bare["maximum"] + 1, "less_than_equal"))
            if "minLength" in bare:
                cases.append(("x" * (bare["minLength"] - 1), "string_too_short"))
            if kind == "string":
                cases.append(("é" * (bare["maxLength"] + 1), "string_too_long"))
            for value, kind_of_problem in cases:
                found = problem(send({**good, name: value}))
                assert found["loc"] == ["body", name] and found["input"] == value, (path, name, value)
                assert kind_of_problem in (None, found["type"]), (path, name, value, found)
                tried += 1
            if name in schema.get("required", []):
                found = problem(send({k: v for k, v in good.items() if k != name}))
                assert (found["type"], found["loc"], found["msg"]) == ("missing", ["body", name], "Field required")
    assert tried > 150


def test_texts_are_pydantics(teacher):
    """Word for word what FastAPI with Pydantic 2 answers to the same."""
    texts = {
        ("title", None): ("string_type", "Input should be a valid string", None),
        ("title", "x" * 201): ("string_too_long", "String should have at most 200 characters", {"max_length": 200}),
        ("max_participants", 0): ("greater_than_equal", "Input should be greater than or equal to 1", {"ge": 1}),
        ("max_participants", 101): ("less_than_equal", "Input should be less than or equal to 100", {"le": 100}),
        ("max_participants", "x"): ("int_parsing", "Input should be a valid integer, unable to parse string as an integer", None),
        ("max_participants", 1.5): ("int_from_float", "Input should be a valid integer, got a number with a fractional part", None),
        ("enable_chat", "x"): ("bool_parsing", "Input should be a valid boolean, unable to interpret input", None),
        ("scheduled_start", "x"): ("datetime_from_date_parsing", "Input should be a valid datetime or date, input is too short", {"error": "input is too short"}),
    }
    for (name, value), (kind, message, context) in texts.items():
        found = problem(teacher.post("/sessions", {"title": "t", name: value}))
        wanted = {"type": kind, "loc": ["body", name], "msg": message, "input": value}
        assert found == ({**wanted, "ctx": context} if context else wanted)


def test_several_at_once_in_the_order_of_the_fields(teacher):
    reply = teacher.post("/sessions", {"max_participants": 0, "enable_chat": "x", "description": 5})
    assert [p["loc"][1] for p in reply.json()["detail"]] == ["title", "description", "max_participants", "enable_chat"]


@pytest.mark.parametrize("field, given, taken", [
    ("max_participants", "5", 5), ("max_participants", 5.0, 5), ("max_participants", True, 1), ("max_participants", "+7", 7), ("max_participants", " 8 ", 8), ("max_participants", "9.0", 9), ("enable_chat", "no", False), ("enable_chat", 0, False), ("enable_chat", "OFF", False),
    ("enable_chat", 1.0, True), ("title", "é" * 200, "é" * 200), ("description", "", "")])
def test_what_pydantic_would_take_too(teacher, field, given, taken):
    assert teacher.session(**{field: given})[field] == taken


def test_unknown_fields_are_passed_over(teacher):
    assert "nonsense" not in teacher.session(nonsense={"a": [1, 2]}, id=5, teacher_id=99)


def test_order_of_refusals(teacher, stranger, anybody):
    """401, then 422, then 404, then 403, then 400 and 409."""
    session = teacher.session()
    at = f"/sessions/{session['id']}"
    assert anybody.patch("/api/v1" + at, json={"title": 5}).status_code == 401
    assert stranger.patch("/sessions/999999", {"title": 5}).status_code == 422
    assert stranger.patch("/sessions/999999", {"title": "x"}).status_code == 404
    assert stranger.patch(at, {"title": "x"}).status_code == 403
    teacher.patch(at, {"status": "ended"})
    assert stranger.post(at + "/recordings").status_code == 403
    assert teacher.post(at + "/recordings").status_code == 400


def test_database_cannot_be_written(start_roomd):
    """Somebody holds the database for longer than one waits: 503 with a time to come back, and nothing half done."""
    server = start_roomd()
    ada = server.person("Ada")
    with server.database_held():
        assert ada.get("/sessions").json()["total"] == 0  # reading goes on
        reply = ada.post("/sessions", {"title": "t"})
        assert (reply.status_code, reply.json()) == (503, {"detail": "The database cannot be written; try again in a moment"})
        assert reply.headers["retry-after"] == "1"
    until(lambda: ada.post("/sessions", {"title": "t"}).status_code == 201, "it can be written again")
    assert ada.get("/sessions").json()["total"] == 1
