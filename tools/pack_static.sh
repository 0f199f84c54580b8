#!/bin/bash
# pack_static.sh OUT.a IN.a: one object of all of IN's, in which only what is exported (visibility "default") keeps its name: a program that links it may
# have functions of the same names as the inner ones.
set -euo pipefail
out=$1 in=$2 work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ld -r --whole-archive "$in" -o "$work/all.o"
objcopy --localize-hidden "$work/all.o" "$work/$(basename "${out%.a}").o"
rm -f "$out"
ar rcsD "$out" "$work/$(basename "${out%.a}").o"
