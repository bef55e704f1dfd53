#!/usr/bin/env bash
# install.sh in several shells, against a server on this machine: `run.sh BIN`. BIN is what is
# released. Needs dash, busybox and Node.js; shellcheck where it is.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
binary=$(realpath "${1:?"give the path of the binary"}")
WORK=$(mktemp -d)
server=''
trap '[[ -z $server ]] || kill "$server"; rm -rf "$WORK"' EXIT
export WORK

shellcheck "$root/install.sh" "$here/cases.sh" "$here/run.sh" "$root"/packaging/*.sh

# Every target for which the script may ask is released.
for target in {x86_64,aarch64}-{unknown-linux-musl,apple-darwin}; do
  grep -q "^$target .*tar\.gz" "$root/packaging/targets" || { echo "$target is not released"; exit 1; }
done

target=$(uname -m)-unknown-linux-musl
VERSION=$("$binary" --version | cut -d' ' -f2)
ARCHIVE=mcp-tether-$target.tar.gz
export VERSION ARCHIVE

# A mirror: MIRROR PROGRAM makes WORK/releases/MIRROR with its checksums.
mirror() {
  local folder=$WORK/releases/$1/latest/download
  "$root/packaging/archive.sh" "$target" "$2" "$folder"
  (cd "$folder" && sha256sum "$ARCHIVE" > SHA256SUMS)
}
mirror good "$binary"
mkdir -p "$WORK/releases/good/download"
cp -r "$WORK/releases/good/latest/download" "$WORK/releases/good/download/v$VERSION"
printf '#!/bin/sh\nexit 1\n' > "$WORK/broken"
mirror does-not-run "$WORK/broken"
mirror wrong-checksum "$WORK/broken"
sed -i 's/^./x/' "$WORK/releases/wrong-checksum/latest/download/SHA256SUMS"
mirror no-checksum "$WORK/broken"
: > "$WORK/releases/no-checksum/latest/download/SHA256SUMS"
mirror not-an-archive "$WORK/broken"
(cd "$WORK/releases/not-an-archive/latest/download" && echo no > "$ARCHIVE" && sha256sum "$ARCHIVE" > SHA256SUMS)

coproc SERVE { exec node "$here/serve.mjs" "$WORK/releases"; }
server=$SERVE_PID
read -r port <&"${SERVE[0]}"
export SERVER=http://127.0.0.1:$port INSTALLER=$root/install.sh

code=0
for shell in dash 'busybox sh' bash; do
  $shell "$here/cases.sh" "$shell" || code=1
done
exit "$code"
