// A host: starts the bridge, asks it things, and holds it to exactly one answer for each request.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** A safety net only: whatever takes this long hangs. */
export const PATIENCE = 90_000;

export class Host {
  #next = 0;
  #open = new Map();
  /** Answers to requests that are not open, and lines that are no protocol. */
  strays = [];
  notifications = [];
  asked = 0;
  answered = 0;
  /** The tool that is called to see whether calls work. */
  tool = 'echo';
  failures = new Map();
  peak = 0;
  stderr = '';

  constructor(command, words, { env, cwd, reads = true }) {
    this.child = spawn(command, words, { env, cwd });
    this.child.stdin.on('error', () => {}); // the bridge may be gone
    this.child.stderr.on('data', (chunk) => { this.stderr = (this.stderr + chunk).slice(-20_000); });
    this.ended = new Promise((resolve) => {
      this.child.on('exit', (code, signal) => resolve({ code, signal }));
    });
    this.ended.then(() => this.#lose());
    if (reads) this.read();
  }

  /** Starts to read what the bridge writes. */
  read() {
    createInterface({ input: this.child.stdout }).on('line', (line) => this.#take(line));
  }

  #take(line) {
    let message;
    try {
      message = JSON.parse(line);
    } catch {
      return void this.strays.push(line.slice(0, 200));
    }
    if (message.method !== undefined) {
      this.notifications.push(message);
      if (message.id !== undefined) this.#serve(message);
      return;
    }
    const open = this.#open.get(message.id);
    if (!open) return void this.strays.push(line.slice(0, 200));
    this.#open.delete(message.id);
    this.answered += 1;
    if (message.error) {
      const kind = message.error.data?.bridge?.kind ?? `server ${message.error.code}`;
      this.failures.set(kind, (this.failures.get(kind) ?? 0) + 1);
    }
    open.resolve(message);
  }

  /** The server asks the host something. */
  #serve(request) {
    const result = request.method === 'elicitation/create'
      ? { action: 'accept', content: { name: 'Ada', answer: 'yes' } }
      : request.method === 'roots/list' ? { roots: [] } : {};
    this.write({ jsonrpc: '2.0', id: request.id, result });
  }

  #lose() {
    for (const open of this.#open.values()) open.reject(new Error(`the bridge ended: ${this.stderr}`));
    this.#open.clear();
  }

  write(message) {
    this.child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** The answer, whatever it is. */
  ask(method, params) {
    const id = (this.#next += 1);
    this.asked += 1;
    const answer = new Promise((resolve, reject) => this.#open.set(id, { resolve, reject }));
    this.write({ jsonrpc: '2.0', id, method, params });
    answer.id = id;
    return within(answer, () => `no answer to \`${method}\` (id ${id}): ${this.stderr}`);
  }

  /** Calls `echo` with a text of its own and looks that nobody else's comes back. */
  async echo(text = `text ${this.#next + 1}`) {
    if (this.tool !== 'echo') return this.call(this.tool);
    const answer = await this.call('echo', { text });
    if (answer.result && !JSON.stringify(answer.result).includes(JSON.stringify(text).slice(1, -1))) {
      throw new Error(`an answer that belongs to another: ${JSON.stringify(answer).slice(0, 300)}`);
    }
    return answer;
  }

  call(name, args = {}, meta) {
    return this.ask('tools/call', { name, arguments: args, ...meta });
  }

  async open() {
    const params = {
      protocolVersion: '2025-06-18',
      capabilities: { elicitation: {}, roots: {}, sampling: {} },
      clientInfo: { name: 'faults', version: '1' },
    };
    const answer = await this.ask('initialize', params);
    this.write({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return answer;
  }

  get waiting() {
    return this.#open.size;
  }

  get isRunning() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** MB that are resident now, and the most there ever were. */
  memory() {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    const of = (label) => Number(status.match(new RegExp(`${label}:\\s+(\\d+)`))[1]) / 1024;
    return { now: of('VmRSS'), peak: of('VmHWM') };
  }

  descriptors() {
    return readdirSync(`/proc/${this.child.pid}/fd`).length;
  }

  /** Ends stdin and waits for the bridge to end by itself. */
  async leave() {
    this.child.stdin.end();
    return within(this.ended, () => {
      this.child.kill('SIGKILL');
      return `the bridge does not end: ${this.stderr}`;
    });
  }
}

/** The promise, or an error after a time that nothing takes. */
export function within(promise, message, patience = PATIENCE) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(message())), patience);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Waits for something to become true. */
export async function until(what, check) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    if (await check()) return;
    if (Date.now() > deadline) throw new Error(`it never came to: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
