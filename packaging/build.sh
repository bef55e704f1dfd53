#!/usr/bin/env bash
# Builds the release of one target: `build.sh TARGET OUT`. Runs where the target's linker is: musl-tools,
# lld, valgrind and rpm on Linux, Xcode on macOS, Visual Studio on Windows. Archive,
# wheel and bundle are in OUT afterwards.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${1:?target} out=${2:?folder}
grep -q "^$target " "$root/packaging/targets" ||
  { echo "error: packaging/targets has no \`$target\`" >&2; exit 1; }

cd "$root"
MCP_TETHER_COMMIT=$(git rev-parse HEAD)
export MCP_TETHER_COMMIT
# The oldest supported macOS: the build fails on newer functions, not the program at users.
export MACOSX_DEPLOYMENT_TARGET=11.0
rustup target add "$target"
if [[ $target == *linux-musl ]]; then
  # The linker that can order functions and pack relocations, both of which `build.rs` asks for.
  export CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS=-Clink-arg=-fuse-ld=lld
  export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_RUSTFLAGS=-Clink-arg=-fuse-ld=lld
  packaging/symbols.sh "$target"
fi
cargo build --profile dist --locked --package mcp-tether --target "$target"

program=${CARGO_TARGET_DIR:-target}/$target/dist/mcp-tether
[[ $target == *windows* ]] && program=$program.exe
# Ad hoc: enough to run on Apple silicon. `packaging/README.md` says how to notarise.
[[ $target == *apple* ]] && codesign --force --sign - --options runtime "$program"
"$program" --version --json
if [[ $target == *linux-musl ]]; then
  # Static, or it will not run everywhere: no interpreter is asked for.
  if readelf -l "$program" | grep -q INTERP; then
    echo "error: $program is not static" >&2
    exit 1
  fi
fi

MCP_TETHER_GENERATED=$(mktemp -d)
export MCP_TETHER_GENERATED
trap 'rm -rf "$MCP_TETHER_GENERATED"' EXIT
"$program" generate "$MCP_TETHER_GENERATED"
packaging/archive.sh "$target" "$program" "$out"
python3 packaging/wheel.py "$target" "$program" "$out"
"$program" pack --output "$out/mcp-tether-$target.mcpb"
if [[ $target == *linux-musl ]]; then
  packaging/deb.sh "$target" "$program" "$out"
  packaging/rpm.sh "$target" "$program" "$out"
fi
