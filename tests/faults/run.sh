#!/usr/bin/env bash
# Injects faults into a running bridge and prints what came of them: `run.sh BIN [--only TEXT]`, or lets
# it run for a while among random ones: `run.sh BIN --soak MINUTES [--seed N]`. Linux only.
set -euo pipefail

MCP_TETHER=$(realpath "${1:?"give the path of the binary"}")
export MCP_TETHER
shift
exec node "$(dirname "${BASH_SOURCE[0]}")/run.mjs" "$@"
