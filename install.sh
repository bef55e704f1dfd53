#!/bin/sh
# Installs mcp-tether for one user: downloads the release for this machine, verifies its checksum, and
# puts one file in place. Needs curl or GNU wget, and no root.
#
#   sh install.sh [--version VERSION] [--to FOLDER] [--uninstall] [--help]
#
# Everything is in functions, and the last line calls `main` inside braces, so a download that was cut
# off anywhere does nothing. One static build serves every Linux, with glibc or musl, so no libc is looked for.
#
# Backticks in messages are meant as they stand:
# shellcheck disable=SC2016
set -eu

# Where releases are; MCP_TETHER_BASE_URL names a mirror.
RELEASES=https://github.com/mcp-tether/mcp-tether/releases
# Global: a trap runs when the functions' own variables are gone.
temporary=''

main() {
  version=${MCP_TETHER_VERSION:-latest}
  to=${MCP_TETHER_INSTALL_DIR:-${XDG_BIN_HOME:-}}
  uninstall=no
  while [ $# -gt 0 ]; do
    case $1 in
      --version) needs_value "$@"; version=$2; shift 2 ;;
      --version=*) version=${1#*=}; shift ;;
      --to) needs_value "$@"; to=$2; shift 2 ;;
      --to=*) to=${1#*=}; shift ;;
      --uninstall) uninstall=yes; shift ;;
      -h | --help) usage; exit 0 ;;
      *) fail "unknown option \`$1\`" 'see what there is: `sh install.sh --help`' ;;
    esac
  done
  if [ -z "$to" ]; then
    [ -n "${HOME:-}" ] || fail 'no home folder: `HOME` is not set' 'name a folder: `--to FOLDER`'
    to=$HOME/.local/bin
  fi
  case $to in
    /*) ;;
    *) to=$PWD/$to ;;
  esac
  if [ "$uninstall" = yes ]; then remove; else install_release; fi
}

usage() {
  cat <<'END'
Installs mcp-tether for this user

Usage: sh install.sh [OPTIONS]

Options:
  --version VERSION  Install this version, such as 0.1.0 [default: the latest]
  --to FOLDER        Put it there [default: $XDG_BIN_HOME, else ~/.local/bin]
  --uninstall        Remove it from that folder
  -h, --help         Print help

Environment:
  MCP_TETHER_VERSION, MCP_TETHER_INSTALL_DIR  the same as --version and --to
  MCP_TETHER_BASE_URL                         a mirror of the releases

Settings and sign-ins are not touched, also not by --uninstall: `mcp-tether logout --all` removes
the sign-ins.
END
}

install_release() {
  case ${MCP_TETHER_BASE_URL:-$RELEASES} in
    *@*) fail 'the mirror has a user name in its URL' 'set `MCP_TETHER_BASE_URL` to a URL without one' ;;
    https://* | http://127.0.0.1:*) base=${MCP_TETHER_BASE_URL:-$RELEASES} ;;
    *) fail "\`$MCP_TETHER_BASE_URL\` is not encrypted" 'use an `https://` URL' ;;
  esac
  case $version in
    latest) folder=$base/latest/download ;;
    *[!0-9A-Za-z.+-]*) fail "\`$version\` is not a version" 'a version looks like `0.1.0`' ;;
    *) folder=$base/download/v${version#v} ;;
  esac
  target=$(target_of_machine)
  archive=mcp-tether-$target.tar.gz
  find_checksummer
  find_downloader
  make_folder

  trap 'rm -rf "$temporary"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  temporary=$(mktemp -d) || fail 'cannot make a temporary folder'
  printf 'downloading %s\n' "$folder/$archive" >&2
  download "$folder/$archive" "$temporary/$archive"
  download "$folder/SHA256SUMS" "$temporary/SHA256SUMS"
  verify
  tar -xzf "$temporary/$archive" -C "$temporary" || fail "cannot unpack \`$archive\`"
  place "$temporary/mcp-tether-$target/mcp-tether"
  report
}

# The Rust target of the build for this machine; packaging/targets lists them.
target_of_machine() {
  system=$(uname -s)
  machine=$(uname -m)
  case $system in
    Linux) suffix=unknown-linux-musl ;;
    Darwin) suffix=apple-darwin ;;
    MINGW* | MSYS* | CYGWIN*)
      fail 'this script is not for Windows' 'use `npm install -g mcp-tether`, Scoop or winget' ;;
    *) fail "there is no build for $system" 'build it with Rust: `cargo install mcp-tether --locked`' ;;
  esac
  # A process that Rosetta translates sees an Intel machine.
  if [ "$system" = Darwin ] && [ "$(sysctl -n hw.optional.arm64 2>/dev/null || true)" = 1 ]; then
    machine=arm64
  fi
  # A 64-bit kernel may run a 32-bit system: byte 5 of an ELF file tells its class.
  if [ "$system" = Linux ] && [ "$(head -c 5 /proc/self/exe 2>/dev/null | tail -c 1 | od -An -tu1 | tr -d ' ')" = 1 ]; then
    machine="$machine, 32-bit"
  fi
  case $machine in
    x86_64 | amd64) printf 'x86_64-%s\n' "$suffix" ;;
    aarch64 | arm64) printf 'aarch64-%s\n' "$suffix" ;;
    *) fail "there is no build for $system on $machine" 'build it with Rust: `cargo install mcp-tether --locked`' ;;
  esac
}

find_checksummer() {
  if has sha256sum; then checksummer=sha256sum
  elif has shasum; then checksummer='shasum -a 256'
  elif has openssl; then checksummer='openssl dgst -sha256 -r'
  else fail 'there is nothing to verify the checksum with' 'install sha256sum, shasum or openssl'
  fi
}

find_downloader() {
  if has curl; then
    downloader=curl
  elif has wget && { wget --version 2>/dev/null | grep -q 'GNU Wget' || [ "${base#http:}" != "$base" ]; }; then
    downloader=wget
  else
    # The wget of busybox checks no certificates.
    fail 'there is nothing to download with' 'install curl or GNU wget'
  fi
}

download() {
  case $downloader in
    curl)
      if [ "${base#https:}" != "$base" ]; then set -- "$@" --proto '=https' --tlsv1.2; fi
      url=$1 file=$2
      shift 2
      curl --fail --silent --show-error --location --retry 2 ${1+"$@"} --output "$file" "$url" ;;
    wget) url=$1 file=$2; wget -q -O "$file" "$url" ;;
  esac || fail "cannot download \`$url\`" 'check the version and the network; behind a proxy set `HTTPS_PROXY`'
}

verify() {
  expected=$(awk -v file="$archive" '$2 == file || $2 == "*" file { print $1 }' "$temporary/SHA256SUMS")
  [ -n "$expected" ] || fail "\`SHA256SUMS\` has no line for \`$archive\`"
  # The word splits into a command and its arguments on purpose.
  # shellcheck disable=SC2086
  actual=$($checksummer "$temporary/$archive" | awk '{ print $1 }')
  [ "$actual" = "$expected" ] ||
    fail "the checksum of \`$archive\` is wrong: $actual instead of $expected" \
      'nothing was installed: download it again, and report it if that does not help'
}

make_folder() {
  if ! { mkdir -p "$to" 2>/dev/null && [ -w "$to" ]; }; then
    fail "cannot write into \`$to\`" 'name another folder: `--to FOLDER`'
  fi
}

# Beside its place first: a rename also works while an old copy runs, and leaves no half of a file.
place() {
  new=$to/.mcp-tether.$$
  if ! { cp "$1" "$new" && chmod 755 "$new"; }; then
    rm -f "$new"
    fail "cannot write into \`$to\`" 'is the disk full?'
  fi
  if ! installed=$("$new" --version 2>&1); then
    rm -f "$new"
    fail "the program does not run on this machine: $installed"
  fi
  mv -f "$new" "$to/mcp-tether" || { rm -f "$new"; fail "cannot replace \`$to/mcp-tether\`"; }
}

report() {
  printf 'installed %s as %s\n' "$installed" "$to/mcp-tether"
  case ":${PATH:-}:" in
    *":$to:"*)
      first=$(command -v mcp-tether || true)
      if [ "$first" != "$to/mcp-tether" ]; then
        printf '\nhint: `%s` comes first on PATH and hides it\n' "$first"
      fi ;;
    *)
      printf '\nhint: `%s` is not on PATH; add it in the start file of your shell:\n' "$to"
      printf '      export PATH="%s:$PATH"\n' "$to" ;;
  esac
  printf '\nnext: mcp-tether install URL --host NAME\n'
}

remove() {
  if [ -e "$to/mcp-tether" ]; then
    rm -f "$to/mcp-tether" || fail "cannot remove \`$to/mcp-tether\`"
    printf 'removed %s\n' "$to/mcp-tether"
  else
    printf 'there is no %s\n' "$to/mcp-tether"
  fi
}

has() {
  command -v "$1" >/dev/null 2>&1
}

needs_value() {
  if [ $# -lt 2 ] || [ -z "$2" ]; then fail "\`$1\` needs a value"; fi
}

fail() {
  printf 'error: %s\n' "$1" >&2
  if [ $# -gt 1 ]; then printf '\nhint: %s\n' "$2" >&2; fi
  exit 1
}

{ main ${1+"$@"}; exit; }
