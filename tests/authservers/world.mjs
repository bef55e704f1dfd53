// One authorization server, one home folder and one browser, all of them new.
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { Host } from '../oauth/host.mjs';
import { consent } from './person.mjs';
import { Server } from './servers.mjs';

const LOOK = 15;
const COMMAND_WITHIN = 60_000;

export class World {
  /** Addresses that were opened. */
  opened = [];
  #hosts = [];

  static async make(bridge, row) {
    const world = new World();
    world.bridge = bridge;
    world.room = mkdtempSync(path.join(os.tmpdir(), 'mcp-tether-authservers-'));
    world.#furnish();
    try {
      world.server = await Server.start(row);
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  /** A host with a bridge to the remote, which has opened its session and called a tool. */
  async use(...flags) {
    const host = new Host([...this.bridge, this.server.url, ...flags], this.env);
    this.#hosts.push(host);
    await host.initialize();
    await host.call('echo', { text: 'x' });
    return host;
  }

  /** Signs in with a device code, which a person enters at the page that is shown. */
  async login(...flags) {
    const words = ['login', this.server.url, ...flags];
    const child = spawn(this.bridge[0], words, { env: this.env, timeout: COMMAND_WITHIN });
    let [stdout, stderr, page] = ['', ''];
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
      const shown = stderr.match(/enter the code (\S+):\s+(\S+)\s/);
      if (!shown || page) return;
      page = new URL(shown[2]);
      page.searchParams.set('user_code', shown[1]);
      consent(page.href).catch((error) => (this.ended = error));
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    return { code, stdout, stderr };
  }

  /** Runs a command of the bridge to its end. */
  run(...args) {
    const options = { env: this.env, timeout: COMMAND_WITHIN, killSignal: 'SIGKILL' };
    return new Promise((resolve) => {
      execFile(this.bridge[0], args, options, (error, stdout, stderr) => {
        resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr });
      }).stdin.end();
    });
  }

  async stop() {
    clearInterval(this.looking);
    for (const host of this.#hosts) host.child.kill('SIGKILL');
    await Promise.all(this.#hosts.map((host) => host.ended));
    this.server?.stop();
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
      MCP_TETHER_STATE_DIR: path.join(this.room, 'state'),
      MCP_TETHER_CREDENTIAL_STORE: 'file',
    };
  }

  /** Lets the person see the pages that were opened since. */
  #look() {
    const urls = readFileSync(this.log, 'utf8').split('\n').slice(0, -1);
    for (const url of urls.slice(this.opened.length)) {
      this.opened.push(url);
      consent(url).then(
        (page) => (this.ended = page),
        (error) => (this.ended = error),
      );
    }
  }
}
