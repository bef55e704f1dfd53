// A remote made with FastMCP and its in-memory authorization server, in a process of its own. Tells
// every request to the authorization server, as `provider.mjs` does.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

export class FastMcp {
  requests = [];

  /** @param {(note: object) => void} tell */
  static async start(tell) {
    const server = new FastMcp();
    const python = path.join(process.env.MCP_TETHER_SUITE, 'python-fastmcp', 'bin', 'python');
    const script = path.join(import.meta.dirname, 'fastmcp_server.py');
    server.child = spawn(python, [script]);
    const said = [];
    server.child.stderr.on('data', (chunk) => said.push(chunk));
    await new Promise((resolve, reject) => {
      createInterface({ input: server.child.stdout }).on('line', (line) => {
        const note = JSON.parse(line);
        if (note.ended) return server.ended();
        if (!note.ready) return tell(note);
        server.url = note.ready;
        resolve();
      });
      server.child.once('error', reject);
      server.child.once('exit', (code) => {
        reject(new Error(`FastMCP ended with ${code}: ${Buffer.concat(said)}`));
      });
    });
    return server;
  }

  /** Ends every access token; refresh tokens stay valid. */
  endAccessTokens() {
    const ended = new Promise((resolve) => (this.ended = resolve));
    this.child.stdin.write('\n');
    return ended;
  }

  stop() {
    this.child.kill('SIGKILL');
  }
}
