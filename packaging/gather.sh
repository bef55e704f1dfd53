#!/usr/bin/env bash
# Puts together what is released: `gather.sh VERSION MADE OUT`. MADE has a folder for each target of
# `packaging/targets`, with what `build.sh` made there, and a folder `contents` with the list of what is
# inside. A file in the folder of a target must be one that this target makes, so that one target's
# job cannot replace another's file. OUT has everything afterwards, with `SHA256SUMS` of all of it:
# also of `install.sh` and of the manifests.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=${1:?version} made=${2:?folder} out=${3:?folder}
fail() { echo "error: $1" >&2; exit 1; }

mkdir "$out"
take() {
  [[ -f $1 && ! -L $1 ]] || fail "\`$1\` is no file"
  [[ ! -e $out/${1##*/} ]] || fail "\`${1##*/}\` was made twice"
  cp "$1" "$out"
}

expected=(contents)
while read -r target _ kind _ wheel; do
  expected+=("$target")
  [[ -f $made/$target/mcp-tether-$target.$kind ]] || fail "\`$target\` has no archive"
  case $target in
    x86_64-*linux*) linux='_amd64.deb .x86_64.rpm' ;;
    aarch64-*linux*) linux='_arm64.deb .aarch64.rpm' ;;
    *) linux='' ;;
  esac
  for file in "$made/$target"/*; do
    name=${file##*/} is_ours=no
    for end in "-$target.$kind" "-$target.mcpb" "-py3-none-$wheel.whl" $linux; do
      if [[ $name == mcp[-_]tether*"$end" ]]; then is_ours=yes; fi
    done
    [[ $is_ours == yes ]] || fail "\`$target\` does not make \`$name\`"
    take "$file"
  done
done < <(grep -v '^#' "$root/packaging/targets")
for folder in "$made"/*; do
  [[ " ${expected[*]} " == *" ${folder##*/} "* ]] || fail "nobody makes \`${folder##*/}\`"
done
take "$made/contents/mcp-tether.cdx.json"

# The manifests name checksums of archives, and have one of their own.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$out" && sha256sum -- *) > "$work/archives"
node "$root/packaging/manifests.mjs" --version "$version" --checksums "$work/archives" --out "$work/manifests"
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime='@0' -C "$work" -cf - manifests |
  gzip -9n > "$out/manifests.tar.gz"
take "$root/install.sh"
take "$root/install.ps1"
(cd "$out" && sha256sum -- *) > "$work/all"
mv "$work/all" "$out/SHA256SUMS"
