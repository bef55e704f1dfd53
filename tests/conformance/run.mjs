// Plays every client scenario of the pinned suite at every revision it applies to, prints a line
// each, and holds the outcome against `baseline.txt`: an unlisted failure fails the run, and so does
// a listed scenario that passes. Started by run.sh.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const HERE = import.meta.dirname;
const SUITE = process.env.MCP_TETHER_SUITE;
const CONFORMANCE = [
  '--import',
  path.join(HERE, 'node20.mjs'),
  path.join(SUITE, 'node_modules/@modelcontextprotocol/conformance/dist/index.js'),
];
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
const cases = allCases().filter(({ id }) => chosen(id));
if (options.list) {
  for (const { id } of cases) console.log(id);
} else {
  process.exitCode = await judge(cases, readBaseline());
}

/** Every scenario at every revision the suite says it applies to; extensions at the newest two. */
function allCases() {
  const listing = execFileSync(process.execPath, [...CONFORMANCE, 'list', '--client'], {
    encoding: 'utf8',
  });
  const found = [];
  for (const [, scenario, applies] of listing.matchAll(/^ {2}- (\S+) \[(.*)\]$/gm)) {
    const extension = applies === 'extension';
    const revisions = extension ? ['2025-11-25', MODERN] : applies.split(',');
    for (const revision of revisions) {
      found.push({ id: `${revision}/${scenario}`, scenario, revision, host: 'legacy' });
      // A modern host talks to a modern remote without any handshake; signing in is no different.
      if (revision === MODERN && !scenario.startsWith('auth/')) {
        const id = `${revision}+modern-host/${scenario}`;
        found.push({ id, scenario, revision, host: 'modern' });
      }
    }
  }
  if (found.length === 0) throw new Error('the suite lists no scenario');
  return found.sort((a, b) => a.revision.localeCompare(b.revision));
}

function chosen(id) {
  return options.only === undefined || options.only.some((part) => id.includes(part));
}

function readBaseline() {
  const lines = readFileSync(path.join(HERE, 'baseline.txt'), 'utf8').split('\n');
  const listed = lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '');
  const known = new Set(allCases().map(({ id }) => id));
  const strangers = listed.filter((id) => !known.has(id));
  if (strangers.length > 0) throw new Error(`baseline.txt: unknown ${strangers.join(', ')}`);
  return new Set(listed);
}

async function judge(queue, baseline) {
  if (queue.length === 0) {
    console.log('no scenario matches');
    return 2;
  }
  const tally = { passed: 0, failed: 0, known: 0 };
  const waiting = [...queue];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      report(next, await play(next), baseline.has(next.id), tally);
    }
  };
  await Promise.all(Array.from({ length: Number(options.jobs) }, work));
  if (tally.known > 0) console.log(`\n${tally.known} more failed as baseline.txt says they do`);
  console.log(`\n${tally.passed} passed, ${tally.failed} failed`);
  return tally.failed === 0 ? 0 : 1;
}

/** One line for the case, one for each check that failed or warned; a known failure stays short. */
function report({ id }, { failures, notes, breach, seconds, log }, listed, tally) {
  const word = wordFor(failures.length === 0, listed, breach);
  tally[{ ok: 'passed', known: 'known' }[word] ?? 'failed'] += 1;
  console.log(`${word.padEnd(6)} ${id} (${seconds.toFixed(1)} s)`);
  if (word === 'STALE') console.log('         passes, but baseline.txt lists it: take it out');
  if (word === 'known' && !options.verbose) {
    const more = failures.length > 1 ? ` (and ${failures.length - 1} more)` : '';
    console.log(`         failed: ${failures[0]}${more}`);
    return;
  }
  for (const failure of failures) console.log(`         failed: ${failure}`);
  for (const note of notes) console.log(`         note: ${note}`);
  if (options.verbose || word === 'FAILED') console.log(log.replace(/^/gm, '         | '));
}

/** The baseline excuses what the bridge cannot do yet, never that it hangs, dies or babbles. */
function wordFor(passes, listed, breach) {
  if (passes) return listed ? 'STALE' : 'ok';
  return listed && !breach ? 'known' : 'FAILED';
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

function bridgeCommand() {
  const words = process.env.MCP_TETHER.trim().split(/\s+/);
  return words.map((word) => (word.includes('/') && existsSync(word) ? path.resolve(word) : word));
}

function runSuite(args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...CONFORMANCE, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    child.stdout.on('data', (text) => (log += text));
    child.stderr.on('data', (text) => (log += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, log }));
  });
}

function readChecks(results) {
  const [folder] = readdirSync(results, { recursive: true }).filter((name) =>
    name.endsWith('checks.json'),
  );
  return folder === undefined ? null : JSON.parse(readFileSync(path.join(results, folder)));
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
  const words = ({ id, name, errorMessage, description }) =>
    `${id} (${name}): ${errorMessage ?? description}`;
  const of = (status) => checks.filter((check) => check.status === status);
  const failures = of('FAILURE').map(words);
  const notes = of('WARNING').map(words);
  if (outcome.kind === 'broken') failures.push(`host: ${outcome.text}`);
  // Only the suite knows whether this scenario allows its client to end with an error.
  const excused = !/CLIENT (EXITED WITH ERROR|TIMED OUT)/.test(log);
  if (outcome.kind === 'refused') (excused ? notes : failures).push(`host: ${outcome.text}`);
  if (!excused && outcome.kind === 'played') failures.push('the driver did not end well');
  if (of('SUCCESS').length === 0) failures.push('no check of this scenario was exercised');
  if (code !== 0 && failures.length === 0 && notes.length === 0) {
    failures.push(`the suite ended with code ${code}`);
  }
  return { failures, notes, breach };
}
