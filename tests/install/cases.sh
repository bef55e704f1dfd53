#!/bin/sh
# Tests install.sh in the shell that runs this: `SHELL_UNDER_TEST cases.sh "SHELL_UNDER_TEST"`.
# run.sh gives $INSTALLER, $SERVER (a mirror of releases), $VERSION, $ARCHIVE and $WORK.
# `busybox sh` is two words on purpose:
# shellcheck disable=SC2086
set -u

shell=$1
passed=0
failed=0

# Runs the installer in this shell; its output is in $out, its exit code in $code.
install() {
  out=$($shell "$INSTALLER" "$@" 2>&1)
  code=$?
}

check() {
  name=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAIL  %s: %s (%s)\n      exit code %s\n%s\n' "$shell" "$name" "$*" "$code" "$out"
  fi
}

says() { case $out in *"$1"*) return 0 ;; *) return 1 ;; esac; }
ended() { [ "$code" -eq "$1" ]; }
empty() { [ -z "$(ls -A "$1" 2>/dev/null)" ]; }
works() { [ "$("$1" --version)" = "mcp-tether $VERSION" ]; }

fresh() {
  HOME=$WORK/home
  TMPDIR=$WORK/tmp
  MCP_TETHER_BASE_URL=$SERVER/good
  unset MCP_TETHER_VERSION MCP_TETHER_INSTALL_DIR XDG_BIN_HOME
  export HOME TMPDIR MCP_TETHER_BASE_URL
  rm -rf "$HOME" "$TMPDIR"
  mkdir -p "$HOME" "$TMPDIR"
}

fresh
install
check 'the latest is installed' ended 0
check 'it runs' works "$HOME/.local/bin/mcp-tether"
check 'PATH is hinted at' says "is not on PATH"
check 'nothing temporary is left' empty "$TMPDIR"
check 'nothing else is left' [ "$(ls -A "$HOME/.local/bin")" = mcp-tether ]

install
check 'again replaces it' ended 0

"$HOME/.local/bin/mcp-tether" mock lab >/dev/null 2>&1 &
running=$!
install
check 'a running copy does not hinder' ended 0
kill "$running"
wait "$running" 2>/dev/null

out=$(PATH="$HOME/.local/bin:$PATH" $shell "$INSTALLER" 2>&1)
code=$?
check 'on PATH there is no hint' [ "${out#*hint}" = "$out" ]
mkdir "$HOME/first"
cp "$HOME/.local/bin/mcp-tether" "$HOME/first"
out=$(PATH="$HOME/first:$HOME/.local/bin:$PATH" $shell "$INSTALLER" 2>&1)
check 'a copy that hides it is named' says "comes first on PATH"

install --uninstall
check 'uninstall removes it' [ ! -e "$HOME/.local/bin/mcp-tether" ]
install --uninstall
check 'uninstall again is no error' ended 0

fresh
install --version "$VERSION" --to "$HOME/a b"
check 'a version and a folder with a space' works "$HOME/a b/mcp-tether"
install --version="v$VERSION" "--to=$HOME/other"
check 'both spellings of options' works "$HOME/other/mcp-tether"
MCP_TETHER_INSTALL_DIR=$HOME/third
export MCP_TETHER_INSTALL_DIR
install
check 'variables name the folder too' works "$HOME/third/mcp-tether"

fresh
for mirror in wrong-checksum no-checksum not-an-archive does-not-run; do
  MCP_TETHER_BASE_URL=$SERVER/$mirror
  install
  check "$mirror is refused" ended 1
  check "$mirror installs nothing" empty "$HOME/.local/bin"
  check "$mirror leaves nothing temporary" empty "$TMPDIR"
done

fresh
install --version 9.9.9
check 'a version that is not there' says "cannot download"
check 'installs nothing' empty "$HOME/.local/bin"
install --version '../../x'
check 'a version that is none' says "is not a version"
install --no-such
check 'an unknown option' says "unknown option"
install --to
check 'an option without its value' says "needs a value"
MCP_TETHER_BASE_URL=http://releases.example
install
check 'a mirror without encryption' says "is not encrypted"
MCP_TETHER_BASE_URL=http://127.0.0.1:1@releases.example
install
check 'a mirror that only looks like this machine' says "has a user name in its URL"
MCP_TETHER_BASE_URL=$SERVER/good
: >"$HOME/file"
install --to "$HOME/file"
check 'a folder that cannot be made' says "cannot write into"
unset HOME
install
check 'without a home' says "no home folder"

fresh
without=$WORK/without
rm -rf "$without"
mkdir -p "$without"
for tool in sh uname head tail od tr mktemp mkdir rm cat awk tar gzip cp chmod mv sed ls curl; do
  ln -s "$(command -v "$tool")" "$without/$tool"
done
path=$(command -v "${shell%% *}")
out=$(PATH=$without "$path" ${shell#"${shell%% *}"} "$INSTALLER" 2>&1)
code=$?
check 'without a checksum tool nothing is installed' says "nothing to verify the checksum with"
check 'and nothing is there' empty "$HOME/.local/bin"
ln -s "$(command -v sha256sum)" "$without/sha256sum"
rm "$without/curl"
out=$(PATH=$without "$path" ${shell#"${shell%% *}"} "$INSTALLER" 2>&1)
code=$?
check 'without curl and wget neither' says "nothing to download with"
printf '#!%s\nexec busybox wget "$@"\n' "$path${shell#"${shell%% *}"}" >"$without/wget"
chmod +x "$without/wget"
ln -s "$(command -v busybox)" "$without/busybox"
out=$(PATH=$without "$path" ${shell#"${shell%% *}"} "$INSTALLER" 2>&1)
code=$?
check 'wget serves as well' works "$HOME/.local/bin/mcp-tether"

# A download that breaks off does nothing.
fresh
length=$(wc -c <"$INSTALLER")
cut=0
while [ "$cut" -lt 40 ]; do
  head -c $((length * cut / 40)) "$INSTALLER" >"$WORK/cut.sh"
  $shell "$WORK/cut.sh" >/dev/null 2>&1
  cut=$((cut + 1))
done
out='' code=0
check 'a script that was cut off installs nothing' empty "$HOME"

printf '%s: %s passed, %s failed\n' "$shell" "$passed" "$failed"
[ "$failed" -eq 0 ]
