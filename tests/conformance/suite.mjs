// Shared by both halves of the run: starting the suite, reading its checks, holding outcomes against
// a baseline: an unlisted failure fails the run, and so does a listed scenario that passes.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const HERE = import.meta.dirname;
const SUITE = process.env.MCP_TETHER_SUITE;
const CONFORMANCE = [
  '--import',
  path.join(HERE, 'node20.mjs'),
  path.join(SUITE, 'node_modules/@modelcontextprotocol/conformance/dist/index.js'),
];

/** Every scenario of one side with the revisions it applies to; `extension` stands for itself. */
export function scenarios(side) {
  const listing = execFileSync(process.execPath, [...CONFORMANCE, 'list', `--${side}`], {
    encoding: 'utf8',
  });
  const found = [...listing.matchAll(/^ {2}- (\S+) \[(.*)\]$/gm)];
  if (found.length === 0) throw new Error('the suite lists no scenario');
  return found.map(([, scenario, applies]) => ({ scenario, revisions: applies.split(',') }));
}

/** The command of the program under test, with paths that hold from anywhere. */
export function bridgeCommand() {
  const words = process.env.MCP_TETHER.trim().split(/\s+/);
  return words.map((word) => (word.includes('/') && existsSync(word) ? path.resolve(word) : word));
}

/** Runs the suite once; gives its exit code and what it said. */
export function runSuite(args, env = {}) {
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

/** The checks that the suite wrote below this folder; null when there are none. */
export function readChecks(results) {
  const [file] = readdirSync(results, { recursive: true }).filter((name) =>
    name.endsWith('checks.json'),
  );
  return file === undefined ? null : JSON.parse(readFileSync(path.join(results, file)));
}

/** Failures and notes of these checks, in words. No success among them is a failure too. */
export function judgeChecks(checks) {
  const words = ({ id, name, errorMessage, description }) =>
    `${id} (${name}): ${errorMessage ?? description}`;
  const of = (status) => checks.filter((check) => check.status === status);
  const failures = of('FAILURE').map(words);
  if (of('SUCCESS').length === 0) failures.push('no check of this scenario was exercised');
  return { failures, notes: of('WARNING').map(words) };
}

/** The ids in a baseline; each must be one of the known ones. */
export function readBaseline(file, known) {
  const lines = readFileSync(path.join(HERE, file), 'utf8').split('\n');
  const listed = lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '');
  const strangers = listed.filter((id) => !known.has(id));
  if (strangers.length > 0) throw new Error(`${file}: unknown ${strangers.join(', ')}`);
  return { file, listed: new Set(listed) };
}

/** Plays cases, several at a time; gives the exit code of the run. */
export async function judge(queue, play, baseline, { jobs, verbose }) {
  if (queue.length === 0) {
    console.log('no scenario matches');
    return 2;
  }
  const tally = { passed: 0, failed: 0, known: 0 };
  const waiting = [...queue];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      report(next, await play(next), baseline, tally, verbose);
    }
  };
  await Promise.all(Array.from({ length: Number(jobs) }, work));
  if (tally.known > 0) console.log(`\n${tally.known} more failed as ${baseline.file} says they do`);
  console.log(`\n${tally.passed} passed, ${tally.failed} failed`);
  return tally.failed === 0 ? 0 : 1;
}

/** One line for the case, one for each check that failed or warned; a known failure stays short. */
function report({ id }, { failures, notes, breach, seconds, log }, baseline, tally, verbose) {
  const word = wordFor(failures.length === 0, baseline.listed.has(id), breach);
  tally[{ ok: 'passed', known: 'known' }[word] ?? 'failed'] += 1;
  console.log(`${word.padEnd(6)} ${id} (${seconds.toFixed(1)} s)`);
  if (word === 'STALE') console.log(`         passes, but ${baseline.file} lists it: take it out`);
  if (word === 'known' && !verbose) {
    const more = failures.length > 1 ? ` (and ${failures.length - 1} more)` : '';
    console.log(`         failed: ${failures[0]}${more}`);
    return;
  }
  for (const failure of failures) console.log(`         failed: ${failure}`);
  for (const note of notes) console.log(`         note: ${note}`);
  if (verbose || word === 'FAILED') console.log(log.replace(/^/gm, '         | '));
}

/** The baseline excuses what cannot be done yet, never what hangs, dies or babbles. */
function wordFor(passes, listed, breach) {
  if (passes) return listed ? 'STALE' : 'ok';
  return listed && !breach ? 'known' : 'FAILED';
}
