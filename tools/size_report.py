#!/usr/bin/env python3
"""size_report.py: how long functions and files are. Exits 1 above the limits of CONTRIBUTING: a function 80 lines, a file 600."""
import os
import re
import statistics
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
LONGEST_FUNCTION, LONGEST_FILE = 80, 600


def functions(lines):
    """A function begins at a line in the first column that is followed by a lone '{', and ends at a lone '}'."""
    start = None
    for i, line in enumerate(lines):
        if line == "{" and i and not lines[i - 1].startswith((" ", "#", "}")):
            start = i - 1
        elif line == "}" and start is not None:
            yield start, i
            start = None


def main():
    lengths, files, over = [], [], []
    for where, _, names in os.walk(os.path.join(ROOT, "src")):
        for name in names:
            if not re.search(r"\.[ch]$", name):
                continue
            path = os.path.relpath(os.path.join(where, name), ROOT)
            with open(os.path.join(where, name), encoding="utf-8") as f:
                lines = f.read().split("\n")
            files.append(len(lines))
            if len(lines) > LONGEST_FILE:
                over.append(f"{path}: {len(lines)} lines")
            for start, end in functions(lines):
                lengths.append(end - start + 1)
                if end - start + 1 > LONGEST_FUNCTION:
                    over.append(f"{path}:{start + 1}: a function of {end - start + 1} lines")
    lengths.sort()
    print(f"sizes: {len(lengths)} functions, median {statistics.median(lengths):.0f}, p90 {lengths[len(lengths) * 9 // 10]}, longest {lengths[-1]}; "
          f"{len(files)} files, median {statistics.median(files):.0f}, longest {max(files)}")
    print("\n".join(over), end="\n" if over else "")
    return bool(over)


sys.exit(main())
