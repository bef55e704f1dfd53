// Many bridges of one server at once, as a person with many windows has them: all of them start together
// and find the same token refused. What that costs, and that the sign-in survives it: the server takes
// the reuse of a refresh token for theft and ends the sign-in.
import { readFileSync } from 'node:fs';
import { canKeep, Keyring } from './keyring.mjs';
import { World } from './world.mjs';

/** Ticks a second of the times in `/proc`. */
const TICKS = 100;

/** One line of the table; `problems` is empty where everything holds. */
async function storm(binary, store, count) {
  const world = new World(binary);
  try {
    if (store === 'keyring') await new Keyring(world).start();
    const server = await world.server('pelcro', '--fault', 'first-token-ended');
    const { code, stderr } = await world.command('login', server.url);
    if (code !== 0) throw new Error(`login: ${stderr}`);
    const tabs = world.openedTabs();
    const started = performance.now();
    const hosts = Array.from({ length: count }, () => world.host(server.url, []));
    const answers = await Promise.all(hosts.map(async (host) => [await host.open(), await host.ask('tools/list')]));
    const elapsed = performance.now() - started;
    const problems = answers.flat().filter((answer) => !answer.result).map((answer) => JSON.stringify(answer.error));
    const spent = hosts.map((host) => processorTime(host.child.pid)).reduce((sum, time) => sum + time, 0);
    const memory = hosts.map((host) => host.memory().now).reduce((sum, size) => sum + size, 0);
    const last = await hosts[0].call('get_account');
    if (!last.result) problems.push(`the sign-in is lost: ${JSON.stringify(last.error)}`);
    const opened = world.openedTabs() - tabs;
    if (opened) problems.push(`${opened} tabs opened`);
    for (const { code: end } of await Promise.all(hosts.map((host) => host.leave()))) if (end !== 0) problems.push(`ended with ${end}`);
    return { store, count, elapsed, spent, memory, problems };
  } finally {
    await world.end();
  }
}

/** Seconds of processor time that a process and the children that it has waited for have had. */
function processorTime(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS;
}

/** Prints a table of a tenth of them and of all, with either store. Gives whether all rows hold. */
export async function together(binary, most) {
  console.log('| store | bridges | ms until the last has its tools | ms for each | processor ms for each | MB for each | |');
  console.log('|---|---:|---:|---:|---:|---:|---|');
  let holds = true;
  for (const store of ['file', 'keyring']) {
    const missing = store === 'keyring' && canKeep();
    for (const count of missing ? [] : [Math.max(1, Math.round(most / 10)), most]) {
      const { elapsed, spent, memory, problems } = await storm(binary, store, count);
      holds &&= problems.length === 0;
      const numbers = [elapsed.toFixed(0), (elapsed / count).toFixed(1), (spent * 1000 / count).toFixed(0), (memory / count).toFixed(1)];
      const end = problems.length ? `**${problems.length} problems, the first: ${problems[0]}**` : 'all answered, no tab, still signed in';
      console.log(`| ${store} | ${count} | ${numbers.join(' | ')} | ${end} |`);
    }
  }
  return holds;
}
