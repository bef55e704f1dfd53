// A host: starts a bridge on stdio and talks newline-delimited JSON-RPC with it.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const PATIENCE = 40_000;

export class Host {
  notifications = [];
  stderr = [];
  #pending = new Map();
  #number = 0;
  #watchers = new Set();

  constructor([command, ...args], env) {
    this.child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.on('error', (error) => this.stderr.push(error.message));
    this.child.stdin.on('error', () => {});
    createInterface({ input: this.child.stdout }).on('line', (line) => this.#take(line));
    createInterface({ input: this.child.stderr }).on('line', (line) => this.stderr.push(line));
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        this.#failAll(`the bridge ended with ${code ?? signal}`);
        resolve({ code, signal });
      });
    });
  }

  /** Sends a request; gives its result, or throws with the error's text. */
  request(method, params, patience = PATIENCE) {
    const id = ++this.#number;
    return new Promise((resolve, reject) => {
      const expire = () => reject(new Error(`${method}: no answer within ${patience} ms`));
      const timer = setTimeout(expire, patience);
      this.#pending.set(id, { method, resolve, reject, timer });
      this.#send({ jsonrpc: '2.0', id, method, params });
    });
  }

  notify(method) {
    this.#send({ jsonrpc: '2.0', method });
  }

  async initialize(patience) {
    const result = await this.request(
      'initialize',
      {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'oauth-suite', version: '1.0.0' },
      },
      patience,
    );
    this.notify('notifications/initialized');
    return result;
  }

  async toolNames() {
    const { tools } = await this.request('tools/list', {});
    return tools.map(({ name }) => name);
  }

  /** Calls a tool; gives its text. */
  async call(name, args = {}, patience) {
    const { content, isError } = await this.request(
      'tools/call',
      { name, arguments: args },
      patience,
    );
    const text = content.map((part) => part.text).join('');
    if (isError) throw new Error(`the tool ${name} failed: ${text}`);
    return text;
  }

  /** Waits until a notification of this method has arrived. */
  heard(method, patience = PATIENCE) {
    const has = () => this.notifications.some((message) => message.method === method);
    return new Promise((resolve, reject) => {
      if (has()) return resolve();
      const watcher = () => has() && done(resolve);
      const timer = setTimeout(
        () => done(() => reject(new Error(`${method} did not arrive within ${patience} ms`))),
        patience,
      );
      const done = (settle) => {
        clearTimeout(timer);
        this.#watchers.delete(watcher);
        settle();
      };
      this.#watchers.add(watcher);
    });
  }

  /** Ends as hosts do: closes stdin and gives it some time. */
  async close() {
    this.child.stdin.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    const { code, signal } = await this.ended;
    clearTimeout(timer);
    if (signal === 'SIGKILL') throw new Error('the bridge did not end within 10 s after its host');
    return code;
  }

  /** Ends without a chance to tidy up. */
  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  #send(message) {
    this.child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  #take(line) {
    let message;
    try {
      message = JSON.parse(line);
    } catch {
      return this.#failAll(`not JSON on stdout: ${line.slice(0, 200)}`);
    }
    if (message.method !== undefined && message.id !== undefined) {
      return this.#send({ jsonrpc: '2.0', id: message.id, result: {} });
    }
    if (message.method !== undefined) {
      this.notifications.push(message);
      for (const watcher of [...this.#watchers]) watcher();
      return;
    }
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if (message.error) {
      const { code, message: text, data } = message.error;
      const more = data === undefined ? '' : ` ${JSON.stringify(data)}`;
      pending.reject(new Error(`${pending.method}: ${code} ${text}${more}`));
    } else {
      pending.resolve(message.result);
    }
  }

  #failAll(why) {
    for (const { method, reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new Error(`${method}: ${why}`));
    }
    this.#pending.clear();
  }
}
