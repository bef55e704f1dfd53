// Starts programs, waits until they answer, and ends them.
import { spawn } from 'node:child_process';
import net from 'node:net';

const running = new Set();

/** Starts a program in a group of its own; what it says is kept for when it fails. */
export function start(program, args, options = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...options });
  child.said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { child.said += chunk; });
  child.on('error', (error) => { child.said += error.message; });
  running.add(child);
  return child;
}

/** Ends one of them, with what it started. */
export function stop(child) {
  running.delete(child);
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // it has ended already
  }
}

export function stopAll() {
  for (const child of running) stop(child);
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until somebody listens there. */
export async function listens(port, child, host = '127.0.0.1') {
  const by = Date.now() + 20_000;
  for (;;) {
    const reached = await new Promise((resolve) => {
      const socket = net.connect(port, host, () => { socket.destroy(); resolve(true); });
      socket.on('error', () => resolve(false));
    });
    if (reached) return;
    if (Date.now() > by || child.exitCode !== null) throw new Error(`nobody listens on ${port}: ${child.said}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A relay in front of a port that counts connections. */
export async function tap(port) {
  let connections = 0;
  const server = net.createServer((near) => {
    connections += 1;
    const far = net.connect(port, '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on('error', () => { near.destroy(); far.destroy(); });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: server.address().port, count: () => connections, close: () => server.close() };
}
