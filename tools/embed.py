#!/usr/bin/env python3
"""embed.py OUT.c FILE…: the migrations as C text, in the order of their numbers."""
import os
import sys


def quoted(line):
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"'


def main(out, files):
    with open(out, "w") as c:
        c.write('#include "db/migrations.h"\n\nconst struct migration migrations[] = {\n')
        for path in sorted(files, key=os.path.basename):
            name = os.path.basename(path)
            with open(path) as f:
                text = "\n        ".join(quoted(line) for line in f.read().splitlines())
            c.write(f'    {{{int(name.split("_")[0])}, "{name}",\n        {text}}},\n')
        c.write("    {0, 0, 0}};\n")


main(sys.argv[1], sys.argv[2:])
