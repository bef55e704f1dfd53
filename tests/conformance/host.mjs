// A small stdio host: starts the bridge, speaks newline-delimited JSON-RPC with it and checks that
// nothing but protocol comes back. It knows nothing of HTTP and nothing of the scenarios.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How long one answer may take; a bridge that leaves a request open is a failure, never a wait. */
const ANSWER_WITHIN = 20_000;
/** How long the bridge may take to leave once its stdin is closed. */
const EXIT_WITHIN = 5_000;

/** The bridge broke a rule of the stdio side; never excused by a scenario that expects an error. */
export class Broken extends Error {}

/** The remote, or the bridge on its behalf, answered with a JSON-RPC error. */
export class Refused extends Error {
  constructor(method, error) {
    super(`${method}: error ${error.code}: ${error.message}`);
    this.code = error.code;
    this.data = error.data;
  }
}

export class Host {
  #child;
  #exited;
  #lastId = 0;
  #waiting = new Map();
  #answerers;
  #broken = null;
  #heard = false;

  /**
   * @param {string[]} command the bridge and its arguments
   * @param {object} env the whole environment of the bridge
   * @param {Record<string, (params: any) => any>} answerers what the host answers to requests
   */
  constructor(command, env, answerers = {}) {
    this.#answerers = { ping: () => ({}), ...answerers };
    this.#child = spawn(command[0], command.slice(1), { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(this.#fail(`cannot start: ${error.message}`)));
      this.#child.once('close', (code, signal) => {
        this.#fail(`the bridge left (code ${code}, signal ${signal}) before it answered`, code);
        resolve({ code, signal });
      });
    });
    this.#child.stdin.on('error', () => {});
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#receive(line));
  }

  /** Sends a request and resolves with its result. */
  request(method, params) {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#child.exitCode !== null) {
        reject(new Broken(`${method}: the bridge has already left`));
        return;
      }
      const late = () => reject(this.#breach(`${method}: no answer within ${ANSWER_WITHIN} ms`));
      const timer = setTimeout(late, ANSWER_WITHIN);
      this.#waiting.set(id, { method, resolve, reject, timer });
      this.#send({ jsonrpc: '2.0', id, method, ...(params && { params }) });
    });
  }

  notify(method, params) {
    this.#send({ jsonrpc: '2.0', method, ...(params && { params }) });
  }

  /** Closes stdin, as a host does, and insists that the bridge leaves. */
  async close() {
    const still = this.#broken;
    this.#child.stdin.end();
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, EXIT_WITHIN, 'late')));
    const end = await Promise.race([this.#exited, late]);
    clearTimeout(timer);
    if (end === 'late') {
      this.#child.kill('SIGKILL');
      throw new Broken(`the bridge was still there ${EXIT_WITHIN} ms after its stdin closed`);
    }
    if (still) throw still;
  }

  kill() {
    this.#child.kill('SIGKILL');
  }

  #send(message) {
    this.#child.stdin.write(JSON.stringify(message) + '\n');
  }

  #receive(line) {
    this.#heard = true;
    let message;
    try {
      message = JSON.parse(line);
    } catch {
      this.#breach(`stdout carried a line that is not JSON: ${line.slice(0, 200)}`);
      return;
    }
    if (message?.jsonrpc !== '2.0') {
      this.#breach(`stdout carried JSON that is not JSON-RPC: ${line.slice(0, 200)}`);
    } else if (typeof message.method === 'string') {
      if (message.id !== undefined) this.#answer(message);
    } else {
      this.#settle(message);
    }
  }

  async #answer({ id, method, params }) {
    const answerer = this.#answerers[method];
    if (answerer === undefined) {
      this.#send({ jsonrpc: '2.0', id, error: { code: -32601, message: `no ${method} here` } });
      return;
    }
    this.#send({ jsonrpc: '2.0', id, result: await answerer(params) });
  }

  #settle({ id, result, error }) {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) {
      this.#breach(`an answer to nothing that is open: id ${JSON.stringify(id)}`);
      return;
    }
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (error !== undefined) waiting.reject(new Refused(waiting.method, error));
    else if (result !== undefined) waiting.resolve(result);
    else waiting.reject(this.#breach(`${waiting.method}: neither result nor error`));
  }

  #breach(text) {
    this.#broken ??= new Broken(text);
    return this.#broken;
  }

  /** A bridge that refuses its arguments (code 2, not a word said) has not broken any rule. */
  #fail(text, code) {
    const refusedToStart = code === 2 && !this.#heard;
    for (const { method, reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      const why = `${method}: ${text}`;
      reject(refusedToStart ? new Error(why) : this.#breach(why));
    }
    this.#waiting.clear();
  }
}
