#!/bin/bash
# apis.sh: the API tests on SQLite and on PostgreSQL, each in two parts, all beside each other; what failed once more, alone (again.sh).
set -uo pipefail
cd "$(dirname "$0")/.."
out=out/apis
rm -rf $out && mkdir -p $out
failed=0
declare -A runs
parts=(sqlite-1 sqlite-2 postgresql-1 postgresql-2)

part() { # WHICH NAME: as again.sh has it, --failed or nothing
  local name=$2 number=${2#*-} met=
  local tests=(test/api)
  case $name in
    sqlite-*) met=$out/met-$number${1:+-again}.json ;;
    *) export DATABASE=postgresql && tests+=(--ignore test/api/test_two_nodes.py --ignore test/api/test_schemathesis.py) ;;
  esac
  API_PART=$number/2 ${met:+env API_MET=$met} tools/again.sh $1 "$name" .venv/bin/pytest -q "${tests[@]}"
}

set -m # each part is a group of processes, which ends when this is interrupted
trap 'kill -- $(jobs -p | sed s/^/-/) 2>/dev/null' EXIT
trap 'exit 130' INT TERM
for name in "${parts[@]}"; do
  (LATER=1 part "" "$name") >"$out/$name.log" 2>&1 &
  runs[$name]=$!
done
for name in "${parts[@]}"; do
  wait "${runs[$name]}"
  runs[$name]=$?
  echo "API tests, $name:"
  cat "$out/$name.log"
done
for name in "${parts[@]}"; do
  case ${runs[$name]} in
    0) ;;
    1) (part --failed "$name") || failed=1 ;;
    *) failed=1 ;;
  esac
done
.venv/bin/python test/api/met.py $out/met-*.json || failed=1
exit $failed
