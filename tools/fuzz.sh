#!/bin/bash
# fuzz.sh: every parser under libFuzzer for FUZZ_SECONDS each (default 5), on the kept corpus in test/fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-5}
[ -f build-fuzz/build.ninja ] || CC=clang meson setup build-fuzz -Db_sanitize=address,undefined -Db_lundef=false -Dfuzz=true >/dev/null
ninja -C build-fuzz --quiet
for target in build-fuzz/fuzz_*; do
  [ -x "$target" ] && [ -f "$target" ] || continue
  name=$(basename "$target"); name=${name#fuzz_}
  mkdir -p "test/fuzz/corpus/$name" "build-fuzz/found/$name"
  echo "fuzz $name, $seconds s"
  log=build-fuzz/found/$name.log
  UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 "$target" -max_total_time="$seconds" -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build-fuzz/found/" "build-fuzz/found/$name" "test/fuzz/corpus/$name" >"$log" 2>&1 || { tail -n 40 "$log"; echo "fuzz $name failed"; exit 1; }
  grep -E "stat::number_of_executed_units" "$log"
done
