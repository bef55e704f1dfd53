// Fills the manifests of package managers from one release:
//
//   node packaging/manifests.mjs --version 1.2.3 --checksums SHA256SUMS --out FOLDER
//
// In a template `{{version}}` is the version, `{{url TARGET}}` and `{{sha256 TARGET}}` the archive of a
// Rust target and its checksum, `{{SHA256 TARGET}}` the same in capitals, `{{repository}}` the address of
// the project and `{{owner}}`, `{{name}}` and
// `{{slug}}` are parts of it.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { targets } from '../npm/build.mjs';
import { repository } from './repository.mjs';

const templates = fileURLToPath(new URL('templates', import.meta.url));

const option = { type: 'string' };
const { values } = parseArgs({ options: { version: option, checksums: option, out: option } });
const { version, checksums, out } = values;
if (!version || !checksums || !out) {
  console.error('usage: manifests.mjs --version VERSION --checksums SHA256SUMS --out FOLDER');
  process.exit(2);
}

const sums = new Map(readFileSync(checksums, 'utf8').trim().split('\n').map((line) => {
  const [sum, file] = line.split(/\s+\*?/);
  return [file, sum];
}));

function archive(target) {
  const row = targets().find((row) => row.target === target);
  if (!row) throw new Error(`packaging/targets has no ${target}`);
  return `mcp-tether-${target}.${row.archive}`;
}

function sum(target) {
  const found = sums.get(archive(target));
  if (!/^[0-9a-f]{64}$/.test(found ?? '')) throw new Error(`${checksums} has no checksum of ${archive(target)}`);
  return found;
}

const words = {
  version: () => version,
  url: (target) => `${repository}/releases/download/v${version}/${archive(target)}`,
  sha256: sum,
  SHA256: (target) => sum(target).toUpperCase(),
  repository: () => repository,
  slug: () => new URL(repository).pathname.slice(1),
  owner: () => new URL(repository).pathname.split('/')[1],
  name: () => new URL(repository).pathname.split('/')[2],
};

for (const entry of readdirSync(templates, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  const text = readFileSync(path, 'utf8').replaceAll(/\{\{(\w+)(?: ([\w-]+))?\}\}/g, (all, word, target) => {
    if (!words[word]) throw new Error(`${entry.name}: ${all}`);
    return words[word](target);
  });
  const target = join(out, relative(templates, path));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
  console.log(target);
}

// The action runs the installers from its own folder.
for (const script of ['install.sh', 'install.ps1']) {
  const target = join(out, 'action', script);
  copyFileSync(fileURLToPath(new URL(`../${script}`, import.meta.url)), target);
  console.log(target);
}
