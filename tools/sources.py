#!/usr/bin/env python3
"""sources.py FOLDER…: the C and SQL files below them, a line each, main.c excepted; from the project's root. --sql: the SQL alone, else the C alone; --all: both."""
import os
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
endings = (".c", ".sql") if "--all" in sys.argv else (".sql",) if "--sql" in sys.argv else (".c",)
found = []
for start in (word for word in sys.argv[1:] if not word.startswith("--")):
    for folder, _, names in os.walk(os.path.join(ROOT, start)):
        found += [os.path.relpath(os.path.join(folder, n), ROOT) for n in names if n.endswith(endings) and n != "main.c"]
print("\n".join(sorted(found)))
