// Mixed traffic with random faults, held against a model of what must come back: nothing lost, nothing
// twice, nothing to the wrong request, and memory and descriptors that do not grow.
import { rules } from './proxy.mjs';
import { World } from './world.mjs';

/** Calls that are under way at one time. */
const AT_ONCE = 6;

/** Runs for so many minutes; `seed` decides what happens, though not to the microsecond when. */
export async function soak(binary, minutes, seed) {
  const world = new World(binary);
  const random = generator(seed);
  const problems = [];
  try {
    const server = await world.server('lab', '--open', '--sse');
    const relay = await world.relay(server);
    const host = await world.bridge(relay.url, '--headers-timeout', '3', '--connect-timeout', '3', '--body-timeout', '3');
    const samples = [];
    const end = Date.now() + minutes * 60_000;
    let faults = 0;
    while (Date.now() < end) {
      if (random() < 0.1) {
        faults += 1;
        await fault(random, server, relay);
      }
      await Promise.all(Array.from({ length: AT_ONCE }, () => traffic(random, host, problems)));
      // A frozen connection has dropped bytes, so it cannot continue.
      if (relay.rule.frozen) relay.cut();
      relay.rule = rules.pass();
      samples.push({ memory: host.memory().now, descriptors: host.descriptors() });
      // Paced, so that an hour of it leaves the machine to others.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    problems.push(...verdict(host, samples));
    const { code } = await host.leave();
    if (code !== 0) problems.push(`the bridge ended with ${code}`);
    return { line: summary(host, samples, faults, minutes, seed), problems: problems.slice(0, 20) };
  } finally {
    await world.end();
  }
}

/** One thing a host does, checked against what must come of it. */
async function traffic(random, host, problems) {
  const wrong = (what, answer) => problems.push(`${what}: ${JSON.stringify(answer).slice(0, 200)}`);
  const dice = random();
  try {
    if (dice < 0.4) {
      await host.echo(`${Math.floor(random() * 1e9)} grün 😀`);
    } else if (dice < 0.55) {
      const [a, b] = [Math.floor(random() * 1000), Math.floor(random() * 1000)];
      const answer = await host.call('add', { a, b });
      if (answer.result && !JSON.stringify(answer.result).includes(String(a + b))) wrong(`${a} + ${b}`, answer);
    } else if (dice < 0.65) {
      const answer = await host.ask('tools/list');
      if (answer.result && answer.result.tools.length < 20) wrong('tools/list', answer);
    } else if (dice < 0.75) {
      const bytes = Math.floor(random() * 300_000);
      const answer = await host.call('big', { bytes });
      if (answer.result && JSON.stringify(answer.result).length < bytes) wrong(`big ${bytes}`, answer);
    } else if (dice < 0.85) {
      await host.call('burst', { count: 20 });
    } else if (dice < 0.95) {
      await host.call('ask_user', {});
    } else {
      host.write({ jsonrpc: '2.0', method: 'notifications/roots/list_changed' });
      await host.call('slow', { ms: 20 }, { _meta: { progressToken: Math.floor(random() * 1e9) } });
    }
  } catch (error) {
    problems.push(error.message.slice(0, 300));
  }
}

async function fault(random, server, relay) {
  const faults = [
    () => relay.cut(),
    () => relay.cut({ reset: true }),
    () => { relay.rule = rules.cutAfter(Math.floor(random() * 900)); relay.cut(); },
    () => { relay.rule = rules.refuse(); relay.cut(); },
    () => { relay.rule = rules.freeze(); },
    () => { relay.rule = rules.drip(1, 200); },
    () => server.restart(),
    () => server.kill().then(() => server.start()),
  ];
  await faults[Math.floor(random() * faults.length)]();
}

function verdict(host, samples) {
  const problems = [];
  if (host.asked !== host.answered) problems.push(`${host.asked - host.answered} requests lost`);
  if (host.strays.length) problems.push(`${host.strays.length} answers nobody waits for: ${host.strays[0]}`);
  // The last quarter against the second: the first fills caches and pools.
  const quarter = (index) => {
    const part = samples.slice(Math.floor(samples.length * index / 4), Math.floor(samples.length * (index + 1) / 4));
    const mean = (key) => part.reduce((sum, sample) => sum + sample[key], 0) / Math.max(part.length, 1);
    return { memory: mean('memory'), descriptors: mean('descriptors') };
  };
  const [early, late] = [quarter(1), quarter(3)];
  if (late.memory > early.memory + 8) problems.push(`memory grows: ${early.memory.toFixed(1)} to ${late.memory.toFixed(1)} MB`);
  if (late.descriptors > early.descriptors + 8) problems.push('descriptors grow');
  return problems;
}

function summary(host, samples, faults, minutes, seed) {
  const last = samples.at(-1) ?? { memory: 0, descriptors: 0 };
  const failures = [...host.failures].map(([kind, count]) => `${count} ${kind}`).join(', ') || 'none';
  return `soak of ${minutes} min, seed ${seed}: ${faults} faults, ${host.asked} requests, ${host.answered} answered once, ` +
    `${host.strays.length} strays; failures: ${failures}; ${last.memory.toFixed(1)} MB, ${last.descriptors} descriptors at the end`;
}

/** The same numbers for the same seed (mulberry32). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
