#!/usr/bin/env bash
# Makes the archive of one target: `archive.sh TARGET PROGRAM OUT`. The archive holds a folder with the
# program, its man pages and completions, the licenses and the README, and is the same for the same
# content: sorted, without owners, with the time of the commit.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${1:?target} program=${2:?program} out=${3:?folder}
kind=$(awk -v target="$target" '$1 == target { print $3 }' "$root/packaging/targets")
[[ -n $kind ]] || { echo "error: packaging/targets has no \`$target\`" >&2; exit 1; }

mkdir -p "$out"
out=$(cd "$out" && pwd)
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
folder=$staging/mcp-tether-$target
mkdir "$folder"
ending=''
[[ $kind == zip ]] && ending=.exe
cp "$program" "$folder/mcp-tether$ending"
chmod 755 "$folder/mcp-tether$ending"
cp "$root"/{README.md,CHANGELOG.md,LICENSE-MIT,LICENSE-APACHE} "$folder"
# Made by a program that runs here; what they say is the same on every platform.
if [[ -n ${MCP_TETHER_GENERATED:-} ]]; then cp -r "$MCP_TETHER_GENERATED"/{man,completions} "$folder"; fi

if [[ $kind == zip ]]; then
  rm -f "$out/mcp-tether-$target.zip"
  # Windows machines of the release have the first, others the second.
  cd "$staging"
  if command -v 7z >/dev/null; then
    7z a -bso0 -tzip "$out/mcp-tether-$target.zip" "mcp-tether-$target"
  else
    zip -q -r -X "$out/mcp-tether-$target.zip" "mcp-tether-$target"
  fi
else
  time=$(git -C "$root" log -1 --format=%ct 2>/dev/null || echo 0)
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$time" -C "$staging" \
    -cf - "mcp-tether-$target" | gzip -9n > "$out/mcp-tether-$target.tar.gz"
fi
