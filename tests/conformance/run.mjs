// Plays every client scenario of the pinned suite at every revision it applies to, prints a line
// each, and holds the outcome against `baseline.txt` (see suite.mjs). Started by run.sh.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import {
  bridgeCommand,
  judge,
  judgeChecks,
  readBaseline,
  readChecks,
  runSuite,
  scenarios,
} from './suite.mjs';

const HERE = import.meta.dirname;
/** Longer than any wait inside the driver, so that the driver gives the verdict. */
const SCENARIO_WITHIN = 40_000;
const MODERN = '2026-07-28';

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
if (options.list) {
  for (const { id } of cases) console.log(id);
} else {
  const baseline = readBaseline('baseline.txt', new Set(all.map(({ id }) => id)));
  process.exitCode = await judge(cases, play, baseline, options);
}

/** Every scenario at every revision the suite says it applies to; extensions at the newest two. */
function allCases() {
  const found = [];
  for (const { scenario, revisions } of scenarios('client')) {
    const extension = revisions[0] === 'extension';
    for (const revision of extension ? ['2025-11-25', MODERN] : revisions) {
      found.push({ id: `${revision}/${scenario}`, scenario, revision, host: 'legacy' });
      // A modern host talks to a modern remote without any handshake, and to an older one through
      // the sessions that the bridge opens for it; signing in is no different.
      if (!scenario.startsWith('auth/')) {
        const id = `${revision}+modern-host/${scenario}`;
        found.push({ id, scenario, revision, host: 'modern' });
      }
    }
  }
  return found.sort((a, b) => a.revision.localeCompare(b.revision));
}

function chosen(id) {
  return options.only === undefined || options.only.some((part) => id.includes(part));
}

/** Runs one scenario in the suite and gathers what the suite and the driver each have to say. */
async function play({ scenario, revision, host }) {
  const room = mkdtempSync(path.join(os.tmpdir(), 'mcp-tether-conformance-'));
  const outcome = path.join(room, 'outcome.json');
  const home = path.join(room, 'home');
  const results = path.join(room, 'results');
  for (const folder of [home, path.join(home, 'run')]) mkdirSync(folder, { mode: 0o700 });
  const started = performance.now();
  const { code, log } = await runSuite(
    [
      ...['client', '--scenario', scenario, '--spec-version', revision, '--force'],
      ...['--timeout', String(SCENARIO_WITHIN), '--output-dir', results],
      ...['--command', `'${process.execPath}' '${path.join(HERE, 'driver.mjs')}'`],
    ],
    {
      MCP_TETHER_COMMAND: JSON.stringify(bridgeCommand()),
      MCP_TETHER_HOST: host,
      MCP_TETHER_HOME: home,
      MCP_TETHER_OUTCOME: outcome,
    },
  );
  const seconds = (performance.now() - started) / 1000;
  const seen = verdict(readChecks(results), readOutcome(outcome), code, log);
  rmSync(room, { recursive: true, force: true });
  return { ...seen, seconds, log };
}

function readOutcome(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { kind: 'broken', text: 'the driver left no verdict' };
  }
}

/** Nothing is excused here: no checks, no success among them, or a silent exit are failures too. */
function verdict(checks, outcome, code, log) {
  const breach = checks === null || outcome.kind === 'broken';
  if (checks === null) return { failures: ['the suite wrote no checks'], notes: [], breach };
  const { failures, notes } = judgeChecks(checks);
  if (outcome.kind === 'broken') failures.push(`host: ${outcome.text}`);
  // Only the suite knows whether this scenario allows its client to end with an error.
  const excused = !/CLIENT (EXITED WITH ERROR|TIMED OUT)/.test(log);
  if (outcome.kind === 'refused') (excused ? notes : failures).push(`host: ${outcome.text}`);
  if (!excused && outcome.kind === 'played') failures.push('the driver did not end well');
  if (code !== 0 && failures.length === 0 && notes.length === 0) {
    failures.push(`the suite ended with code ${code}`);
  }
  return { failures, notes, breach };
}
