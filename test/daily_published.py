"""Daily's own OpenAPI document as a judge: of what our stand-in of Daily answers, of what roomd sends to Daily, and of what roomd answers and sends in Daily's place.

The shapes are in test/captures/daily_shapes.json (tools/daily_shapes.py). Where the document contradicts its own samples, or Daily's pages, the samples are right;
those places are EXCUSED, each with its reason. What is excused is nothing else."""
import functools
import json
import pathlib
import re

from jsonschema import Draft4Validator

SHAPES = json.loads((pathlib.Path(__file__).resolve().parent / "captures" / "daily_shapes.json").read_text())

EXCUSED = [
    ("", r"^None is not (of type|one of|valid under)", "nulls are in its own samples, and reset a property"),
    ("", r"^\d+\.\d+ is not of type 'integer'", "exp with a fraction is what clients send and get back"),
    ("", r"^(True|False) is not of type 'array'", "canSend and canAdmin are booleans in every sample"),
    ("event", r"'id' was unexpected", "every event of Daily's pages has an id; the document lists it for transcripts alone"),
    ("event recording.error", r"'cloud-recording-error' is not one of \['clourd", "a slip of the pen"),
    ("event recording.error", r"'\d+' is not of type 'integer'", "the timestamp is a text in the sample"),
    ("event recording.ready-to-download", r"'share_token' was unexpected", "in the sample"),
    ("event recording.ready-to-download", r"'s3Key' was unexpected", "s3key in the document, s3Key on Daily's pages"),
    ("event recording.started", r"'room_name' was unexpected", "roomd says it, since nothing else tells the room (doc/daily-facade.md)"),
    ("answer GET /meetings/", r"'participants' was unexpected", "as lists have it"),
]
# Their schemas are of something else, or of nothing: participants have a meeting's fields, one webhook is said to be a list.
WRONG = {("GET", "/meetings/{meeting}/participants"), ("GET", "/webhooks/{id}"), ("DELETE", "/batch/rooms")}


def _flat(s):
    """additionalProperties beside $ref or nullable are not of draft 4; the rest is."""
    return {k: v for k, v in s.items() if k != "nullable"} if "$ref" not in s else {"$ref": s["$ref"]}


def _draft4(s):
    if isinstance(s, dict):
        return _flat({k: _draft4(v) for k, v in s.items()})
    return [_draft4(x) for x in s] if isinstance(s, list) else s


COMPONENTS = {"schemas": _draft4(SHAPES["schemas"])}


@functools.cache
def _route(method, path):
    for pattern, ways in SHAPES["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path.rstrip("/") or "/") and method.lower() in ways:
            return None if (method, pattern) in WRONG else ways[method.lower()]
    return None


@functools.cache
def _validator(text):
    return Draft4Validator({**_draft4(json.loads(text)), "components": COMPONENTS})


def _problems(about, schema, value):
    if not schema:
        return []
    found = [e.message for e in _validator(json.dumps(schema)).iter_errors(value)]
    return [f"{about}: {m}" for m in found if not any(about.startswith(where) and re.search(text, m) for where, text, _ in EXCUSED)]


def answer(method, path, value):
    """What is wrong with an answer of 200; an empty list: nothing, or the document does not know the route."""
    route = _route(method, path.split("?")[0])
    return _problems(f"answer {method} {path}", route and route["answer"], value)


def body(method, path, value):
    route = _route(method, path.split("?")[0])
    return _problems(f"body {method} {path}", route and route["body"], value)


def knows(method, path):
    return any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path) and method.lower() in ways for pattern, ways in SHAPES["paths"].items())


def event(value):
    return _problems(f"event {value['type']}", {"$ref": "#/components/schemas/" + re.sub(r"[.-]", "_", value["type"])}, value)
