#!/usr/bin/env bash
# Puts real proxies between the bridge and a server: `run.sh BIN [--only FILTER]`. See README.md.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ $# -gt 0 && $1 != --* ]]; then
  MCP_TETHER=$1
  shift
fi
MCP_TETHER=$(realpath "${MCP_TETHER:?"give the path of the binary, or set MCP_TETHER"}")
export MCP_TETHER

if ! command -v microsocks >/dev/null || ! command -v danted >/dev/null; then
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends microsocks dante-server
fi

cache=${MCP_TETHER_TEST_CACHE:-$here/../../target}/proxy-suite
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

exec 9>"$cache/.lock" # two runs at once must not install over each other
if command -v flock >/dev/null; then flock 9; fi
if ! cmp -s "$here/package-lock.json" "$cache/package-lock.json"; then
  cp "$here/package.json" "$here/package-lock.json" "$cache/"
  (cd "$cache" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
fi
# apart from each other: what px brings keeps pproxy from starting
for name in pproxy px; do
  file=requirements-$name.txt
  if ! cmp -s "$here/$file" "$cache/$file"; then
    rm -rf "$cache/$name"
    python3 -m venv "$cache/$name"
    "$cache/$name/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/$file"
    cp "$here/$file" "$cache/"
  fi
done
exec 9>&-

cp "$here"/*.mjs "$cache/"
export MCP_TETHER_SUITE=$cache
exec node "$cache/run.mjs" "$@"
