// Plays every server scenario of the pinned suite against the mock (`mcp-tether mock conformance`),
// at every revision it applies to and for each way the mock can stand there; and then what concerns
// a host against the bridge in front of the mock (adapter.mjs). Holds the outcome against
// `servers-baseline.txt` (see suite.mjs). Started by run.sh.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

import { adapter } from './adapter.mjs';
import { bridgeEnvironment } from './environment.mjs';
import {
  bridgeCommand,
  judge,
  judgeChecks,
  readBaseline,
  readChecks,
  runSuite,
  scenarios,
} from './suite.mjs';

const MODERN = '2026-07-28';
const SCENARIO_WITHIN = 30_000;
/** The revisions of the mock for the scenarios of a revision: that one alone, or both eras. */
const SERVED = (revision) => [revision, 'dual'];
/** The revisions between suite and bridge, and between bridge and mock. */
const BRIDGED = [
  ['2025-11-25', '2025-11-25'],
  ['2025-11-25', MODERN],
  [MODERN, '2025-11-25'],
  [MODERN, MODERN],
];
/** Scenarios about HTTP itself: the adapter would be judged, not the bridge. */
const ABOUT_HTTP =
  /^(http-|dns-|server-session-|server-sse-|tasks-request-headers|tasks-status-notifications)/;
/** Tasks of the extension cannot be had from a remote that knows those of 2025-11-25 (E-73). */
const OUT_OF_REACH = (scenario, revision, served) =>
  scenario.startsWith('tasks-') && revision === MODERN && served !== MODERN;
/** That a stream ends before its answer is a fault of the mock, and only legacy streams resume. */
const FAULTS = (revision) =>
  revision === '2025-11-25' ? ['--fault', 'poll=50:tool=test_reconnection'] : [];

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    jobs: { type: 'string', default: '3' },
    list: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});
const all = allCases();
const cases = all.filter(({ id }) => chosen(id));
const stands = new Map();
if (options.list) {
  for (const { id } of cases) console.log(id);
} else {
  const baseline = readBaseline('servers-baseline.txt', new Set(all.map(({ id }) => id)));
  try {
    process.exitCode = await judge(cases, play, baseline, options);
  } finally {
    for (const stand of stands.values()) (await stand).stop();
  }
}

/** Extensions belong to the newest revision. */
function allCases() {
  const found = [];
  for (const { scenario, revisions } of scenarios('server')) {
    for (const revision of revisions[0] === 'extension' ? [MODERN] : revisions) {
      for (const served of SERVED(revision)) {
        const id = `${revision}@${served}/${scenario}`;
        found.push({ id, scenario, revision, served });
      }
    }
    for (const [revision, served] of ABOUT_HTTP.test(scenario) ? [] : BRIDGED) {
      const applies = revisions[0] === 'extension' ? revision === MODERN : revisions.includes(revision);
      const id = `${revision}+bridge@${served}/${scenario}`;
      if (applies && !OUT_OF_REACH(scenario, revision, served)) found.push({ id, scenario, revision, served, bridged: true });
    }
  }
  return found.sort((a, b) => a.revision.localeCompare(b.revision));
}

function chosen(id) {
  return options.only === undefined || options.only.some((part) => id.includes(part));
}

async function play({ scenario, revision, served, bridged }) {
  const { url, stop } = await standFor(revision, served, bridged);
  const results = mkdtempSync(path.join(os.tmpdir(), 'mcp-tether-conformance-'));
  const started = performance.now();
  const { code, log } = await runSuite([
    ...['server', '--url', url, '--scenario', scenario, '--spec-version', revision, '--force'],
    ...['--timeout', String(SCENARIO_WITHIN), '--output-dir', results],
  ]);
  const seconds = (performance.now() - started) / 1000;
  if (bridged) stop();
  const checks = readChecks(results);
  rmSync(results, { recursive: true, force: true });
  if (checks === null) {
    return { failures: ['the suite wrote no checks'], notes: [], breach: true, seconds, log };
  }
  const { failures, notes } = judgeChecks(checks);
  if (code !== 0 && failures.length === 0 && notes.length === 0) {
    failures.push(`the suite ended with code ${code}`);
  }
  return { failures, notes, breach: false, seconds, log };
}

/** One mock for all scenarios of a revision; each scenario has a bridge of its own. */
async function standFor(revision, served, bridged) {
  const key = `${bridged ? 'bridged' : revision}@${served}`;
  if (!stands.has(key)) stands.set(key, startMock(bridged ? undefined : revision, served));
  const mock = await stands.get(key);
  return bridged ? inFrontOf(mock) : mock;
}

async function inFrontOf(mock) {
  const home = mkdtempSync(path.join(os.tmpdir(), 'mcp-tether-conformance-'));
  mkdirSync(path.join(home, 'run'), { mode: 0o700 });
  const front = await adapter([...bridgeCommand(), mock.url], bridgeEnvironment(home));
  const stop = () => {
    front.stop();
    rmSync(home, { recursive: true, force: true });
  };
  return { url: front.url, stop };
}

function startMock(revision, served) {
  const [command, ...words] = bridgeCommand();
  const args = ['mock', 'conformance', '--port', '0', '--protocol', served, ...FAULTS(revision)];
  const child = spawn(command, [...words, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`the mock left with code ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [url] = line.match(/http:\/\/127\.0\.0\.1:\d+\S*/) ?? [];
      if (url) resolve({ url, stop: () => child.kill('SIGKILL') });
    });
  });
}
