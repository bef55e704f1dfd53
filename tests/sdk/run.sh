#!/usr/bin/env bash
# Puts real hosts in front of real remotes, with the bridge between: `run.sh BIN [--only FILTER]`.
# BIN (or the variable MCP_TETHER) may be a command with arguments. See README.md.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ $# -gt 0 && $1 != --* ]]; then
  MCP_TETHER=$1
  shift
fi
export MCP_TETHER=${MCP_TETHER:?"give the path of the binary, or set MCP_TETHER"}

cache=${MCP_TETHER_TEST_CACHE:-$here/../../target}/sdk-suite
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

exec 9>"$cache/.lock" # two runs at once must not install over each other
if command -v flock >/dev/null; then flock 9; fi
once package-lock.json packages
once requirements-1.txt python 1
once requirements-2.txt python 2
once requirements-fastmcp.txt python fastmcp
cargo build --quiet --locked --manifest-path "$here/hosts/rmcp/Cargo.toml" --target-dir "$cache/rust"
exec 9>&-

export MCP_TETHER_SUITE=$cache
if [[ $# -eq 0 ]]; then node "$here/direct.mjs"; fi
exec node "$here/run.mjs" "$@"
