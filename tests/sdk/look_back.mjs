// Checks that are only possible when the host has gone: the processes it started, and what the remote was
// told on the wire from the first message to the last.

const GONE_WITHIN = 2_000;

/**
 * @param {{host: object, plan: object, cases: object[], seen: object[], started: number[]}} pair
 * @returns {Promise<{feature: string, ok: boolean, detail?: string}[]>}
 */
export async function lookBack({ host, plan, cases, seen, started }) {
  const left = await stillThere(started);
  const told = [
    judge('no process left behind', left.length === 0, `process ${left.join(', ')}`),
  ];
  // A server of 2026-07-28 has no handshake, no session, and sees a cancellation as a closed stream.
  if (plan.modern) return told;
  told.push(oneHandshake(host, seen, started));
  if (!host.asksDiscover) told.push(initializeFirst(seen));
  if (plan.sessions) told.push(sessionsEnded(seen));
  if (cases.some(({ feature }) => feature === 'cancellation')) told.push(cancelTold(plan, seen));
  return told;
}

function judge(feature, ok, detail) {
  return ok ? { feature, ok } : { feature, ok, detail };
}

async function stillThere(pids) {
  const deadline = performance.now() + GONE_WITHIN;
  for (;;) {
    const left = pids.filter(lives);
    if (left.length === 0 || performance.now() > deadline) return left;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function lives(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** No throw-away sessions: as many handshakes reach the remote as the host made. */
function oneHandshake(host, seen, started) {
  const accepted = seen.filter(
    ({ message, status }) => message?.method === 'initialize' && status >= 200 && status < 300,
  );
  // A modern host makes none itself: the bridge opens a session when a process first needs the remote.
  const wanted = host.processPerCommand || host.mode === 'auto' ? started.length : 1;
  const detail = `${accepted.length} accepted, ${wanted} expected`;
  return judge('one handshake per session', accepted.length === wanted, detail);
}

function initializeFirst([first]) {
  const what = first && `${first.method} ${first.message?.method ?? ''}`;
  return judge('initialize comes first', first?.message?.method === 'initialize', what);
}

function sessionsEnded(seen) {
  const sessionOf = ({ headers }) => headers['mcp-session-id'];
  const sessions = new Set(seen.map(sessionOf).filter((id) => id !== undefined));
  const deleted = seen.filter(({ method }) => method === 'DELETE').map(sessionOf);
  const once = [...sessions].every((id) => deleted.filter((one) => one === id).length === 1);
  const ok = sessions.size > 0 && once && deleted.length === sessions.size;
  return judge('every session ended', ok, `${sessions.size} sessions, ${deleted.length} DELETE`);
}

function cancelTold(plan, seen) {
  const { tool } = plan.cancellation;
  const calls = seen.filter(
    ({ message }) => message?.method === 'tools/call' && message.params.name === tool,
  );
  const ids = calls.map(({ message }) => message.id);
  const cancelled = seen.filter(
    ({ message }) =>
      message?.method === 'notifications/cancelled' && ids.includes(message.params.requestId),
  );
  const told = cancelled.map(({ message }) => message.params.requestId);
  // `progress` may use the same tool; only one of the calls is given up.
  return judge('the remote is told of it', told.length === 1, `calls ${ids}, cancelled ${told}`);
}
