// Starts programs, talks to them line by line, and looks at what is left of them.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** A safety net only: whatever takes this long hangs. */
const PATIENCE = 180_000;

/** Runs a program to its end. */
export async function run(command, words, options = {}) {
  const running = start(command, words, options);
  running.child.stdin.end();
  const end = await running.end();
  return { ...end, stdout: running.stdout(), stderr: running.stderr() };
}

/** Starts a program with pipes on all three ends. */
export function start(command, words, { env, cwd } = {}) {
  const child = spawn(command, words, { env, cwd });
  child.stdin.on('error', () => {}); // it may be gone already
  let stdout = '', stderr = '';
  child.stdout.on('data', (chunk) => { stdout += chunk; });
  child.stderr.on('data', (chunk) => { stderr += chunk; });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  // `exit` and not `close`: orphans may hold the pipes.
  const exit = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => setImmediate(() => resolve({ code, signal })));
  });
  const end = () => within(exit, () => {
    child.kill('SIGKILL');
    return `${command} ${words.join(' ')} does not end: ${stderr}`;
  });
  return {
    child, end,
    stdout: () => stdout,
    stderr: () => stderr,
    send: (message) => child.stdin.write(`${JSON.stringify(message)}\n`),
    next: async () => {
      const { value, done } = await within(lines.next(), () => `no line came: ${stderr}`);
      if (done) throw new Error(`stdout ended: ${stderr}`);
      return value;
    },
  };
}

function within(promise, message) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(message())), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Processes whose command line has this word, with their command lines. */
export function withWord(word) {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((id) => {
    try {
      const words = readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0');
      return words.includes(word) && !isDead(id) ? [{ id: Number(id), words }] : [];
    } catch {
      return []; // gone meanwhile
    }
  });
}

function isDead(id) {
  return /\) Z /.test(readFileSync(`/proc/${id}/stat`, 'utf8'));
}

/** Waits until no process has this word on its command line. */
export async function allGone(word) {
  const until = Date.now() + PATIENCE / 2;
  for (;;) {
    const left = withWord(word);
    if (left.length === 0) return;
    if (Date.now() > until) {
      left.forEach(({ id }) => process.kill(id, 'SIGKILL'));
      throw new Error(`left behind: ${left.map(({ words }) => words.join(' ')).join('; ')}`);
    }
    await new Promise((later) => setTimeout(later, 10));
  }
}
