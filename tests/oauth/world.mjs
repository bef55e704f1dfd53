// One authorization server, one remote, one home folder and one browser, all of them new.
import { execFile, fork } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

import { FastMcp } from './fastmcp.mjs';
import { Host } from './host.mjs';
import { consent } from './person.mjs';
import { Remote } from './remote.mjs';

const LOOK = 15;
const COMMAND_WITHIN = 60_000;

export class World {
  /** The events of the authorization server, in order. */
  notes = [];
  /** Access and refresh tokens it ever gave. */
  secrets = new Set();
  /** Addresses the bridges wanted to be opened. */
  opened = [];
  /** The last page of each opened address, as promises. */
  visits = [];
  #hosts = [];

  /**
   * With `fastmcp` one server is both the remote and its authorization server.
   * @param {{tokenSeconds?: number, person?: (url: string) => Promise<object>, fastmcp?: boolean}} options
   */
  static async make(bridge, { tokenSeconds = 600, person = consent, fastmcp = false } = {}) {
    const world = new World();
    world.bridge = bridge;
    world.person = person;
    world.room = mkdtempSync(path.join(os.tmpdir(), 'mcp-tether-oauth-'));
    world.#furnish();
    if (fastmcp) {
      world.remote = await FastMcp.start((note) => world.#take(note));
      return world;
    }
    world.remote = await Remote.start();
    await world.#startProvider(tokenSeconds);
    await world.remote.join(world.issuer);
    return world;
  }

  get url() {
    return this.remote.url;
  }

  /** A host with a bridge to the remote. */
  host(...flags) {
    return this.hostAt(this.url, ...flags);
  }

  /** A host with a bridge to another remote. */
  hostAt(url, ...flags) {
    const host = new Host([...this.bridge, url, ...flags], this.env);
    this.#hosts.push(host);
    return host;
  }

  /** Runs a command of the bridge to its end. */
  run(...args) {
    const [command, ...first] = this.bridge;
    return new Promise((resolve) => {
      const options = { env: this.env, timeout: COMMAND_WITHIN, killSignal: 'SIGKILL' };
      execFile(command, [...first, ...args], options, (error, stdout, stderr) => {
        resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr });
      }).stdin.end();
    });
  }

  /** Returns the number of requests with this grant. */
  grants(grant) {
    return this.notes.filter((note) => note.request === 'POST /token' && note.grant === grant)
      .length;
  }

  count(event) {
    return this.notes.filter((note) => note.event === event).length;
  }

  get registrations() {
    return this.count('registration_create.success');
  }

  /** Returns the counts so far, which a case can compare. */
  get tally() {
    this.#look();
    return {
      openings: this.opened.length,
      registrations: this.registrations,
      refreshes: this.grants('refresh_token'),
      revoked: this.count('grant.revoked'),
    };
  }

  /** Tokens issued from now on live this long. */
  async setTokenSeconds(tokenSeconds) {
    await this.#change({ tokenSeconds });
  }

  /** Answers of the token endpoint come this much later from now on. */
  async setDelay(delay) {
    await this.#change({ delay });
  }

  #change(change) {
    return new Promise((resolve) => {
      const listen = (message) => {
        if (!message.changed) return;
        this.provider.off('message', listen);
        resolve();
      };
      this.provider.on('message', listen);
      this.provider.send(change);
    });
  }

  /** The authorization server forgets everything. */
  async restartProvider() {
    const gone = new Promise((resolve) => this.provider.once('exit', resolve));
    this.provider.kill('SIGKILL');
    await gone;
    await this.#startProvider(this.tokenSeconds);
    this.remote.forgetKeys();
  }

  /** Waits until this holds. */
  async until(what, holds, patience = 30_000) {
    for (const end = Date.now() + patience; !(await holds());) {
      if (Date.now() > end) throw new Error(`not within ${patience} ms: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
  }

  /** All files below the state folder. */
  files() {
    const state = this.env.MCP_TETHER_STATE_DIR;
    if (!existsSync(state)) return [];
    return readdirSync(state, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
  }

  /** The tokens that this text shows, plain or in base64. */
  secretsIn(text) {
    return [...this.secrets].filter((secret) => {
      const coded = Buffer.from(secret).toString('base64').slice(0, -4);
      return text.includes(secret) || text.includes(coded);
    });
  }

  /** Returns the stderr of the bridges of this world. */
  get stderr() {
    return this.#hosts.flatMap((host, index) => host.stderr.map((line) => `${index}: ${line}`));
  }

  async stop() {
    this.stopped = true;
    clearInterval(this.looking);
    for (const host of this.#hosts) host.child.kill('SIGKILL');
    await Promise.all(this.#hosts.map((host) => host.ended));
    this.provider?.kill('SIGKILL');
    this.remote.stop();
    rmSync(this.room, { recursive: true, force: true });
  }

  #furnish() {
    const home = path.join(this.room, 'home');
    const bin = path.join(this.room, 'bin');
    this.log = path.join(this.room, 'opened');
    mkdirSync(path.join(home, 'run'), { recursive: true, mode: 0o700 });
    mkdirSync(bin);
    writeFileSync(this.log, '');
    const script = `#!/bin/sh\nprintf '%s\\n' "$1" >>'${this.log}'\n`;
    writeFileSync(path.join(bin, 'xdg-open'), script, { mode: 0o755 });
    this.looking = setInterval(() => this.#look(), LOOK);
    this.env = {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: home,
      XDG_CONFIG_HOME: path.join(home, 'config'),
      XDG_DATA_HOME: path.join(home, 'data'),
      XDG_STATE_HOME: path.join(home, 'state'),
      XDG_CACHE_HOME: path.join(home, 'cache'),
      XDG_RUNTIME_DIR: path.join(home, 'run'),
      MCP_REMOTE_CONFIG_DIR: path.join(home, 'mcp-remote'),
      MCP_TETHER_STATE_DIR: path.join(this.room, 'state'),
      MCP_TETHER_CREDENTIAL_STORE: 'file',
    };
  }

  /** Lets the person see the pages that were opened since. */
  #look() {
    const urls = readFileSync(this.log, 'utf8').split('\n').slice(0, -1);
    for (const url of urls.slice(this.opened.length)) {
      this.opened.push(url);
      const visit = Promise.resolve().then(() => this.person(url));
      visit.catch(() => {});
      this.visits.push(visit);
    }
  }

  #take(note) {
    for (const secret of note.secrets ?? []) this.secrets.add(secret);
    this.notes.push(note);
  }

  async #startProvider(tokenSeconds) {
    this.tokenSeconds = tokenSeconds;
    const port = this.issuer ? Number(new URL(this.issuer).port) : await freePort();
    this.issuer = `http://127.0.0.1:${port}`;
    const options = JSON.stringify({ port, resource: this.url, tokenSeconds });
    const script = path.join(import.meta.dirname, 'provider.mjs');
    this.provider = fork(script, [options], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const said = [];
    this.provider.stderr.on('data', (chunk) => said.push(chunk));
    await new Promise((resolve, reject) => {
      this.provider.on('message', (note) => {
        if (note.ready) return resolve();
        this.#take(note);
      });
      this.provider.once('exit', (code) => {
        reject(new Error(`the authorization server ended with ${code}: ${Buffer.concat(said)}`));
      });
    });
  }
}

/** oidc-provider must know its port beforehand. */
async function freePort() {
  const listener = net.createServer();
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return port;
}
