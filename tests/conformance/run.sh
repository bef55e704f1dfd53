#!/usr/bin/env bash
# Runs the official conformance suite against the bridge, and its server half against the mock:
# `run.sh BIN [clients|servers] [--only FILTER]`; without a word, both.
# BIN (or the variable MCP_TETHER) may be a command with arguments. See README.md.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ $# -gt 0 && $1 != --* ]]; then
  MCP_TETHER=$1
  shift
fi
export MCP_TETHER=${MCP_TETHER:?"give the path of the binary, or set MCP_TETHER"}

halves=(run servers)
if [[ ${1:-} == clients ]]; then
  halves=(run)
  shift
elif [[ ${1:-} == servers ]]; then
  halves=(servers)
  shift
fi

cache=${MCP_TETHER_TEST_CACHE:-$here/../../target}/conformance-suite
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
exec 9>"$cache/.lock" # two runs at once must not install over each other
if command -v flock >/dev/null; then flock 9; fi
if ! cmp -s "$here/package-lock.json" "$cache/.installed"; then
  rm -f "$cache/.installed"
  cp "$here/package.json" "$here/package-lock.json" "$cache/"
  (cd "$cache" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  cp "$here/package-lock.json" "$cache/.installed"
fi
exec 9>&-

export MCP_TETHER_SUITE=$cache
failed=0
for half in "${halves[@]}"; do
  node "$here/$half.mjs" "$@" || {
    # 2: the filter fits nothing in this half, which may be meant.
    code=$?
    [[ $code == 2 && ${#halves[@]} == 2 ]] || failed=$code
  }
done
exit "$failed"
