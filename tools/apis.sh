#!/bin/bash
# apis.sh: the API tests on SQLite and on PostgreSQL, each in two parts, all beside each other.
set -uo pipefail
cd "$(dirname "$0")/.."
out=out/apis
rm -rf $out && mkdir -p $out
failed=0
declare -A runs

run() { # NAME PART MET ARGUMENT...
  local name=$1 part=$2 met=$3
  shift 3
  API_PART=$part ${met:+env API_MET=$met} .venv/bin/pytest -q test/api "$@" >"$out/$name.log" 2>&1 &
  runs[$name]=$!
}
export TEST_DEADLINE=${TEST_DEADLINE:-20}
for part in 1 2; do
  run sqlite-$part $part/2 $out/met-$part.json
  DATABASE=postgresql run postgresql-$part $part/2 "" --ignore test/api/test_two_nodes.py --ignore test/api/test_schemathesis.py
done
for name in sqlite-1 sqlite-2 postgresql-1 postgresql-2; do
  wait "${runs[$name]}" || failed=1
  echo "API tests, $name:"
  cat "$out/$name.log"
done
.venv/bin/python test/api/met.py $out/met-1.json $out/met-2.json || failed=1
exit $failed
