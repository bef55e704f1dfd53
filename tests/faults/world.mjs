// The setup of a row of the matrix: a home, a browser that counts tabs, servers, and the bridge.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Host, until, within } from './host.mjs';
import { Relay } from './proxy.mjs';

export class World {
  #undo = [];
  /** Additional environment variables for the programs of this row. */
  variables = {};

  constructor(binary) {
    this.binary = binary;
    this.folder = mkdtempSync(join(tmpdir(), 'mcp-tether-faults-'));
    this.home = join(this.folder, 'home');
    this.programs = join(this.folder, 'bin');
    this.tabs = join(this.folder, 'tabs');
    for (const folder of [this.home, this.programs, join(this.folder, 'run')]) mkdirSync(folder, { mode: 0o700 });
    const browser = join(import.meta.dirname, 'browser.mjs');
    const words = [process.execPath, browser, this.tabs].map(quoted).join(' ');
    writeFileSync(join(this.programs, 'xdg-open'), `#!/bin/sh\nexec ${words} "$1"\n`, { mode: 0o755 });
  }

  env(more = {}) {
    return {
      HOME: this.home,
      XDG_RUNTIME_DIR: join(this.folder, 'run'),
      PATH: `${this.programs}:${process.env.PATH}`,
      MCP_TETHER_CREDENTIAL_STORE: 'file',
      ...this.variables,
      ...more,
    };
  }

  /** A mock server: `server.url`, `kill()`, `start()` again on the same port, `freeze()`, `thaw()`. */
  async server(...words) {
    const server = new Server(this, words);
    this.#undo.push(() => server.kill());
    await server.start();
    return server;
  }

  /** A relay in front of a server. */
  async relay(server) {
    const relay = await new Relay(server.port).listen(server.port);
    this.#undo.push(() => relay.close());
    relay.url = `http://[::1]:${relay.port}/mcp`;
    return relay;
  }

  /** The bridge and a host around it, with a session open. */
  async bridge(url, ...flags) {
    const host = this.host(url, flags);
    const answer = await host.open();
    if (!answer.result) throw new Error(`no session: ${JSON.stringify(answer)}`);
    return host;
  }

  /** The bridge and a host that has said nothing yet. */
  host(url, flags, options = {}) {
    const { env, ...more } = options;
    const host = new Host(this.binary, [url, ...flags], { env: this.env(env), cwd: this.folder, ...more });
    this.#undo.push(() => host.child.kill('SIGKILL'));
    return host;
  }

  /** Runs one of our commands to its end. */
  async command(...words) {
    const host = new Host(this.binary, words, { env: this.env(), cwd: this.folder, reads: false });
    host.child.stdout.resume();
    host.child.stdin.end();
    const { code } = await within(host.ended, () => `\`${words.join(' ')}\` does not end`);
    return { code, stderr: host.stderr };
  }

  openedTabs() {
    return existsSync(this.tabs) ? readFileSync(this.tabs, 'utf8').trim().split('\n').length : 0;
  }

  later(undo) {
    this.#undo.push(undo);
  }

  async end() {
    for (const undo of this.#undo.reverse()) await undo();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

class Server {
  constructor(world, words) {
    this.world = world;
    this.words = words;
  }

  /** Starts it, on the port it had before. */
  async start(...more) {
    this.port ??= await freePort();
    const words = ['mock', ...this.words, ...more, '--port', String(this.port)];
    this.child = spawn(this.world.binary, words, { env: this.world.env(), stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stderr.resume();
    const lines = createInterface({ input: this.child.stdout });
    const first = await within(new Promise((resolve, reject) => {
      lines.once('line', resolve);
      this.child.once('exit', (code) => reject(new Error(`the mock ended with ${code}`)));
    }), () => 'the mock does not start');
    lines.on('line', () => {});
    this.url = first.match(/http:\S+/)[0];
  }

  async kill() {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await gone;
  }

  /** Killed and started again: it has forgotten every session. */
  async restart(...more) {
    await this.kill();
    await this.start(...more);
  }

  async freeze() {
    this.child.kill('SIGSTOP');
    await until('the server is stopped', () => stateOf(this.child.pid) === 'T');
  }

  thaw() {
    this.child.kill('SIGCONT');
  }
}

/** The letter by which the kernel tells what a process does. */
export function stateOf(pid) {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1][0];
}

/** A port that was free a moment ago: a server must come back to the one it had. */
async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
