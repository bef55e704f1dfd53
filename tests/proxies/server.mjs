// The server: the bridge's own mock, reachable at an address of this machine that is not loopback.
import { spawn } from 'node:child_process';
import http from 'node:http';
import os from 'node:os';
import { createInterface } from 'node:readline';

/** An address of this machine that others could use. */
export function ownAddress() {
  const all = Object.values(os.networkInterfaces()).flat();
  const found = all.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (!found) throw new Error('this machine has no address besides loopback');
  return found.address;
}

/** Starts it; `requests` counts what arrives, by whatever way. */
export async function startServer(bridge) {
  const mock = spawn(bridge, ['mock', 'lab', '--open'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: mock.stdout });
  const [first] = await new Promise((resolve) => lines.once('line', (line) => resolve([line])));
  const target = new URL(first.replace('listening on ', ''));
  let requests = 0;
  const front = http.createServer((request, response) => {
    requests += 1;
    const headers = { ...request.headers, host: target.host };
    const forwarded = http.request(
      { host: target.hostname, port: target.port, path: request.url, method: request.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        response.flushHeaders();
        answer.pipe(response);
      },
    );
    forwarded.on('error', () => response.destroy());
    response.on('close', () => forwarded.destroy());
    request.pipe(forwarded);
  });
  await new Promise((resolve) => front.listen(0, '0.0.0.0', resolve));
  const { port } = front.address();
  const at = (host) => `http://${host}:${port}/mcp`;
  return { at, port, requests: () => requests, stop: () => { mock.kill(); front.close(); } };
}
