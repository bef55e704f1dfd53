#!/usr/bin/env bash
# Signs in at a real authorization server, with the bridge between a host and a real remote:
# `run.sh BIN [--only FILTER] [--list] [--kills N] [--no-chromium] [--verbose]`. See README.md.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ $# -gt 0 && $1 != --* ]]; then
  MCP_TETHER=$1
  shift
fi
export MCP_TETHER=${MCP_TETHER:?"give the path of the binary, or set MCP_TETHER"}

cache=${MCP_TETHER_TEST_CACHE:-$here/../../target}/oauth-suite
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

# installs FILE by COMMAND once, and again only when FILE has changed
once() {
  local file=$1
  shift
  if ! cmp -s "$here/$file" "$cache/installed-$file"; then
    rm -f "$cache/installed-$file"
    "$@"
    cp "$here/$file" "$cache/installed-$file"
  fi
}

packages() {
  cp "$here/package.json" "$here/package-lock.json" "$cache/"
  (cd "$cache" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
}

python() {
  rm -rf "$cache/python-$1"
  python3 -m venv "$cache/python-$1"
  "$cache/python-$1/bin/pip" install --quiet --disable-pip-version-check \
    --requirement "$here/requirements-$1.txt"
}

browser() {
  if [[ " $* " == *" --no-chromium "* || -n ${CHROMIUM:-} ]] || command -v chromium >/dev/null; then
    return
  fi
  if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    echo "installing chromium" >&2
    { apt-get update && apt-get install -y --no-install-recommends chromium; } \
      >"$cache/apt.log" 2>&1 || echo "chromium could not be installed: see $cache/apt.log" >&2
  fi
}

exec 9>"$cache/.lock" # two runs at once must not install over each other
if command -v flock >/dev/null; then flock 9; fi
once package-lock.json packages
once requirements-fastmcp.txt python fastmcp
browser "$@"
exec 9>&-

CHROMIUM=${CHROMIUM:-$(command -v chromium || true)}
export CHROMIUM MCP_TETHER_SUITE=$cache
exec node --import "$here/packages_from_cache.mjs" "$here/run.mjs" "$@"
