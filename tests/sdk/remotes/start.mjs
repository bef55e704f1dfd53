// Starts the remotes of the suite, each on a port of its own, and says what each can do.
import { spawn } from 'node:child_process';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { conformance } from './conformance.mjs';
import { everything } from './everything.mjs';
import { lab } from './lab.mjs';
import { egrow, launchmystore, pelcro } from './product.mjs';
import { python, pythonModern } from './python.mjs';

const READY_WITHIN = 30_000;
const CACHE = process.env.MCP_TETHER_SUITE;
const EVERYTHING = path.join(
  CACHE,
  'node_modules/@modelcontextprotocol/server-everything/dist/index.js',
);
const PYTHON = path.join(CACHE, 'python-1/bin/python');
const PYTHON_REMOTE = path.join(import.meta.dirname, 'python_remote.py');
const PYTHON_2 = path.join(CACHE, 'python-2/bin/python');
const FASTMCP = path.join(CACHE, 'python-fastmcp/bin/python');
const PYTHON_2_REMOTE = path.join(import.meta.dirname, 'python_2_remote.py');

/** Every remote: its name, how to start it, and the plan of what a host can try on it. */
export function allRemotes(bridge) {
  return [
    {
      name: 'everything-http',
      start: () => startEverything('streamableHttp', '/mcp'),
      plan: everything({ sessions: true }),
    },
    {
      name: 'everything-sse',
      start: () => startEverything('sse', '/sse'),
      plan: everything({ sessions: false }),
    },
    {
      name: 'python-stateful-sse',
      start: () => startAnnounced(PYTHON, [PYTHON_REMOTE]),
      plan: python({ stateless: false, json: false }),
    },
    {
      name: 'python-stateful-json',
      start: () => startAnnounced(PYTHON, [PYTHON_REMOTE, '--json']),
      plan: python({ stateless: false, json: true }),
    },
    {
      name: 'python-stateless-sse',
      start: () => startAnnounced(PYTHON, [PYTHON_REMOTE, '--stateless']),
      plan: python({ stateless: true, json: false }),
    },
    {
      name: 'python-stateless-json',
      start: () => startAnnounced(PYTHON, [PYTHON_REMOTE, '--stateless', '--json']),
      plan: python({ stateless: true, json: true }),
    },
    {
      name: 'python-2-modern',
      start: () => startAnnounced(PYTHON_2, [PYTHON_2_REMOTE, '--modern']),
      plan: pythonModern(),
    },
    {
      name: 'fastmcp-modern',
      start: () => startAnnounced(FASTMCP, [PYTHON_2_REMOTE, '--fastmcp', '--modern']),
      plan: pythonModern(),
    },
    {
      name: 'mock-lab',
      start: () => startAnnounced(bridge[0], [...bridge.slice(1), 'mock', 'lab', '--port', '0']),
      plan: lab,
    },
    mockConformance(bridge, 'legacy', conformance),
    mockConformance(bridge, '2026-07-28', { ...conformance, modern: true }),
    mockProduct(bridge, 'egrow', egrow),
    mockProduct(bridge, 'launchmystore', launchmystore),
    mockProduct(bridge, 'pelcro', pelcro),
  ];
}

/** The product with skills, for the host that knows them. */
function mockConformance(bridge, protocol, plan) {
  return {
    name: `mock-conformance-${protocol}`,
    hosts: ['rust', 'rust-discover'],
    start: () =>
      startAnnounced(bridge[0], [...bridge.slice(1), 'mock', 'conformance', '--protocol', protocol]),
    plan,
  };
}

/** A product of the mock, for the host that holds every result against the tool's own schema. */
function mockProduct(bridge, name, plan) {
  return {
    name: `mock-${name}`,
    hosts: ['typescript-2'],
    start: () => startAnnounced(bridge[0], [...bridge.slice(1), 'mock', name, '--open']),
    plan,
  };
}

/** A remote that prints its URL, whatever else it prints around it. */
async function startAnnounced(command, args) {
  const { child, log } = start(command, args, process.env);
  const url = await within(READY_WITHIN, log, (done, fail) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [found] = line.match(/http:\/\/127\.0\.0\.1:\d+[^\s"'`]*/) ?? [];
      if (found) done(found);
    });
    child.once('close', (code) => fail(`left with code ${code}`));
  });
  return { url, stop: () => child.kill('SIGKILL') };
}

/** This server wants a number: take one that was free a moment ago, and another if it is lost. */
async function startEverything(mode, endpoint) {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const args = [EVERYTHING, mode];
    const { child, log } = start(process.execPath, args, { ...process.env, PORT: String(port) });
    try {
      await within(READY_WITHIN, log, (done, fail) => {
        child.once('close', (code) => fail(`left with code ${code}`));
        untilItListens(port, child, done);
      });
      return { url: `http://127.0.0.1:${port}${endpoint}`, stop: () => child.kill('SIGKILL') };
    } catch (error) {
      child.kill('SIGKILL');
      if (attempt === 3) throw error;
    }
  }
}

function start(command, args, env) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const log = [];
  const keep = (text) => {
    log.push(String(text));
    if (log.length > 200) log.shift();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.on('error', (error) => keep(error.message));
  return { child, log };
}

function within(limit, log, body) {
  return new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`${why}\n${log.join('')}`));
    const timer = setTimeout(fail, limit, `not ready within ${limit} ms`);
    const settle = (end) => (value) => {
      clearTimeout(timer);
      end(value);
    };
    body(settle(resolve), settle(fail));
  });
}

function untilItListens(port, child, done) {
  const probe = net.connect(port, '127.0.0.1');
  probe.once('connect', () => {
    probe.destroy();
    done();
  });
  probe.once('error', () => {
    if (child.exitCode === null) setTimeout(untilItListens, 50, port, child, done);
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer().once('error', reject);
    probe.listen(0, () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
