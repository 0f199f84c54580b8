#!/usr/bin/env python3
"""sources.py FOLDER: the C files below it, a line each, main.c excepted; from the project's root."""
import os
import sys

root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
found = []
for folder, _, names in os.walk(os.path.join(root, sys.argv[1])):
    found += [os.path.relpath(os.path.join(folder, n), root) for n in names if n.endswith(".c") and n != "main.c"]
print("\n".join(sorted(found)))
