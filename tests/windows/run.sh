#!/usr/bin/env bash
# Runs the program for Windows under Wine: `run.sh EXE BIN`, with a build for `x86_64-pc-windows-gnu` and one for this
# machine, which plays the server. By hand: Wine is large, and what it shows of Windows has limits (README.md).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(realpath "${1:?"give the path of mcp-tether.exe"}")
MCP_TETHER=$(realpath "${2:?"give the path of a binary for this machine"}")
WINE=${WINE:-/usr/lib/wine/wine64}
[[ -x $WINE ]] || { echo "error: no Wine at \`$WINE\`" >&2; echo "hint: apt-get install -y wine wine64 gcc-mingw-w64-x86-64" >&2; exit 2; }
work=$(mktemp -d)
export MCP_TETHER WINE WINEPREFIX=$work/prefix WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
trap '"${WINE%64}"server -k 2>/dev/null || "$WINE" wineboot --kill 2>/dev/null || true; rm -rf "$work"' EXIT

cp "$program" "$work/mcp-tether.exe"
# Rust's library asks for a function that Wine 8 lacks; it is answered by an older one of the same purpose.
cat > "$work/random.c" <<'END'
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length) {
  return SystemFunction036(buffer, (ULONG)length);
}
END
x86_64-w64-mingw32-gcc -O2 -shared -o "$work/bcryptprimitives.dll" "$work/random.c" -ladvapi32
"$WINE" wineboot -i
node "$here/run.mjs" "$work/mcp-tether.exe"
