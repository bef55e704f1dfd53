#!/usr/bin/env bash
# Makes what a release consists of, as far as that can be done here: `run.sh BIN`. The Debian package and the rpm are installed into empty roots, the manifests are
# filled and read, and the workflow is linted. Needs zip, unzip, rpm and Python.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
binary=$(realpath "${1:?"give the path of the binary"}")
cache=${MCP_TETHER_TEST_CACHE:-$root/target}/packaging-suite
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$("$binary" --version | cut -d' ' -f2)
# What a debug build carries would only be compressed and thrown away.
strip -o "$work/program" "$binary"
binary=$work/program
printf '#!/bin/sh\n' > "$work/other"
fail() { echo "FAIL  $1" >&2; exit 1; }

mkdir -p "$cache"
if ! cmp -s "$here/requirements.txt" "$cache/installed.txt"; then
  rm -rf "$cache/python"
  python3 -m venv "$cache/python"
  "$cache/python/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
  cp "$here/requirements.txt" "$cache/installed.txt"
fi

export MCP_TETHER_GENERATED=$work/generated
"$binary" generate "$MCP_TETHER_GENERATED"

# Archives: one for each target, the same again for the same content, with everything in it.
targets=$(grep -v '^#' "$root/packaging/targets" | cut -d' ' -f1)
for target in $targets; do
  program=$work/other
  [[ $target == x86_64-unknown-linux-musl ]] && program=$binary
  "$root/packaging/archive.sh" "$target" "$program" "$work/files"
done
[[ $(find "$work/files" -name 'mcp-tether-*' | wc -l) == 6 ]] || fail 'six archives'
first=$work/files/mcp-tether-x86_64-unknown-linux-musl.tar.gz
"$root/packaging/archive.sh" x86_64-unknown-linux-musl "$binary" "$work/again"
cmp "$first" "$work/again/$(basename "$first")" || fail 'the same content makes the same archive'
tar -tzf "$first" > "$work/members"
for member in mcp-tether README.md LICENSE-MIT man/mcp-tether-install.1 completions/_mcp-tether; do
  grep -q "^mcp-tether-[^/]*/$member\$" "$work/members" || fail "the archive has $member"
done
if "$root/packaging/archive.sh" no-such-target "$binary" "$work/files" 2>/dev/null; then
  fail 'a target that is not released is refused'
fi

# The Debian package, in a root that has nothing else.
"$root/packaging/deb.sh" x86_64-unknown-linux-musl "$binary" "$work/files"
package=$work/files/mcp-tether_$version-1_amd64.deb
empty=$work/root
mkdir -p "$empty"/var/lib/dpkg/{info,updates}
touch "$empty/var/lib/dpkg/status" "$empty/var/lib/dpkg/available"
dpkg --root="$empty" --force-architecture --install "$package" >/dev/null
[[ $("$empty/usr/bin/mcp-tether" --version) == "mcp-tether $version" ]] || fail 'what was installed runs'
gzip -t "$empty/usr/share/man/man1/mcp-tether.1.gz" || fail 'the man page is there'
bash -n "$empty/usr/share/bash-completion/completions/mcp-tether" || fail 'the completion is a script'
dpkg --root="$empty" --purge mcp-tether >/dev/null
[[ -z $(find "$empty/usr" -type f) ]] || fail 'nothing is left after removing it'

# The rpm likewise; its database is in the empty root too.
"$root/packaging/rpm.sh" x86_64-unknown-linux-musl "$binary" "$work/files"
package=$work/files/mcp-tether-$version-1.x86_64.rpm
if rpm --query --requires --package "$package" | grep -v '^rpmlib('; then fail 'it requires something'; fi
empty=$work/rpm-root
mkdir "$empty"
rpm --root "$empty" --initdb
rpm --root "$empty" --install "$package"
[[ $("$empty/usr/bin/mcp-tether" --version) == "mcp-tether $version" ]] || fail 'what the rpm installed runs'
[[ -n $(find "$empty/usr/share/man/man1" -name 'mcp-tether.1*') ]] || fail 'the rpm has the man page'
bash -n "$empty/usr/share/bash-completion/completions/mcp-tether" || fail 'its completion is a script'
rpm --root "$empty" --erase mcp-tether
[[ -z $(find "$empty/usr" -type f) ]] || fail 'nothing is left after removing the rpm'

# Manifests: nothing is left to fill in, every checksum is that of its archive.
(cd "$work/files" && sha256sum -- * > "$work/SHA256SUMS")
node "$root/packaging/manifests.mjs" --version "$version" --checksums "$work/SHA256SUMS" --out "$work/manifests" >/dev/null
if grep -rn '{{' "$work/manifests"; then fail 'something was not filled in'; fi
(
  export CARCH=x86_64
  # shellcheck disable=SC1091
  source "$work/manifests/PKGBUILD"
  # shellcheck disable=SC2154
  [[ $pkgver == "$version" && $source_x86_64 == *"/v$version/$(basename "$first")" ]]
  # shellcheck disable=SC2154
  echo "$sha256sums_x86_64  $first" | sha256sum --check --quiet
) || fail 'PKGBUILD'
"$cache/python/bin/python" - "$work/manifests" "$version" <<'END' || fail 'Scoop and winget'
import json, pathlib, sys
import ruamel.yaml
folder, version = pathlib.Path(sys.argv[1]), sys.argv[2]
scoop = json.loads((folder / 'mcp-tether.json').read_text())
assert scoop['version'] == version and len(scoop['architecture']['64bit']['hash']) == 64
yaml = ruamel.yaml.YAML(typ='safe')
manifests = {path.name: yaml.load(path.read_text()) for path in (folder / 'winget').iterdir()}
assert len(manifests) == 3
for manifest in manifests.values():
    assert manifest['PackageVersion'] == version and manifest['ManifestVersion'] == '1.12.0'
for installer in manifests['mcp-tether.mcp-tether.installer.yaml']['Installers']:
    assert isinstance(installer['InstallerSha256'], str) and installer['InstallerSha256'].isupper()
END
: > "$work/none"
if node "$root/packaging/manifests.mjs" --version "$version" --checksums "$work/none" --out "$work/x" 2>/dev/null; then
  fail 'a missing checksum is refused'
fi

# The workflow: its schema, and what makes workflows unsafe.
"$cache/python/bin/check-jsonschema" --builtin-schema vendor.github-workflows "$root"/.github/workflows/*.yml
"$cache/python/bin/zizmor" --offline --quiet "$root/.github/workflows"
node --input-type=module -e "
  import { targets } from '$root/npm/build.mjs';
  const complete = targets().every((row) => Object.values(row).every(Boolean));
  process.exit(complete && targets().length === 6 ? 0 : 1);
" || fail 'the matrix of the workflow is complete'
echo 'everything was made and read again'
