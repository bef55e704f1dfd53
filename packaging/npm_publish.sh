#!/usr/bin/env bash
# Publishes the npm packages of a release: `npm_publish.sh VERSION FOLDER`, with the archives of all
# targets in FOLDER. With `--dry-run` after that, npm only prints its actions.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=${1:?version} files=${2:?folder}
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
while read -r target _ kind _; do
  archive=$files/mcp-tether-$target.$kind
  if [[ $kind == zip ]]; then unzip -q "$archive" -d "$work"; else tar -xzf "$archive" -C "$work"; fi
  mkdir -p "$work/binaries"
  mv "$work/mcp-tether-$target" "$work/binaries/$target"
done < <(grep -v '^#' "$root/packaging/targets")
node "$root/npm/build.mjs" --version "$version" --binaries "$work/binaries" --out "$work/packages" |
  while read -r package; do
    npm publish "$package" --access public --provenance "$@"
  done
