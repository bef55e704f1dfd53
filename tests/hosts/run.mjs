// `install` writes an entry for each host into a home of its own, with a key from the credential store;
// then the host itself is asked to connect, and `migrate` does the same from an entry for `mcp-remote`. Some hosts list what they
// are connected to; others connect only inside a conversation, which a model of our own ends after a word.
// `run.mjs BIN CACHE [HOST …]`
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run, start, withWord } from '../npm/processes.mjs';
import { startModel } from './model.mjs';

const [binary, packages, ...wanted] = process.argv.slice(2);
const module = (path) => join(packages, 'node_modules', path);
const node = (path) => [process.execPath, module(path)];

/**
 * How each host is asked for its servers, and what it says of one that it is connected to; or how it is made to talk to a model,
 * and how the tools are called that the model is offered.
 */
const hosts = {
  'claude-code': {
    command: [module('@anthropic-ai/claude-code-linux-x64/claude')],
    connected: /^shop: .*✔ Connected$/m,
    file: '.claude.json',
  },
  cline: {
    talk: async ({ folder, env }, model) => {
      const words = ['auth', '-p', 'openai-compatible', '-k', 'x', '-m', 'fake', '-b', model];
      assert.equal((await run(module('.bin/cline'), words, { env, cwd: folder })).code, 0);
      return run(module('.bin/cline'), ['--json', 'say done'], { env, cwd: folder });
    },
    offered: '"shop__find_orders"',
    file: '.cline/data/settings/cline_mcp_settings.json',
  },
  codex: {
    talk: ({ folder, env }, model) => run(process.execPath, [
      module('@openai/codex/bin/codex.js'), 'exec', '--skip-git-repo-check', '-c', 'model_provider="fake"',
      '-c', `model_providers.fake={name="fake",base_url="${model}",wire_api="responses"}`, 'say done',
    ], { env, cwd: folder }),
    // It waits for a server that is `required`, and offers its tools in a group.
    offered: '- mcp__shop: ',
    file: '.codex/config.toml',
  },
  continue: {
    // The editors read the file. The program for terminals does not: it gets the same entry in its own file.
    talk: async ({ folder, env }, model) => {
      const { shop } = JSON.parse(readFileSync(join(folder, hosts.continue.file), 'utf8')).mcpServers;
      const models = [{ name: 'fake', provider: 'openai', model: 'fake', apiBase: model, apiKey: 'x' }];
      const config = { name: 'x', version: '0.0.1', schema: 'v1', models, mcpServers: [{ name: 'shop', ...shop }] };
      writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
      return run(module('.bin/cn'), ['--config', 'config.yaml', '-p', 'say done'], { env, cwd: folder });
    },
    offered: '"find_orders"',
    file: '.continue/mcpServers/mcp-tether.json',
  },
  copilot: {
    talk: ({ folder, env }, model) => run(process.execPath,
      [module('@github/copilot/npm-loader.js'), '-p', 'say done', '--allow-all-tools', '--disable-builtin-mcps'],
      { env: { ...env, COPILOT_PROVIDER_BASE_URL: model, COPILOT_MODEL: 'fake', COPILOT_OFFLINE: '1' }, cwd: folder }),
    offered: '"shop-find_orders"',
    file: '.copilot/mcp-config.json',
  },
  droid: {
    command: [module('.bin/droid')],
    connected: /^\W*shop\s+stdio\s+connected/m,
    file: '.factory/mcp.json',
  },
  gemini: {
    command: node('@google/gemini-cli/bundle/gemini.js'),
    connected: /✓ shop: .* - Connected/,
    file: '.gemini/settings.json',
    // Else it trusts no folder, and starts nothing in it.
    before: '{ "security": { "folderTrust": { "enabled": false } } }\n',
  },
  kilo: {
    command: [module('@kilocode/cli-linux-x64/bin/kilo')],
    connected: /✓ +shop .*connected/,
    file: '.config/kilo/kilo.json',
  },
  opencode: {
    command: [module('opencode-linux-x64/bin/opencode')],
    connected: /✓ shop .*connected/,
    file: '.config/opencode/opencode.json',
  },
  qwen: {
    command: node('@qwen-code/qwen-code/cli.js'),
    connected: /✓.* shop: .* - Connected/,
    file: '.qwen/settings.json',
  },
};

/** A home with settings and a key in it. */
async function home(host) {
  const folder = mkdtempSync(join(tmpdir(), `mcp-tether-${host}-`));
  const env = { HOME: folder, PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, TERM: 'dumb', NO_COLOR: '1' };
  mkdirSync(join(folder, '.config/mcp-tether'), { recursive: true });
  writeFileSync(join(folder, '.config/mcp-tether/config.toml'), '[defaults]\ncredential-store = "file"\nlogin = "never"\n');
  const before = hosts[host].before;
  if (before) {
    mkdirSync(dirname(join(folder, hosts[host].file)), { recursive: true });
    writeFileSync(join(folder, hosts[host].file), before);
  }
  const secret = start(binary, ['secret', 'set', 'shop'], { env, cwd: folder });
  secret.child.stdin.end('egrow_demo_key\n');
  assert.equal((await secret.end()).code, 0, secret.stderr());
  return { folder, env };
}

async function ours(words, { folder, env }) {
  const done = await run(binary, words, { env, cwd: folder });
  assert.equal(done.code, 0, `${words.join(' ')}: ${done.stderr}`);
  return done.stdout;
}

async function isConnected(host, world) {
  if (hosts[host].talk) return isOffered(host, world);
  const { folder, env } = world;
  const [command, ...words] = hosts[host].command;
  const listed = await run(command, [...words, 'mcp', 'list'], { env, cwd: folder });
  assert.match(listed.stdout.replaceAll(/\x1b\[[0-9;]*m/g, '') + listed.stderr, hosts[host].connected);
}

/** The tools of the server are among those that the model is offered. */
async function isOffered(host, world) {
  const model = await startModel();
  try {
    const said = await hosts[host].talk(world, model.url);
    assert.equal(said.code, 0, said.stderr);
    assert.ok(model.asked().includes(hosts[host].offered), `${host} offers: ${model.asked().slice(0, 2000)}`);
  } finally {
    model.stop();
    // Cline leaves a process behind that has its home in its arguments.
    for (const { id } of withWord(world.folder)) process.kill(id);
  }
}

const header = ['--header', 'X-API-Key: ${keyring:shop}'];

async function installed(host, url) {
  const world = await home(host);
  await ours(['install', url, '--host', host, '--name', 'shop', ...header], world);
  await isConnected(host, world);
  const file = readFileSync(join(world.folder, hosts[host].file), 'utf8');
  assert.ok(!file.includes('egrow_demo_key'), 'the key is in no file of the host');
  rmSync(world.folder, { recursive: true });
}

async function migrated(host, url) {
  const world = await home(host);
  await ours(['install', url, '--host', host, '--name', 'shop', ...header], world);
  // The same entry, as it would be for the other program.
  const path = join(world.folder, hosts[host].file);
  const text = readFileSync(path, 'utf8');
  const toml = host === 'codex';
  const other = ['kilo', 'opencode'].includes(host) ? text.replace(`"${binary}"`, '"npx", "-y", "mcp-remote"')
    : text.replace(`"${binary}"`, '"npx"').replace(toml ? 'args = [' : '"args": [', `${toml ? 'args = [' : '"args": ['}"-y", "mcp-remote", `);
  assert.match(other, /mcp-remote/);
  writeFileSync(path, other);
  await ours(['migrate', '--yes', '--no-import'], world);
  await isConnected(host, world);
  assert.ok(existsSync(`${path}.bak`));
  rmSync(world.folder, { recursive: true });
}

/** mcporter reads the files of editors that cannot run here, and connects through them. */
async function editors(url) {
  const world = await home('claude-code');
  const names = ['cursor', 'vscode', 'windsurf', 'claude-code', 'codex', 'opencode'];
  // It looks for Windsurf where its older version has its file.
  mkdirSync(join(world.folder, '.codeium/windsurf'), { recursive: true });
  for (const host of names) {
    await ours(['install', url, '--host', host, '--name', `by-${host}`, ...header], world);
  }
  const listed = await run(module('.bin/mcporter'), ['list', '--json'], { env: world.env, cwd: world.folder });
  const servers = JSON.parse(listed.stdout).servers;
  for (const host of names) {
    const server = servers.find(({ name }) => name === `by-${host}`);
    assert.equal(server?.status, 'ok', `${host}: ${JSON.stringify(server)}`);
    assert.ok(server.tools.length > 10, host);
  }
  rmSync(world.folder, { recursive: true });
}

const mock = start(binary, ['mock'], { env: { PATH: process.env.PATH } });
const url = (await mock.next()).replace('listening on ', '');
let passed = 0, failed = 0;
for (const host of Object.keys(hosts).filter((host) => !wanted.length || wanted.includes(host))) {
  for (const work of [installed, migrated]) {
    try {
      await work(host, url);
      passed += 1;
      console.log(`ok    ${host}: connects through the entry that was ${work.name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL  ${host}: ${work.name}\n      ${String(error.stack).replaceAll('\n', '\n      ')}`);
    }
  }
}
if (!wanted.length) try {
  await editors(url);
  passed += 1;
  console.log('ok    mcporter: connects through the entries of six hosts');
} catch (error) {
  failed += 1;
  console.log(`FAIL  mcporter\n      ${String(error.stack).replaceAll('\n', '\n      ')}`);
}
mock.child.kill();
await mock.end();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
