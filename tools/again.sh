#!/bin/bash
# again.sh [--failed] NAME COMMAND…: runs COMMAND, a pytest. Where at most three of its tests fail, these are run once more, alone, and have to pass;
# they are named all the same ("needs a look"): a test that fails beside others depends on how fast they are. --failed: only the second run, for later.
set -uo pipefail
cd "$(dirname "$0")/.."
second=
[ "$1" = --failed ] && second=1 && shift
name=$1 kept=$PWD/out/again/$1
shift
options=(-o "cache_dir=$kept")
if [ -z "$second" ]; then
  rm -rf "$kept" "$kept.look" && mkdir -p "$kept"
  "$@" "${options[@]}"
  code=$?
  [ $code = 1 ] || exit $code # 1: some failed; others are not about single tests
  [ -n "${LATER:-}" ] && exit 1
fi
mapfile -t failed < <(python3 -c 'import json, sys; print("\n".join(json.load(open(sys.argv[1]))))' "$kept/v/cache/lastfailed" 2>/dev/null)
if [ ${#failed[@]} = 0 ] || [ ${#failed[@]} -gt 3 ]; then
  echo "$name: ${#failed[@]} tests failed, which is no case for a second run"
  exit 1
fi
echo "$name: once more, alone: ${failed[*]}"
"$@" "${options[@]}" --last-failed --last-failed-no-failures none || exit 1
for test in "${failed[@]}"; do
  echo "needs a look: $test failed, and passed when it was run alone"
done | tee "$kept.look"
