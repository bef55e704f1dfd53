#!/usr/bin/env bash
# Makes the Debian package of a Linux target: `deb.sh TARGET PROGRAM OUT`, with the man pages and
# completions in $MCP_TETHER_GENERATED (`mcp-tether generate`). The program is static, so it depends on
# nothing; a keyring is only recommended.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${1:?target} program=${2:?program} out=${3:?folder}
generated=${MCP_TETHER_GENERATED:?"run: mcp-tether generate FOLDER"}
case $target in
  x86_64-*) architecture=amd64 ;;
  aarch64-*) architecture=arm64 ;;
  *) echo "error: Debian has no name for \`$target\`" >&2; exit 1 ;;
esac
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -1)

mkdir -p "$out"
out=$(cd "$out" && pwd)
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
package=$staging/mcp-tether
documents=$package/usr/share/doc/mcp-tether
install -Dm755 "$program" "$package/usr/bin/mcp-tether"
for page in "$generated"/man/*.1; do
  install -Dm644 "$page" "$package/usr/share/man/man1/$(basename "$page")"
done
gzip -9n "$package"/usr/share/man/man1/*.1
install -Dm644 "$generated/completions/mcp-tether.bash" \
  "$package/usr/share/bash-completion/completions/mcp-tether"
install -Dm644 "$generated/completions/mcp-tether.fish" \
  "$package/usr/share/fish/vendor_completions.d/mcp-tether.fish"
install -Dm644 "$generated/completions/_mcp-tether" \
  "$package/usr/share/zsh/vendor-completions/_mcp-tether"
install -Dm644 "$root/README.md" "$documents/README.md"
install -Dm644 "$root/CHANGELOG.md" "$documents/changelog"
gzip -9n "$documents/changelog"
{
  echo 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/'
  echo
  echo 'Files: *'
  echo 'Copyright: the authors of mcp-tether'
  echo 'License: MIT or Apache-2.0'
  sed 's/^$/./; s/^/ /' "$root/LICENSE-MIT"
} > "$documents/copyright"
chmod 644 "$documents/copyright"

mkdir "$package/DEBIAN"
cat > "$package/DEBIAN/control" <<END
Package: mcp-tether
Version: $version-1
Architecture: $architecture
Maintainer: the authors of mcp-tether <noreply@mcp-tether.example>
Installed-Size: $(du -ks --exclude=DEBIAN "$package" | cut -f1)
Recommends: gnome-keyring | kwalletmanager
Section: net
Priority: optional
Description: connects MCP hosts that speak stdio to remote MCP servers
 One small program, nothing else to install. It takes the same command line as
 mcp-remote, signs in to servers that want it, and keeps the sign-ins in the
 keyring or in private files.
END
dpkg-deb --root-owner-group --build "$package" "$out/mcp-tether_${version}-1_$architecture.deb" >/dev/null
