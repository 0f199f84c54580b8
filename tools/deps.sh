#!/bin/bash
# deps.sh run|test|interop: installs what a Debian 12 lacks of what roomd needs; asks the package manager only when something is missing.
set -euo pipefail
run=(gcc libc6-dev meson ninja-build pkg-config python3 libmicrohttpd-dev libwslay-dev libjansson-dev libssl-dev libsodium-dev
     libsqlite3-dev libpq-dev libyaml-dev libcurl4-openssl-dev libsystemd-dev janus janus-tools ffmpeg fonts-dejavu-core)
test=(postgresql g++ clang libclang-rt-14-dev libcmocka-dev chromium python3-venv iproute2 util-linux sqlite3 wrk procps faketime curl)
interop=(redis-tools)
wanted=("${run[@]}")
[ "${1:-run}" = run ] || wanted+=("${test[@]}")
[ "${1:-run}" = interop ] && wanted+=("${interop[@]}")
command -v node >/dev/null || wanted+=(nodejs)
command -v npm >/dev/null || wanted+=(npm)

missing=()
for p in "${wanted[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null || true)" = installed ] || missing+=("$p")
done
[ ${#missing[@]} -gt 0 ] || exit 0
echo "installing: ${missing[*]}"
sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ! { $sudo apt-get update -q && $sudo apt-get install -y -q --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "tools/deps.sh: installing failed; the whole log is $log" >&2
  exit 1
fi
rm -f "$log"
