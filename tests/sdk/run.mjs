// Puts every host in front of every remote, with the bridge between them, and prints a line per
// case. Started by run.sh.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

import { HOSTS } from './hosts/all.mjs';
import { inWords, record } from './recorder.mjs';
import { allRemotes } from './remotes/start.mjs';
import { lookBack } from './look_back.mjs';

const PAIR_WITHIN = 180_000;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    jobs: { type: 'string', default: '3' },
    list: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});
const bridge = bridgeCommand();
const remotes = allRemotes(bridge);
const pairs = remotes
  .flatMap((remote) => hostsOf(remote).map((host) => ({ host, remote, id: `${host.name}/${remote.name}` })))
  .filter(({ id }) => options.only === undefined || options.only.some((part) => id.includes(part)));
const tally = { passed: 0, failed: 0 };

if (options.list) {
  for (const { id } of pairs) console.log(id);
} else {
  await runAll();
  if (tally.passed + tally.failed === 0) tally.failed = 1;
  console.log(`\n${tally.passed} passed, ${tally.failed} failed`);
  process.exit(tally.failed === 0 ? 0 : 1);
}

/** A remote may be for some hosts only. */
function hostsOf({ hosts }) {
  return HOSTS.filter(({ name }) => hosts === undefined || hosts.includes(name));
}

function bridgeCommand() {
  const words = process.env.MCP_TETHER.trim().split(/\s+/);
  return words.map((word) => (word.includes('/') && existsSync(word) ? path.resolve(word) : word));
}

/** Remotes are started once and shared; a few pairs run at a time. */
async function runAll() {
  const running = new Map();
  for (const { remote } of pairs) {
    if (!running.has(remote)) running.set(remote, remote.start().catch((error) => ({ error })));
  }
  const waiting = [...pairs];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      report(next, await runPair(next, await running.get(next.remote)));
    }
  };
  await Promise.all(Array.from({ length: Number(options.jobs) }, work));
  for (const remote of running.values()) (await remote).stop?.();
}

async function runPair({ host, remote }, { url, error }) {
  if (error) return { cases: [{ feature: 'the remote starts', ok: false, detail: error.message }], log: [] };
  const recorder = await record(url);
  const control = await controlFor(recorder);
  const room = mkdtempSync(path.join(os.tmpdir(), 'mcp-tether-sdk-'));
  const pids = path.join(room, 'pids');
  writeFileSync(pids, '');
  const spec = {
    plan: remote.plan,
    mode: host.mode,
    control: `http://127.0.0.1:${control.address().port}`,
    bridge: [...noting(pids), ...bridge, recorder.url],
    env: homeIn(room),
  };
  const { cases, stderr } = await runHost(host.command, spec);
  const started = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
  cases.push(...(await lookBack({ host, plan: remote.plan, cases, seen: recorder.seen, started })));
  control.close();
  recorder.stop();
  rmSync(room, { recursive: true, force: true });
  return { cases, log: [...inWords(recorder.seen), ...stderr] };
}

/** Notes the process id and then becomes the bridge: what the host starts is the bridge itself. */
function noting(pids) {
  return ['sh', '-c', 'echo $$ >>"$0"; exec "$@"', pids];
}

/** The bridge must neither find nor leave anything in the home of whoever runs the suite. */
function homeIn(room) {
  const home = path.join(room, 'home');
  mkdirSync(path.join(home, 'run'), { recursive: true, mode: 0o700 });
  return {
    HOME: home,
    XDG_CONFIG_HOME: path.join(home, 'config'),
    XDG_DATA_HOME: path.join(home, 'data'),
    XDG_STATE_HOME: path.join(home, 'state'),
    XDG_CACHE_HOME: path.join(home, 'cache'),
    XDG_RUNTIME_DIR: path.join(home, 'run'),
    MCP_REMOTE_CONFIG_DIR: path.join(home, 'mcp-remote'),
  };
}

/** Answers the one question a host program has about what passed the recorder. */
async function controlFor(recorder) {
  const control = http.createServer(async (request, response) => {
    response.end(String(request.url === '/standalone' && (await recorder.standaloneOpened())));
  });
  await new Promise((resolve) => control.listen(0, '127.0.0.1', resolve));
  return control;
}

function runHost([command, ...args], spec) {
  const child = spawn(command, args, {
    env: { ...process.env, MCP_TETHER_PAIR: JSON.stringify(spec), PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const cases = [];
  const stderr = [];
  createInterface({ input: child.stdout }).on('line', (line) => cases.push(JSON.parse(line)));
  createInterface({ input: child.stderr }).on('line', (line) => {
    stderr.push(line);
    if (stderr.length > 25) stderr.shift();
  });
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), PAIR_WITHIN);
    child.once('error', (error) => stderr.push(error.message));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code !== 0 || cases.length === 0) {
        const detail = `code ${code}, signal ${signal}, ${cases.length} cases told`;
        cases.push({ feature: 'the host ends well', ok: false, detail });
      }
      resolve({ cases, stderr });
    });
  });
}

function report({ id }, { cases, log }) {
  for (const { feature, ok, detail } of cases) {
    tally[ok ? 'passed' : 'failed'] += 1;
    const more = detail ? ` (${detail.replace(/[\0-\x1f\u2028]+/g, ' ')})` : '';
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${id} ${feature}${more}`);
  }
  if (options.verbose || cases.some(({ ok }) => !ok)) {
    for (const line of log) console.log(`         | ${line}`);
  }
}
