#!/bin/bash
# fuzz.sh [TARGET]: every parser, or one, under libFuzzer for FUZZ_SECONDS each (default 5), on the kept corpus in test/fuzz/corpus; as many at once as there are cores.
set -euo pipefail
cd "$(dirname "$0")/.."
export FUZZ_SECONDS=${FUZZ_SECONDS:-5}
if [ $# = 0 ]; then
  [ -f build-fuzz/build.ninja ] || CC=clang meson setup build-fuzz -Db_sanitize=address,undefined -Db_lundef=false -Dfuzz=true >/dev/null
  ninja -C build-fuzz --quiet
  find build-fuzz -maxdepth 1 -type f -executable -name 'fuzz_*' | sort | xargs -P "$(nproc)" -n 1 tools/fuzz.sh
  exit
fi
name=$(basename "$1") name=${name#fuzz_}
mkdir -p "test/fuzz/corpus/$name" "build-fuzz/found/$name"
log=build-fuzz/found/$name.log
UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 "build-fuzz/fuzz_$name" -max_total_time="$FUZZ_SECONDS" -rss_limit_mb=2048 -print_final_stats=1 \
  -artifact_prefix="build-fuzz/found/" "build-fuzz/found/$name" "test/fuzz/corpus/$name" >"$log" 2>&1 || { tail -n 40 "$log"; echo "fuzz $name failed"; exit 1; }
echo "fuzz $name, $FUZZ_SECONDS s, inputs tried: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
