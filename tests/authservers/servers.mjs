// The authorization servers, each in a process of its own: how it is started, and what it offers. A
// server is its own remote. It prints `{"ready": URL}` and then a line of JSON for each request to an
// endpoint of its own; a line on stdin (`end-access`, `end-grants`) changes it.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

const suite = () => process.env.MCP_TETHER_SUITE;
export const script = (name) => path.join(import.meta.dirname, 'servers', name);
const python = (name) => path.join(suite(), `python-${name}`, 'bin', 'python');
const withPython = (room, file) => () => [python(room), script(file)];

/** Name, command, and whether tokens can be revoked. */
export const SERVERS = [
  {
    name: 'python-sdk-1',
    command: withPython('mcp1', 'python_sdk.py'),
    revokes: true,
  },
  {
    name: 'python-sdk-2',
    command: withPython('mcp2', 'python_sdk.py'),
    revokes: true,
  },
  {
    name: 'fastmcp-in-memory',
    command: withPython('fastmcp', 'fastmcp_in_memory.py'),
    revokes: true,
  },
  {
    name: 'fastmcp-proxy',
    command: withPython('fastmcp', 'fastmcp_proxy.py'),
    revokes: false,
  },
  {
    name: 'typescript-sdk',
    command: () => [process.execPath, script('typescript_sdk.mjs')],
    revokes: true,
  },
  {
    name: 'typescript-sdk-proxy',
    command: () => [process.execPath, script('typescript_sdk.mjs'), '--proxy'],
    revokes: true,
  },
  {
    name: 'oidc-provider',
    command: () => [process.execPath, script('oidc_provider.mjs')],
    revokes: true,
  },
];

export class Server {
  notes = [];

  static async start(row) {
    const server = new Server();
    const [command, ...args] = row.command();
    const env = { ...process.env, NODE_PATH: path.join(suite(), 'node_modules') };
    server.child = spawn(command, args, { env, cwd: suite() });
    const said = [];
    server.child.stderr.on('data', (chunk) => said.push(chunk));
    await new Promise((resolve, reject) => {
      createInterface({ input: server.child.stdout }).on('line', (line) => {
        const note = JSON.parse(line);
        if (note.done) return server.done();
        if (!note.ready) return server.notes.push(note);
        server.url = note.ready;
        resolve();
      });
      server.child.once('error', reject);
      server.child.once('exit', (code) => {
        reject(new Error(`${row.name} ended with ${code}: ${Buffer.concat(said)}`));
      });
    });
    return server;
  }

  /** Ends every access token, or every grant as a whole. */
  change(what) {
    const done = new Promise((resolve) => (this.done = resolve));
    this.child.stdin.write(`${what}\n`);
    return done;
  }

  /** How many requests to the token endpoint had this grant. */
  grants(grant) {
    return this.notes.filter((note) => note.request === 'POST /token' && note.grant === grant)
      .length;
  }

  asked(request) {
    return this.notes.filter((note) => note.request === request).length;
  }

  stop() {
    this.child.removeAllListeners('exit');
    this.child.kill('SIGKILL');
  }
}
