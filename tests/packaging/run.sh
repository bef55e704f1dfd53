#!/usr/bin/env bash
# Makes what a release consists of, as far as that can be done here: `run.sh BIN`. The Debian package and the rpm are installed into empty
# roots, the wheel from an index of its own, the bundle is validated by the official tool, manifests and
# templates are filled and read, and scripts and workflows are linted. Needs zip, unzip, rpm, Node.js and Python.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
binary=$(realpath "${1:?"give the path of the binary"}")
cache=${MCP_TETHER_TEST_CACHE:-$root/target}/packaging-suite
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$("$binary" --version | cut -d' ' -f2)
# Debug information would only be compressed and thrown away.
strip -o "$work/program" "$binary"
binary=$work/program
printf '#!/bin/sh\n' > "$work/other"
fail() { echo "FAIL  $1" >&2; exit 1; }

mkdir -p "$cache"
if ! cmp -s "$here/package.json" "$cache/package.json"; then
  cp "$here/package.json" "$cache/"
  (cd "$cache" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error)
fi
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
if grep -rn '{{[a-zA-Z]' "$work/manifests"; then fail 'something was not filled in'; fi
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

# Wheels: one for each target, the same again for the same content, handed in at an index as the release does it, and installed from there.
for target in $targets; do
  program=$work/other
  [[ $target == x86_64-unknown-linux-musl ]] && program=$binary
  python3 "$root/packaging/wheel.py" "$target" "$program" "$work/wheels" >/dev/null
done
[[ $(find "$work/wheels" -name "mcp_tether-$version-py3-none-*.whl" | wc -l) == 6 ]] || fail 'six wheels'
wheel=$(find "$work/wheels" -name '*manylinux*x86_64*')
python3 "$root/packaging/wheel.py" x86_64-unknown-linux-musl "$binary" "$work/again" >/dev/null
cmp "$wheel" "$work/again/$(basename "$wheel")" || fail 'the same content makes the same wheel'
"$cache/python/bin/twine" check --strict "$work"/wheels/*.whl >/dev/null || fail 'twine accepts the wheels'
mkdir "$work/index"
"$cache/python/bin/pypi-server" run -p 0 -i 127.0.0.1 -a . -P . -v "$work/index" > "$work/index.log" 2>&1 &
index=$!
trap 'kill "$index" 2>/dev/null || true; rm -rf "$work"' EXIT
port=''
until [[ -n $port ]]; do
  kill -0 "$index" || fail "the index runs: $(cat "$work/index.log")"
  port=$(python3 - "$index" <<'END'
import os, re, sys
inodes = {re.search(r'\d+', os.readlink(f'/proc/{sys.argv[1]}/fd/{fd}')).group() for fd in os.listdir(f'/proc/{sys.argv[1]}/fd')
          if os.readlink(f'/proc/{sys.argv[1]}/fd/{fd}').startswith('socket:')}
for line in open('/proc/net/tcp').read().splitlines()[1:]:
    part = line.split()
    if part[3] == '0A' and part[9] in inodes:
        print(int(part[1].split(':')[1], 16))
END
  )
  sleep 0.1
done
export UV_CACHE_DIR=$work/uv-cache
hand_in() { "$cache/python/bin/uv" publish --no-config --quiet --publish-url "http://127.0.0.1:$port/" -u x -p x "$@" 2>"$work/uv.log"; }
hand_in --dry-run "$work"/wheels/*.whl || fail "uv would hand in the wheels: $(cat "$work/uv.log")"
[[ -z $(ls "$work/index") ]] || fail 'a dry run hands in nothing'
hand_in "$work"/wheels/*.whl || fail "uv hands in the wheels: $(cat "$work/uv.log")"
[[ $(find "$work/index" -name '*.whl' | wc -l) == 6 ]] || fail 'all wheels are at the index'
[[ $("$cache/python/bin/uvx" --no-config --default-index "http://127.0.0.1:$port/simple" mcp-tether --version) == "mcp-tether $version" ]] ||
  fail 'uvx runs it from an index'
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --index-url "http://127.0.0.1:$port/simple" mcp-tether
[[ $("$work/venv/bin/mcp-tether" --version) == "mcp-tether $version" ]] || fail 'what pip installed runs'
kill "$index"

# Bundles: the one with a form, and one of a server; both as the official tool wants them.
"$binary" pack --output "$work/form.mcpb" >/dev/null
# shellcheck disable=SC2016
"$binary" pack https://mcp.example.com/mcp --header 'X-API-Key: ${keyring:shop}' --name shop --output "$work/shop.mcpb" >/dev/null
for bundle in form shop; do
  "$cache/node_modules/.bin/mcpb" unpack "$work/$bundle.mcpb" "$work/$bundle" >/dev/null
  "$cache/node_modules/.bin/mcpb" validate "$work/$bundle/manifest.json" >/dev/null || fail "the manifest of the bundle $bundle"
  "$cache/node_modules/.bin/mcpb" info "$work/$bundle.mcpb" >/dev/null
  cmp "$binary" "$work/$bundle/server/mcp-tether" || fail 'the bundle has the program'
  [[ -x $work/$bundle/server/mcp-tether ]] || fail 'the program of the bundle can run'
done
grep -q 'user_config.shop' "$work/shop/manifest.json" || fail 'the bundle asks for the key'
if "$binary" pack --output "$work/form.mcpb" 2>/dev/null; then fail 'a bundle replaces no file'; fi

# Addresses: the installers hold the one of Cargo.toml; `cargo binstall` finds the archives by it.
repository=$(sed -n 's/^repository = "\(.*\)"/\1/p' "$root/Cargo.toml")
grep -q "^homepage = \"$repository\"" "$root/Cargo.toml" || fail 'homepage and repository agree'
grep -q "^RELEASES=$repository/releases\$" "$root/install.sh" || fail 'the address in install.sh'
grep -q "'$repository/releases'" "$root/install.ps1" || fail 'the address in install.ps1'
python3 - "$root" "$version" "$work/files" <<'END' || fail 'the archives are where cargo binstall looks'
import pathlib, re, sys
root, version, files = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
text = (pathlib.Path(root) / 'Cargo.toml').read_text()
table = text.split('[package.metadata.binstall]')[1].split('\n\n')[0]
value = lambda key: re.search(rf'^{key} = "(.+)"', table, re.M).group(1)
overrides = text.split('[package.metadata.binstall.overrides]')[1].split('\n\n')[0]
for line in (pathlib.Path(root) / 'packaging/targets').read_text().splitlines():
    if line.startswith('#'): continue
    target, _, archive = line.split()[:3]
    suffix = '.zip' if re.search(rf'^{target} = .*"zip"', overrides, re.M) else '.tgz'
    assert (archive == 'zip') == (suffix == '.zip'), target
    url = value('pkg-url').replace('{ name }', 'mcp-tether').replace('{ target }', target).replace('{ version }', version)
    # binstall tries `.tgz` and `.tar.gz` for the format tgz.
    names = {url.replace('{ archive-suffix }', ending).rsplit('/', 1)[1] for ending in ([suffix] if suffix == '.zip' else ['.tgz', '.tar.gz'])}
    assert any((files / name).exists() for name in names), names
    assert value('bin-dir').replace('{ name }', 'mcp-tether').replace('{ target }', target) == f'mcp-tether-{target}/{{ bin }}{{ binary-ext }}'
END

# The files of a release: a file of one target cannot come from the job of another.
while read -r target _ kind _ wheel; do
  folder=$work/made/$target
  mkdir -p "$folder"
  touch "$folder/mcp-tether-$target."{"$kind",mcpb} "$folder/mcp_tether-$version-py3-none-$wheel.whl"
done < <(grep -v '^#' "$root/packaging/targets")
mkdir "$work/made/contents"
echo '{}' > "$work/made/contents/mcp-tether.cdx.json"
"$root/packaging/gather.sh" "$version" "$work/made" "$work/gathered" >/dev/null
(cd "$work/gathered" && sha256sum --check --strict --quiet SHA256SUMS) || fail 'the checksums of a release'
for file in install.sh install.ps1 manifests.tar.gz mcp-tether.cdx.json; do
  grep -q "  $file\$" "$work/gathered/SHA256SUMS" || fail "the checksums have $file"
done
for foreign in mcp-tether-x86_64-apple-darwin.tar.gz install.sh; do
  touch "$work/made/aarch64-apple-darwin/$foreign"
  if "$root/packaging/gather.sh" "$version" "$work/made" "$work/refused" >/dev/null 2>&1; then fail "$foreign of another job is refused"; fi
  rm -r "$work/made/aarch64-apple-darwin/$foreign" "$work/refused"
done

# The contents of the crates: the files that a build needs, and nothing else.
(cd "$root" && cargo package --package mcp-tether --list --allow-dirty --offline) > "$work/crate"
if grep -E '^(tests|docs|packaging|npm|fuzz|\.ci|\.github)/' "$work/crate"; then fail 'the crate ships what a crate does not need'; fi
for file in src/main.rs build.rs README.md LICENSE-MIT; do grep -q "^$file\$" "$work/crate" || fail "the crate has $file"; done

# Scripts, actions and features.
"$cache/python/bin/python" "$root/packaging/powershell.py" "$root/install.ps1" || fail 'install.ps1'
# shellcheck disable=SC2016
printf 'if ($a -ne $b {\nGet-Nothing\n' > "$work/wrong.ps1"
if "$cache/python/bin/python" "$root/packaging/powershell.py" "$work/wrong.ps1" >/dev/null; then fail 'a wrong script is found'; fi
for target in x86_64-pc-windows-msvc aarch64-pc-windows-msvc; do
  grep -q "'$target'" "$root/install.ps1" || fail "install.ps1 knows $target"
done
"$cache/python/bin/check-jsonschema" --builtin-schema vendor.github-actions "$work/manifests/action/action.yml"
shellcheck "$work/manifests/devcontainer-feature/src/mcp-tether/install.sh" || fail 'the feature'
"$cache/python/bin/python" - "$work/manifests" <<'END' || fail 'feature, aqua and mise'
import json, pathlib, sys, tomllib
import ruamel.yaml
folder = pathlib.Path(sys.argv[1])
feature = json.loads((folder / 'devcontainer-feature/src/mcp-tether/devcontainer-feature.json').read_text())
assert {'id', 'version', 'name'} <= feature.keys() and feature['options']['version']['type'] == 'string'
package, = ruamel.yaml.YAML(typ='safe').load((folder / 'aqua/registry.yaml').read_text())['packages']
assert package['asset'] == 'mcp-tether-{{.Arch}}-{{.OS}}.{{.Format}}' and package['replacements']['amd64'] == 'x86_64'
assert tomllib.loads((folder / 'mise.toml').read_text())['tools']
END

# The workflows: their schema, their expressions, and what makes workflows unsafe.
"$cache/python/bin/actionlint" "$root"/.github/workflows/*.yml
"$cache/python/bin/check-jsonschema" --builtin-schema vendor.github-workflows "$root"/.github/workflows/*.yml
"$cache/python/bin/zizmor" --offline --quiet "$root/.github/workflows"
node --input-type=module -e "
  import { targets } from '$root/npm/build.mjs';
  const complete = targets().every((row) => Object.values(row).every(Boolean));
  process.exit(complete && targets().length === 6 ? 0 : 1);
" || fail 'the matrix of the workflow is complete'
echo 'everything was made and read again'
