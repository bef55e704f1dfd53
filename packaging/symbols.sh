#!/usr/bin/env bash
# Notes in `symbols.txt` which functions a short session runs, in their order: `symbols.sh [TARGET]`, for
# a target whose programs run here. Names hold for one build of one target, so each release notes them
# (`build.sh`) and they are not committed. Needs valgrind, and minutes.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
mock=
trap 'kill $mock 2>/dev/null; rm -rf "$work"' EXIT
cd "$root"
target=${1:-}
# Another profile would give other names; only the program itself is linked differently.
cargo rustc --profile dist --locked --package mcp-tether --bin mcp-tether ${target:+--target "$target"} -- -Cstrip=none
program=${CARGO_TARGET_DIR:-target}/${target:+$target/}dist/mcp-tether

: > "$work/mock"
"$program" mock lab --open >> "$work/mock" 2>&1 &
mock=$!
until grep -q '^listening on' "$work/mock"; do kill -0 $mock; sleep 0.1; done
url=$(sed -n 's/^listening on //p' "$work/mock")

mkdir "$work/home"
mkfifo "$work/in"
env -i HOME="$work/home" PATH="$PATH" valgrind --tool=callgrind --demangle=no \
  --callgrind-out-file="$work/profile" "$program" "$url" < "$work/in" > "$work/out" 2> /dev/null &
bridge=$!
exec 3> "$work/in"
answers() { until [[ $(grep -c '"result"' "$work/out") -ge $1 ]]; do kill -0 $bridge; sleep 0.1; done; }
echo '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"symbols","version":"1"}}}' >&3
answers 1
echo '{"jsonrpc":"2.0","method":"notifications/initialized"}' >&3
echo '{"jsonrpc":"2.0","id":2,"method":"tools/list"}' >&3
answers 2
for id in 3 4 5; do
  echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"arguments\":{\"text\":\"x\"}}}" >&3
  answers $id
done
exec 3>&-
wait $bridge

nm "$program" | awk '$2 ~ /[tTwW]/ { print $3 }' | sort -u > "$work/known"
grep -oE '^c?fn=\([0-9]+\) \S+' "$work/profile" | awk '{ print $2 }' | sed "s/'[0-9]*\$//" |
  awk 'NR == FNR { known[$0] = 1; next } known[$0] && !seen[$0]++' "$work/known" - > "$work/symbols"
[[ $(wc -l < "$work/symbols") -gt 500 ]] || { echo 'error: too few functions were seen' >&2; exit 1; }
mv "$work/symbols" packaging/symbols.txt
wc -l packaging/symbols.txt
