// Official SDK clients of the second generation, directly at the mock, in 2026-07-28: no bridge is
// between them. What both ends of the tests of the bridge believe about that revision is held against
// somebody else's reading of it. Started by run.sh.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

const CACHE = process.env.MCP_TETHER_SUITE;
const WITHIN = 60_000;
const here = (file) => path.join(import.meta.dirname, file);
const CLIENTS = {
  'typescript-2': [process.execPath, '--import', here('packages_from_cache.mjs'), here('direct/typescript.mjs')],
  'python-2': [path.join(CACHE, 'python-2/bin/python'), here('direct/python.py')],
};

const answer = { action: 'accept', content: { answer: 'Zoë' } };
/** The report that each client must give, whatever its wording. */
const EXPECTED = {
  // The tools whose annotations are wrong are left out (T-53), the seemingly wrong one is not.
  annotated: ['header_in_name_only', 'locate'],
  add: { sum: 3 },
  // Headers that have to be encoded, and one that is nested (T-54).
  locate: { region: 'Zürich', count: 42, urgent: true, place: { room: ' 7 ' } },
  ask_user: answer,
  ask_twice: { answers: ['Zoë', 'Zoë'], acts: 1 },
  ask_all: ['folders', 'model', 'user'],
  put_off: { put_off: 2 },
  progress: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  prompt: 'Compare Zoë with water.',
  secret: 'there is no secret',
  missing: -32602,
};

let failed = 0;
for (const [name, command] of Object.entries(CLIENTS)) {
  for (const served of ['2026-07-28', 'dual']) await play(name, command, served);
}
console.log(`\n${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function play(name, [program, ...args], served) {
  const mock = await startMock(served);
  const child = spawn(program, [...args, mock.url], { stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), WITHIN);
  let told = '';
  let log = '';
  child.stdout.on('data', (text) => (told += text));
  child.stderr.on('data', (text) => (log += text));
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  mock.stop();
  const seen = read(told);
  for (const [feature, expected] of Object.entries(EXPECTED)) {
    const ok = same(seen[feature], expected);
    if (!ok) failed += 1;
    const more = ok ? '' : ` (${JSON.stringify(seen[feature])})`;
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} at ${served}: ${feature}${more}`);
  }
  if (seen.annotated === undefined) console.log(log.replace(/^/gm, '         | '));
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** Equal but for the order of members. */
function same(one, other) {
  const sorted = (value) =>
    JSON.stringify(value, (_, inner) =>
      inner !== null && typeof inner === 'object' && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort())
        : inner,
    );
  return sorted(one) === sorted(other);
}

function startMock(served) {
  const words = process.env.MCP_TETHER.trim().split(/\s+/);
  const [program, ...args] = words.map((w) => (w.includes('/') && existsSync(w) ? path.resolve(w) : w));
  const child = spawn(program, [...args, 'mock', 'lab', '--port', '0', '--protocol', served], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`the mock left with code ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [url] = line.match(/http:\/\/127\.0\.0\.1:\d+\S*/) ?? [];
      if (url) resolve({ url, stop: () => child.kill('SIGKILL') });
    });
  });
}
