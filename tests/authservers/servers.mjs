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

/**
 * Name, command, and whether tokens can be revoked; with `device`, the flags that get a device code
 * there, and with `program`, a client that signs in by itself.
 */
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
    device: () => [],
  },
  {
    name: 'cloudflare',
    command: () => [process.execPath, script('cloudflare.mjs')],
    revokes: true,
  },
  {
    name: 'django-oauth-toolkit',
    command: withPython('django', 'django_oauth_toolkit.py'),
    revokes: true,
    // Its metadata names no endpoint for device codes.
    device: (origin) => ['--device-endpoint', `${origin}/device-authorization/`],
    program: { client_id: 'robot', client_secret: 'a+b/c=' },
  },
  {
    name: 'authlib',
    command: withPython('authlib', 'authlib_server.py'),
    revokes: true,
    device: () => [],
    program: { client_id: 'robot', client_secret: 'a b+c/d=' },
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

  /** Returns the number of requests to the token endpoint with this grant, from a client that was accepted. */
  grants(grant) {
    const asked = this.notes.filter((note) => note.request === 'POST /token' && note.status !== 401);
    return asked.filter((note) => note.grant === grant).length;
  }

  asked(request) {
    return this.notes.filter((note) => note.request === request).length;
  }

  stop() {
    this.child.removeAllListeners('exit');
    this.child.kill('SIGKILL');
  }
}
