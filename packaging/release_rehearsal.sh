#!/usr/bin/env bash
# Goes through a release on this machine: `release_rehearsal.sh [BIN]`. Makes the packages of every
# target, installs each that runs here in an empty root, signs and verifies the checksums, and prints a
# table. Without BIN it builds the release of x86_64-unknown-linux-musl first. What cannot be done here is
# said. The exit code is 1 if anything failed.
# Functions are called by name, and no target has a space:
# shellcheck disable=SC2317,SC2013
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
server=
trap '[[ -n $server ]] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
files=$work/files
mkdir -p "$files"
table=$work/table
failed=0
target=x86_64-unknown-linux-musl
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -1)

# row NAME COMMAND…: runs it and records the result; exit code 3 means that it cannot be done here.
row() {
  local name=$1 start=$SECONDS code
  shift
  "$@" > "$work/log" 2>&1
  code=$?
  case $code in
    0) printf '%-44s ok       %3s s\n' "$name" $((SECONDS - start)) ;;
    3) printf '%-44s skipped  %s\n' "$name" "$(tail -1 "$work/log")" ;;
    *) failed=1; printf '%-44s FAILED\n' "$name"; sed 's/^/    /' "$work/log" | tail -20 ;;
  esac | tee -a "$table"
  [[ $code == 0 || $code == 3 ]] || failed=1
}
skip() { echo "$1"; return 3; }
runs() { [[ $("$1" --version) == "mcp-tether $version" ]]; }

build() { "$root/packaging/build.sh" "$target" "$files"; }
archives() {
  printf '#!/bin/sh\n' > "$work/other"
  local each program
  for each in $(grep -v '^#' "$root/packaging/targets" | cut -d' ' -f1); do
    program=$work/other
    [[ $each == "$target" ]] && program=$binary
    "$root/packaging/archive.sh" "$each" "$program" "$files" || return
    python3 "$root/packaging/wheel.py" "$each" "$program" "$files" || return
  done
}
debian() { "$root/packaging/deb.sh" "$target" "$binary" "$files"; }
rpm_package() { command -v rpmbuild || { skip 'no rpmbuild'; return; }; "$root/packaging/rpm.sh" "$target" "$binary" "$files"; }
bundle() { "$binary" pack --output "$files/mcp-tether-$target.mcpb"; }
crates() { cd "$root" && cargo package --workspace --no-verify --allow-dirty --quiet && cargo package --workspace --allow-dirty --list | wc -l; }
checksums() {
  cd "$files" || return
  sha256sum -- * > SHA256SUMS
  command -v ssh-keygen || { skip 'no ssh-keygen; the release has provenance of GitHub instead'; return; }
  ssh-keygen -q -t ed25519 -N '' -f "$work/key" && ssh-keygen -q -Y sign -f "$work/key" -n release SHA256SUMS &&
    mv SHA256SUMS.sig "$work/" && echo "me $(cat "$work/key.pub")" > "$work/signers" &&
    ssh-keygen -Y verify -f "$work/signers" -I me -n release -s "$work/SHA256SUMS.sig" < SHA256SUMS &&
    sha256sum --check --quiet SHA256SUMS
}
manifests() { node "$root/packaging/manifests.mjs" --version "$version" --checksums "$files/SHA256SUMS" --out "$work/manifests"; }
serve() {
  mkdir -p "$work/releases/download" && cp -r "$files" "$work/releases/download/v$version"
  python3 -u -m http.server --bind 127.0.0.1 --directory "$work/releases" 0 > "$work/port" 2> /dev/null &
  server=$!
  until grep -q 'port' "$work/port"; do kill -0 "$server" || return; sleep 0.1; done
}
script() {
  local port
  port=$(grep -oE 'port [0-9]+' "$work/port" | cut -d' ' -f2)
  MCP_TETHER_BASE_URL=http://127.0.0.1:$port HOME=$work/home sh "$root/install.sh" --version "$version" --to "$work/script" &&
    runs "$work/script/mcp-tether"
}
dpkg_install() {
  command -v dpkg || { skip 'no dpkg'; return; }
  mkdir -p "$work"/deb/var/lib/dpkg/{info,updates} && touch "$work/deb/var/lib/dpkg/"{status,available} &&
    dpkg --root="$work/deb" --force-architecture --install "$files"/*_amd64.deb && runs "$work/deb/usr/bin/mcp-tether"
}
rpm_install() {
  command -v rpm || { skip 'no rpm'; return; }
  mkdir "$work/rpm" && rpm --root "$work/rpm" --initdb && rpm --root "$work/rpm" --install "$files"/*.x86_64.rpm &&
    runs "$work/rpm/usr/bin/mcp-tether"
}
wheel_install() {
  python3 -m venv "$work/venv" &&
    "$work/venv/bin/pip" install --quiet --no-index --find-links "$files" mcp-tether && runs "$work/venv/bin/mcp-tether"
}
npm_install() {
  command -v node || { skip 'no Node.js'; return; }
  local each
  for each in $(grep -v '^#' "$root/packaging/targets" | cut -d' ' -f1); do
    mkdir -p "$work/binaries/$each" && cp "$work/other" "$work/binaries/$each/mcp-tether" &&
      cp "$work/other" "$work/binaries/$each/mcp-tether.exe" || return
  done
  cp "$binary" "$work/binaries/$target/mcp-tether"
  node "$root/npm/build.mjs" --version "$version" --binaries "$work/binaries" --out "$work/packages" || return
  (cd "$work" && npm pack --silent ./packages/linux-x64 ./packages/mcp-tether) || return
  # Both have the program's name; the registry of tests/npm installs one as a dependency of the other.
  mkdir "$work/platform" && tar -xzf "$work/mcp-tether-linux-x64-$version.tgz" -C "$work/platform" || return
  npm install --silent --global --offline --no-audit --no-fund --omit=optional --prefix "$work/npm" "$work/mcp-tether-$version.tgz" || return
  MCP_TETHER_BINARY=$work/platform/package/bin/mcp-tether runs "$work/npm/bin/mcp-tether"
}
bundle_install() {
  python3 - "$files/mcp-tether-$target.mcpb" "$work/bundle" <<'END'
import json, os, sys, zipfile
bundle, out = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
bundle.extractall(out)
manifest = json.load(open(f'{out}/manifest.json'))
os.chmod(f"{out}/{manifest['server']['entry_point']}", 0o755)
END
  runs "$work/bundle/server/mcp-tether"
}
image() {
  command -v buildah || { skip 'no buildah'; return; }
  local store=(--storage-driver vfs --root "$work/images" --runroot "$work/images-run") container
  mkdir "$work/context" && cp "$binary" "$work/context/program" &&
    buildah "${store[@]}" bud --isolation chroot --build-arg PROGRAM=program --tag mcp-tether \
      -f "$root/packaging/Containerfile" "$work/context" && container=$(buildah "${store[@]}" from localhost/mcp-tether) || return
  # A debug build needs a C library, which the image does not have.
  if readelf -l "$binary" | grep -q INTERP; then return; fi
  [[ $(buildah "${store[@]}" run --isolation chroot "$container" -- /mcp-tether --version) == "mcp-tether $version" ]]
}
macos() { skip 'macOS and MSVC need their own machines: the release workflow has them'; }

binary=${1:-}
if [[ -z $binary ]]; then
  row "build $target" build
  binary=${CARGO_TARGET_DIR:-$root/target}/$target/dist/mcp-tether
fi
binary=$(realpath "$binary")
export MCP_TETHER_GENERATED=$work/generated
"$binary" generate "$MCP_TETHER_GENERATED" || exit 1
row 'archives and wheels of six targets' archives
row 'Debian package' debian
row 'rpm' rpm_package
row 'bundle (.mcpb)' bundle
row 'crates' crates
row 'checksums, signed and verified' checksums
row 'manifests of package managers' manifests
row 'a mirror of the release' serve
row 'install.sh from the mirror' script
row 'Debian package in an empty root' dpkg_install
row 'rpm in an empty root' rpm_install
row 'wheel in an empty environment' wheel_install
row 'npm packages in an empty prefix' npm_install
row 'bundle unpacked' bundle_install
row 'container image' image
row 'macOS, Windows (MSVC)' macos
exit $failed
