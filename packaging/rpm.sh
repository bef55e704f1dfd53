#!/usr/bin/env bash
# Makes the rpm of a Linux target: `rpm.sh TARGET PROGRAM OUT`, with the man pages and completions in
# $MCP_TETHER_GENERATED (`mcp-tether generate`). Needs rpmbuild.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${1:?target} program=$(realpath "${2:?program}") out=${3:?folder}
generated=${MCP_TETHER_GENERATED:?"run: mcp-tether generate FOLDER"}
case $target in
  x86_64-* | aarch64-*) architecture=${target%%-*} ;;
  *) echo "error: rpm has no name for \`$target\`" >&2; exit 1 ;;
esac
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -1)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rpmbuild -bb --quiet --target "$architecture-linux" "$root/packaging/mcp-tether.spec" \
  --define "_topdir $work" --define "release_version $version" --define "program $program" \
  --define "generated $generated" --define "sources $root" \
  --define '_mandir /usr/share/man' --define '_docdir /usr/share/doc'
mkdir -p "$out"
mv "$work/RPMS/$architecture/mcp-tether-$version-1.$architecture.rpm" "$out/"
