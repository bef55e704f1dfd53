#!/usr/bin/env bash
# Real hosts read the entries that `mcp-tether install` writes: `run.sh BIN [HOST …]`. See README.md.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=${1:?"give the path of the binary"}
cache=${MCP_TETHER_TEST_CACHE:-$here/../../target}/hosts-suite
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

exec 9>"$cache/.lock" # two runs at once must not install over each other
if command -v flock >/dev/null; then flock 9; fi
if ! cmp -s "$here/package-lock.json" "$cache/installed-package-lock.json"; then
  cp "$here/package.json" "$here/package-lock.json" "$cache/"
  # Not `npm ci`: it refuses a lock that lacks the packages of other platforms, which a registry may not have.
  (cd "$cache" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error)
  cp "$here/package-lock.json" "$cache/installed-package-lock.json"
fi
exec 9>&-

exec node "$here/run.mjs" "$(realpath "$binary")" "$cache" "${@:2}"
