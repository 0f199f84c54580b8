"""Daily's published OpenAPI document, reduced to what a program can check: `daily_shapes.py DOCUMENT > test/captures/daily_shapes.json`.

Of each route the shape of its body and of its 200 answer, and of each webhook event the shape of its payload: types, words, what is required, what may be null.
No prose, samples or defaults. Run it again when Daily publishes another version; test/judge.py says where the document is excused."""
import json
import sys

KEPT = {"type", "properties", "items", "required", "enum", "nullable", "additionalProperties", "oneOf", "anyOf", "allOf", "$ref", "minimum", "maximum", "maxItems", "minItems", "uniqueItems"}


def schema(s):
    if not isinstance(s, dict):
        return s
    out = {}
    for key, value in s.items():
        if key == "properties":
            out[key] = {name: schema(inner) for name, inner in value.items()}
        elif key in ("oneOf", "anyOf", "allOf"):
            out[key] = [schema(inner) for inner in value]
        elif key in ("items", "additionalProperties"):
            out[key] = schema(value)
        elif key in KEPT:
            out[key] = value
    return out


def body_of(part):
    return schema(part.get("content", {}).get("application/json", {}).get("schema", {})) or None


def main():
    document = json.load(open(sys.argv[1]))
    paths = {path: {method: {"body": body_of(o.get("requestBody", {})), "answer": body_of(o["responses"].get("200", {}))} for method, o in ways.items() if method in ("get", "post", "put", "patch", "delete")}
             for path, ways in document["paths"].items()}
    out = {"version": document["info"]["version"], "paths": paths, "schemas": {name: schema(s) for name, s in document["components"]["schemas"].items()}}
    print(json.dumps(out, separators=(",", ":"), sort_keys=True).replace('},"', '},\n"'))


main()
