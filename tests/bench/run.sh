#!/bin/sh
# Builds the bench, and the program as it is released, and runs the bench; arguments go to the bench.
set -eu
bench=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$bench/../.." && pwd)
target=${CARGO_TARGET_DIR:-$repository/target}
cargo build --release --locked --target-dir "$target" --manifest-path "$bench/Cargo.toml"
for argument; do
    # If bridges are named, ours is not needed.
    case $argument in --bridge | --help | -h) exec "$target/release/bench" "$@" ;; esac
done
cargo build --profile dist --locked --target-dir "$target" --manifest-path "$repository/Cargo.toml" \
    --package mcp-tether --bin mcp-tether
exec "$target/release/bench" "$@"
