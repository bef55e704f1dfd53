// Stands between the bridge and a remote as a plain TCP relay: every byte passes as it is, while the
// requests that go by are written down. That is how the suite knows what the remote was told.
import net from 'node:net';

/**
 * @param {string} url the remote
 * @returns {Promise<{url: string, seen: Seen[], standaloneOpened: () => Promise<boolean>, stop: () => void}>}
 * @typedef {{method: string, path: string, headers: Record<string, string>, message: any, status: number | null}} Seen
 */
export async function record(url) {
  const remote = new URL(url);
  const seen = [];
  const watchers = new Set();
  const sockets = new Set();
  const tell = () => watchers.forEach((watcher) => watcher());

  const relay = net.createServer({ allowHalfOpen: true }, (bridge) => {
    const upstream = net.connect({
      port: Number(remote.port),
      host: remote.hostname,
      allowHalfOpen: true,
    });
    const unanswered = [];
    const read = requestReader((request) => {
      seen.push(request);
      unanswered.push(request);
      tell();
    });
    bridge.on('data', read);
    upstream.on('data', (chunk) => {
      const status = statusOf(chunk);
      if (status === null || unanswered.length === 0) return;
      Object.assign(unanswered.shift(), status);
      tell();
    });
    join(bridge, upstream, sockets);
    join(upstream, bridge, sockets);
  });
  await new Promise((resolve) => relay.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${relay.address().port}${remote.pathname}`,
    seen,
    /** True once a stream of the remote's own is open; false when none came in time. */
    standaloneOpened: () =>
      until(watchers, () =>
        seen.some(({ method, status, type }) => method === 'GET' && status === 200 && type === 'text/event-stream'),
      ),
    stop() {
      relay.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** One line per request, equal neighbours in one, for whoever has to find out what went wrong. */
export function inWords(seen) {
  const lines = [];
  for (const { method, path, headers, message, status } of seen) {
    const told = Object.entries(headers).filter(([name]) => NOTEWORTHY.test(name));
    const notes = told.map(([name, value]) => `${name}: ${value.slice(0, 12)}`).join(', ');
    const name = message?.params?.name ?? message?.params?.uri ?? '';
    const what = message?.method ?? (message && 'id' in message ? 'an answer' : '');
    const text = `${method} ${path} ${what} ${name} -> ${status ?? 'no answer'} {${notes}}`;
    const last = lines.at(-1);
    if (last?.text === text) last.ids.push(message?.id);
    else lines.push({ text, ids: [message?.id] });
  }
  return lines.map(({ text, ids }) => {
    const named = ids.filter((id) => id !== undefined).map((id) => JSON.stringify(id));
    const which = named.length > 1 ? ` ids ${named[0]} to ${named.at(-1)}` : ` id ${named[0]}`;
    return text + (named.length > 0 ? which : '') + (ids.length > 1 ? `, ${ids.length} times` : '');
  });
}

const NOTEWORTHY = /^(mcp-session-id|mcp-protocol-version|last-event-id)$/;
const WAIT = 10_000;

function until(watchers, holds) {
  return new Promise((resolve) => {
    const finish = (value) => {
      clearTimeout(timer);
      watchers.delete(look);
      resolve(value);
    };
    const timer = setTimeout(finish, WAIT, false);
    const look = () => holds() && finish(true);
    watchers.add(look);
    look();
  });
}

function join(from, to, sockets) {
  sockets.add(from);
  from.pipe(to);
  from.on('error', () => to.destroy());
  from.on('close', () => {
    sockets.delete(from);
    if (!from.readableEnded) to.destroy();
  });
}

/** An answer's head starts a chunk: nobody on either side sends one behind another. */
function statusOf(chunk) {
  const head = chunk.subarray(0, 4096).toString('latin1');
  const [, status] = head.match(/^HTTP\/1\.1 (\d{3})/) ?? [];
  if (status === undefined || status === '100') return null;
  const [, type] = head.match(/\r\ncontent-type: *([^;\r]+)/i) ?? [];
  return { status: Number(status), type: type?.toLowerCase() };
}

/** Reads HTTP/1.1 requests from chunks and hands each on with its JSON body, if it has one. */
function requestReader(hand) {
  let held = Buffer.alloc(0);
  return (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    for (let taken = takeRequest(held); taken !== null; taken = takeRequest(held)) {
      held = held.subarray(taken.length);
      hand(taken.request);
    }
  };
}

function takeRequest(bytes) {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const [first, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const [method, path] = first.split(' ');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const rest = bytes.subarray(end + 4);
  const body = /chunked/i.test(headers['transfer-encoding'] ?? '')
    ? takeChunked(rest)
    : takeSized(rest, Number(headers['content-length'] ?? 0));
  if (body === null) return null;
  const request = { method, path, headers, message: parsed(body.bytes), status: null };
  return { request, length: end + 4 + body.length };
}

function takeSized(bytes, size) {
  return bytes.length < size ? null : { bytes: bytes.subarray(0, size), length: size };
}

function takeChunked(bytes) {
  const parts = [];
  for (let at = 0; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line === -1) return null;
    const size = parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    const next = line + 2 + size + 2;
    if (bytes.length < next) return null;
    if (size === 0) return { bytes: Buffer.concat(parts), length: next };
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = next;
  }
}

function parsed(bytes) {
  if (bytes.length === 0) return null;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return { unreadable: bytes.subarray(0, 200).toString('utf8') };
  }
}
