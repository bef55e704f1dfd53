// Runs the cases one after the other, each in a world of its own, and prints a line per case.
// Started by run.sh.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { browser } from './cases/browser.mjs';
import { consentPage } from './cases/consent_page.mjs';
import { ends } from './cases/ends.mjs';
import { fastmcp } from './cases/fastmcp.mjs';
import { kills } from './cases/kills.mjs';
import { many } from './cases/many.mjs';
import { parts } from './cases/parts.mjs';
import { start } from './cases/start.mjs';
import { tokenPage } from './cases/token_page.mjs';
import { waiting } from './cases/waiting.mjs';
import { World } from './world.mjs';

const CASE_WITHIN = 180_000;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    kills: { type: 'string', default: '60' },
    list: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    'no-chromium': { type: 'boolean', default: false },
  },
});
const known = readFileSync(new URL('known.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line && !line.startsWith('#'));
const rounds = Number(options.kills);
if (!(Number.isInteger(rounds) && rounds > 0)) {
  console.error(`\`--kills\` takes a number, not \`${options.kills}\``);
  process.exit(2);
}
const cache = process.env.MCP_TETHER_SUITE;
const screenshots = path.join(cache, 'screenshots');
mkdirSync(screenshots, { recursive: true });
const bridge = bridgeCommand();
const pages = [browser, consentPage, tokenPage];
const cases = [
  ...parts,
  ...start,
  ...many,
  ...ends,
  ...fastmcp,
  ...(options['no-chromium'] ? [] : pages.flatMap((cases) => cases(screenshots))),
  ...waiting,
  ...kills(rounds),
].filter(
  ({ name }) => options.only === undefined || options.only.some((part) => name.includes(part)),
);
const tally = { passed: 0, failed: 0 };

if (options.list) {
  for (const { name } of cases) console.log(name);
} else {
  for (const each of cases) await report(each, await run(each));
  if (tally.passed + tally.failed === 0) tally.failed = 1;
  console.log(`\n${tally.passed} passed, ${tally.failed} failed`);
  process.exit(tally.failed === 0 ? 0 : 1);
}

function bridgeCommand() {
  const words = process.env.MCP_TETHER.trim().split(/\s+/);
  return words.map((word) => (word.includes('/') && existsSync(word) ? path.resolve(word) : word));
}

async function run({ act, within = CASE_WITHIN }) {
  const worlds = [];
  const make = async (wanted) => {
    const world = await World.make(bridge, wanted);
    worlds.push(world);
    return world;
  };
  const began = Date.now();
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over within ${within / 1000} s`)), within);
  });
  const outcome = await Promise.race([act(make), late]).then(
    (detail) => ({ ok: true, detail }),
    (error) => ({ ok: false, detail: error.message }),
  );
  clearTimeout(timer);
  const log = worlds.flatMap(lookBack);
  for (const world of worlds) await world.stop();
  return { ...outcome, log, seconds: (Date.now() - began) / 1000 };
}

function lookBack(world) {
  const at = (note) => [note.request, note.status, note.grant, note.event, note.error, note.detail];
  return [
    ...world.opened.map((url) => `opened ${url}`),
    ...world.notes
      .filter((note) => note.delivered === undefined)
      .map((note) => `issuer ${at(note).filter(Boolean).join(' ')}`),
    ...world.remote.requests.map((note) => `remote ${Object.values(note).join(' ')}`).slice(-60),
    ...world.stderr.slice(-60).map((line) => `stderr ${line}`),
  ];
}

/// A case in `known.txt` is expected to fail; it fails the run when it passes.
function report({ name }, { ok, detail, log, seconds }) {
  const isKnown = known.some((start) => name.startsWith(start));
  const good = ok !== isKnown;
  tally[good ? 'passed' : 'failed'] += 1;
  const label = ok ? (isKnown ? 'STALE ' : 'ok    ') : isKnown ? 'known ' : 'FAILED';
  const more = detail ? ` (${detail.replace(/[\0-\x1f\u2028]+/g, ' ')})` : '';
  console.log(`${label} ${name}${more}${options.verbose ? ` ${seconds} s` : ''}`);
  if (ok && isKnown) console.log('         passes, but known.txt lists it: take it out');
  if (options.verbose || !good) {
    for (const line of log) console.log(`         | ${line}`);
  }
}
