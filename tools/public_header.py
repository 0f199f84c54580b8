#!/usr/bin/env python3
"""public_header.py TEMPLATE.h.in OUT.h KEY=FILE.def…: a header that other programs install, out of the rows that the library itself is made of.

A line of the template that is only @KEY@ gives way to what the rows of that file say: structs of models (spec/models/*.def, rows of roomd's kinds and
of LiveKit's), enums (ENUM_TYPE or WORDS), prototypes (CALL; ASK and SEND). Structs come with the rows' sentences as comments. Nothing else of the template is touched.
--depend FILE writes which files it read."""
import os
import re
import sys
import textwrap

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
ROW = re.compile(r"^\s*([A-Z][A-Z_]*)\s*\((.*)\)\s*(?:/\*.*\*/)?\s*$")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
COLUMN, WIDTH = 44, 150
LISTS = {"LIST", "MESSAGES", "TEXTS", "STRINGS", "CHOICES"}
PLAIN = {"STR": "const char *", "EMAIL": "const char *", "UUID": "const char *", "ANY": "const char *", "STRING": "const char *",
         "WORD": "const char *", "PICK": "const char *", "MIXED": "const char *", "REAL": "double ",
         "INT": "int64_t ", "TIME": "int64_t ", "FUTURE": "int64_t ", "STAMP": "int64_t ", "INTEGER": "int64_t ", "DURATION": "int64_t ", "MOMENT": "int64_t ",
         "BOOL": "bool ", "FLAG": "bool ", "DOUBLE": "double ", "ENUM": "int ", "CHOICE": "int "}
read = []


def split(text):
    """The arguments of a row; commas in strings and in brackets are none."""
    parts, depth, quoted, start = [], 0, False, 0
    for i, c in enumerate(text):
        if c == '"' and (i == 0 or text[i - 1] != "\\"):
            quoted = not quoted
        elif not quoted and c in "()":
            depth += 1 if c == "(" else -1
        elif not quoted and not depth and c == ",":
            parts.append(text[start:i].strip())
            start = i + 1
    return [*parts, text[start:].strip()]


def pieces(path):
    """Rows and #define lines as whole lines: either may go over several."""
    read.append(path)
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        text = ""
        for line in f:
            include = re.match(r'#include "(.*)"', line)
            if include:
                yield from pieces(include[1])
            elif text or re.match(r"\s*[A-Z_]+\s*\(|#define ", line):
                text += " " + line.strip()
                if text.endswith("\\"):
                    text = text[:-1]
                elif text.startswith(" #define") or ROW.match(text):
                    yield text.strip()
                    text = ""
        if text:
            sys.exit(f"{path}: a row has no end: {text[:80]}")


def rows(path):
    """Kind and arguments of each. Rows that several models share are a macro: #define SHARED(m) KIND(m, …) KIND(m, …)."""
    shared = {}
    for text in pieces(path):
        macro = re.match(r"#define\s+(\w+)\((\w+)\)\s+(.*)", text)
        if macro:
            shared[macro[1]] = [ROW.match(row).groups() for row in re.split(r"(?<=\))\s+(?=[A-Z]+ *\()", macro[3])]
            continue
        kind, arguments = ROW.match(text).groups()
        for kind, arguments in [(kind, arguments)] if kind not in shared else [(k, re.sub(r"^m\b", arguments, a)) for k, a in shared[kind]]:
            yield kind, split(arguments)


def sentence(word):
    return "".join(STRING.findall(word)).replace('\\"', '"').replace("*/", "* /")


def comment(text, indent=""):
    lines = textwrap.wrap(text, WIDTH - len(indent) - 6)
    return f"{indent}/* " + f"\n{indent} * ".join(lines) + " */\n" if lines else ""


def beside(code, text):
    """A comment after the line, or before it when it is long."""
    if not text:
        return code + "\n"
    if max(len(code), COLUMN) + len(text) + 7 <= WIDTH:
        return f"{code:<{COLUMN - 1}} /* {text} */\n"
    return comment(text, "    ") + code + "\n"


def sub_of(kind, arguments):
    """The type that a field refers to: roomd's rows say a need before it."""
    after = arguments[2:]
    return after[1] if kind in ("ENUM", "OBJ", "LIST") else after[0]


def list_of(kind, arguments):
    if kind in ("LIST", "MESSAGES"):
        return f"const struct {sub_of(kind, arguments)} *"
    return "const int *" if kind == "CHOICES" else "const char *const *"


def words_of(name):
    """What spec/words.def has of it."""
    with open(os.path.join(ROOT, "spec/words.def"), encoding="utf-8") as f:
        row = re.search(rf"^WORDS\({name}, (.*?)\)$", f.read(), re.M | re.S)
    return [word or '""' for word in STRING.findall(row[1])[1:]]


def field(kind, arguments):
    name, text = arguments[1], sentence(arguments[-1])
    if kind in ("WORD", "PICK"):
        text += f" {', '.join(words_of(arguments[3]))}{', or a JSON list of them behind DAILYCO_JSON_MARK' if kind == 'PICK' else ''}."
    prefix = arguments[0].split("_")[0]
    if kind in ("ENUM", "CHOICE", "CHOICES"):
        text = f"{'Of e' if kind == 'CHOICES' else 'E'}num {sub_of(kind, arguments)}. {text}".strip()
    if kind in LISTS:
        code = f"struct {{ {list_of(kind, arguments)}items; size_t count; }} {name};"
    elif kind in ("OBJ", "MESSAGE"):
        code = f"const struct {sub_of(kind, arguments)} *{name};"
    elif kind == "MAP":
        code = f"struct {{ const struct {prefix}_pair *items; size_t count; }} {name};"
    elif kind == "BYTES":
        code = f"struct {{ const void *data; size_t size; }} {name};"
    elif kind == "TRISTATE":
        code = f"enum {prefix}_tristate {name};"
    elif kind in PLAIN:
        code = PLAIN[kind] + name + ";"
    else:
        sys.exit(f"a row of kind {kind} is none that public_header.py knows: {arguments}")
    return beside("    " + code, text)


def models(path):
    """With roomd's rows a struct ends with its bits, and an enum numbers them."""
    out, names = [], []
    for kind, arguments in rows(path):
        if kind in ("MODEL", "PROTO"):
            out.append(f"{comment(sentence(arguments[1]))}struct {arguments[0]} {{\n")
            names = []
        elif kind == "END":
            numbers = ", ".join(f"{arguments[0]}_f_{name}" for name in names) + f", {arguments[0]}_field_count"
            out.append("    uint64_t bits_present, bits_null;\n};\n" + textwrap.fill(f"enum {{ {numbers} }};", WIDTH, subsequent_indent="    ") + "\n\n")
        elif kind == "END_PROTO":
            out.append(("" if names else "    char unused;\n") + "};\n\n")
        elif kind == "MORE":
            names.append("more")
            out.append(beside("    const char *more;", "Members that this list has not, as a JSON object."))
        else:
            names.append(arguments[1])
            out.append(field(kind, arguments))
    return "".join(out)


def enums(path):
    out = []
    for kind, arguments in rows(path):
        if kind in ("ENUM_TYPE", "WORDS"):
            out.append(f"{comment(sentence(arguments[1]))}enum {arguments[0]} {{\n")
        elif kind == "VALUE":
            out.append(beside(f"    {arguments[0]}_{arguments[1]},", sentence(arguments[2])))
        elif kind == "WORD":
            out.append(f"    {arguments[3]} = {arguments[2]},\n")
        elif kind == "END_ENUM":
            out.append(f"    {arguments[0]}_count\n}};\n\n")
        elif kind == "END_WORDS":
            out.append("};\n\n")
    return "".join(out)


def calls(path):
    out = []
    for kind, (name, service, method, request, reply, *_, doc) in rows(path):
        prefix = request.split("_")[0]
        out.append(comment(sentence(doc) + f" ({service}/{method})") +
                   f"{prefix.upper()}_API struct {reply} *{prefix}_{name}(struct {prefix} *c, const struct {request} *r, struct {prefix}_memory *m, struct {prefix}_error *e);\n")
    return "".join(out)


def rest_calls(path):
    """ASK and SEND: without and with a request; …_OF: of a thing that is named."""
    out = []
    for kind, arguments in rows(path):
        name, *arguments, doc = arguments
        of = f"const char *{arguments.pop(0)}, " if kind.endswith("_OF") else ""
        method, where, *requests, reply = arguments[:4 if kind.startswith("SEND") else 3]
        prefix, request = reply.split("_")[0], f"const struct {requests[0]} *r, " if requests else ""
        out.append(comment(sentence(doc) + f" ({method} {sentence(where).replace('%s', '…')})") +
                   f"{prefix.upper()}_API struct {reply} *{prefix}_{name}(struct {prefix} *c, {of}{request}struct {prefix}_memory *m, struct {prefix}_error *e);\n")
    return "".join(out)


def made_of(path):
    kinds = {kind for kind, _ in rows(path)}
    make = calls if "CALL" in kinds else rest_calls if kinds & {"ASK", "SEND"} else enums if kinds & {"ENUM_TYPE", "WORDS"} else models
    return make(path).rstrip("\n") + "\n"


def main(template, out, *words):
    depend = words[words.index("--depend") + 1] if "--depend" in words else None
    parts = dict(word.split("=", 1) for word in words if "=" in word)
    with open(template, encoding="utf-8") as f:
        text = f.read()
    for key, path in parts.items():
        if f"@{key}@\n" not in text:
            sys.exit(f"{template} has no line @{key}@")
        text = text.replace(f"@{key}@\n", made_of(path))
    with open(out, "w", encoding="utf-8") as f:
        f.write(text)
    if depend:
        with open(depend, "w", encoding="utf-8") as f:
            f.write(f"{out}: {' '.join(sorted({os.path.abspath(os.path.join(ROOT, path)) for path in read}))} {os.path.abspath(template)}\n")


main(*sys.argv[1:])
