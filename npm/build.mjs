// Makes the npm packages: the launcher, and one package for each platform in packaging/targets.
//
//   node npm/build.mjs --version 1.2.3 --binaries DIR --out DIR
//
// DIR of `--binaries` holds the programs as `<Rust target>/mcp-tether[.exe]`. A missing one is an
// error: a release must not lack a platform. `npm publish` on each folder of OUT publishes them, the
// platforms first.
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '..');

/** The rows of packaging/targets. */
export function targets() {
  const lines = readFileSync(join(root, 'packaging/targets'), 'utf8').split('\n');
  const rows = lines.filter((line) => line.trim() && !line.startsWith('#'));
  return rows.map((line) => {
    const [target, npm, archive, runner] = line.split(/\s+/);
    const [os, cpu] = npm.split('-');
    return { target, npm, os, cpu, archive, runner };
  });
}

const manifest = (folder) => JSON.parse(readFileSync(join(here, folder, 'package.json'), 'utf8'));

function write(folder, value) {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(value, null, 2)}\n`);
  for (const file of ['LICENSE-MIT', 'LICENSE-APACHE']) cpSync(join(root, file), join(folder, file));
}

/** Writes all packages below `out`; returns their folders in the order of publishing. */
export function build({ version, binaries, out }) {
  rmSync(out, { recursive: true, force: true });
  const folders = targets().map(({ target, npm, os, cpu }) => {
    const file = os === 'win32' ? 'mcp-tether.exe' : 'mcp-tether';
    const program = join(binaries, target, file);
    if (!existsSync(program)) throw new Error(`there is no ${program}`);
    const folder = join(out, npm);
    mkdirSync(join(folder, 'bin'), { recursive: true });
    cpSync(program, join(folder, 'bin', file));
    chmodSync(join(folder, 'bin', file), 0o755);
    // The same name as the launcher's: npx then links the program itself and starts no Node.js.
    const bin = { 'mcp-tether': `bin/${file}` };
    write(folder, { ...manifest('platform'), name: `@mcp-tether/${npm}`, version, bin, os: [os], cpu: [cpu] });
    writeFileSync(join(folder, 'README.md'), `The program of \`mcp-tether\` for ${npm}: install that package, not this one.\n`);
    return folder;
  });
  const launcher = join(out, 'mcp-tether');
  cpSync(join(here, 'launcher'), launcher, { recursive: true });
  cpSync(join(root, 'README.md'), join(launcher, 'README.md'));
  const optionalDependencies = Object.fromEntries(targets().map(({ npm }) => [`@mcp-tether/${npm}`, version]));
  write(launcher, { ...manifest('launcher'), version, optionalDependencies });
  return [...folders, launcher];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const option = { type: 'string' };
  const { values } = parseArgs({ options: { version: option, binaries: option, out: option } });
  for (const name of ['version', 'binaries', 'out']) {
    if (!values[name]) {
      console.error('usage: build.mjs --version VERSION --binaries DIR --out DIR');
      process.exit(2);
    }
  }
  for (const folder of build(values)) console.log(folder);
}
