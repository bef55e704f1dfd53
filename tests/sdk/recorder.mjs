// Stands between the bridge and a remote as a TCP relay: bytes pass as they are and as they come, but
// for the `Host` header, which names the remote again, and the requests that go by are written down.
// That is how the suite knows what the remote was told.
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
    const pass = passRequests(upstream, remote.host, (request) => {
      seen.push(request);
      unanswered.push(request);
      tell();
    });
    bridge.on('data', pass);
    bridge.on('end', () => upstream.end());
    upstream.pipe(bridge);
    upstream.on('data', (chunk) => {
      const status = statusOf(chunk);
      if (status === null || unanswered.length === 0) return;
      Object.assign(unanswered.shift(), status);
      tell();
    });
    endTogether(bridge, upstream, sockets);
    endTogether(upstream, bridge, sockets);
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

/** A half that breaks takes the other one along; a half that ends well has said so already. */
function endTogether(one, other, sockets) {
  sockets.add(one);
  one.on('error', () => other.destroy());
  one.on('close', () => {
    sockets.delete(one);
    if (!one.readableEnded) other.destroy();
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

/** Passes HTTP/1.1 requests on, and hands over each that is complete with its JSON body. */
function passRequests(upstream, host, hand) {
  let held = Buffer.alloc(0);
  let passed = 0;
  return (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    for (let end = held.indexOf('\r\n\r\n'); end !== -1; end = held.indexOf('\r\n\r\n')) {
      if (passed === 0) {
        passed = end + 4;
        const head = held.subarray(0, passed).toString('latin1');
        upstream.write(head.replace(/(\r\nhost: *)[^\r]*/i, `$1${host}`), 'latin1');
      }
      const taken = takeRequest(held);
      const upTo = taken?.length ?? held.length;
      if (taken) hand(taken.request);
      upstream.write(held.subarray(passed, upTo));
      passed = upTo;
      if (!taken) return;
      held = held.subarray(upTo);
      passed = 0;
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
