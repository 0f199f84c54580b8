#!/usr/bin/env python3
"""check_layers.py: arrows between folders point one way. Exits 1 with the includes that do not."""
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src")
# What each folder may include, beside itself, the rows of spec/ and the system's headers.
MAY = {
    "base": set(),
    "model": {"base"},
    "db": {"base", "model"},
    "net": {"base", "model"},
    "livekit": {"base", "model", "net"},
    "dailyco": {"base", "model", "net"},
    "core": {"base", "model", "db", "net/crypto", "net/guard"},
    "provider": {"base", "model", "net", "core", "livekit", "dailyco"},
    "sink": {"base", "model", "net", "core"},
    "matrix": {"base", "model", "net", "core"},
    "stream": {"base", "model", "db", "net", "core", "matrix"},
    "webhook": {"base", "model", "db", "net", "core"},
    "call": {"base", "model", "db", "net", "core", "provider"},
    "jobs": {"base", "model", "db", "net", "core", "provider", "sink", "dailyco"},
    "api": {"base", "model", "db", "net", "core", "sink", "matrix", "dailyco"},
    "cli": {"base", "model", "db", "net", "core", "provider", "sink", "call", "jobs", "api", "matrix", "stream", "livekit", "dailyco", "webhook"},
    "main.c": {"cli"},
}


def allowed(folder, target):
    parts = target.split("/")
    return parts[0] == folder or parts[0] in MAY[folder] or "/".join(parts[:2]).removesuffix(".h") in MAY[folder]


def main():
    wrong = []
    for where, _, names in os.walk(ROOT):
        for name in names:
            path = os.path.relpath(os.path.join(where, name), ROOT)
            folder = path.split("/")[0]
            with open(os.path.join(where, name), encoding="utf-8") as f:
                for number, line in enumerate(f, 1):
                    m = re.match(r'#include "([^"]+)"', line)
                    if m and "/" in m[1] and not m[1].startswith("spec/") and not allowed(folder, m[1]):
                        wrong.append(f"src/{path}:{number}: {folder} may not include {m[1]}")
    print("\n".join(wrong) if wrong else "layers: every arrow points down")
    return bool(wrong)


sys.exit(main())
