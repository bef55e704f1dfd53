#!/usr/bin/env bash
# Signs in at real authorization servers that are not ours: `run.sh BIN [--only FILTER] [--list]`.
# See README.md.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ $# -gt 0 && $1 != --* ]]; then
  MCP_TETHER=$1
  shift
fi
export MCP_TETHER=${MCP_TETHER:?"give the path of the binary, or set MCP_TETHER"}

cache=${MCP_TETHER_TEST_CACHE:-$here/../../target}/authservers-suite
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

# installs FILE by COMMAND once, and again only when FILE has changed
once() {
  local file=$1
  shift
  if ! cmp -s "$here/$file" "$cache/installed-${file//\//-}"; then
    rm -f "$cache/installed-${file//\//-}"
    "$@"
    cp "$here/$file" "$cache/installed-${file//\//-}"
  fi
}

python() {
  rm -rf "$cache/python-$1"
  python3 -m venv "$cache/python-$1"
  "$cache/python-$1/bin/pip" install --quiet --disable-pip-version-check \
    --requirement "$here/$2"
}

packages() {
  cp "$here/package.json" "$here/package-lock.json" "$cache/"
  (cd "$cache" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
}

exec 9>"$cache/.lock" # two runs at once must not install over each other
if command -v flock >/dev/null; then flock 9; fi
once requirements-mcp1.txt python mcp1 requirements-mcp1.txt
once requirements-mcp2.txt python mcp2 requirements-mcp2.txt
once ../oauth/requirements-fastmcp.txt python fastmcp ../oauth/requirements-fastmcp.txt
once requirements-django.txt python django requirements-django.txt
once requirements-authlib.txt python authlib requirements-authlib.txt
once package-lock.json packages
exec 9>&-

export MCP_TETHER_SUITE=$cache
exec node "$here/run.mjs" "$@"
