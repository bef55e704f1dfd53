// One row of the matrix: what was normal before the fault, and the verdict after it.
import { until } from './host.mjs';

/** How much more memory a row may take at its highest, in MB. */
const GROWTH = 48;
/** Connections that the bridge keeps for later requests. */
const KEPT = 64;
/** Descriptors that a stream and a question may hold more than at the start. */
const MORE_DESCRIPTORS = 4;

export class Trial {
  constructor(world, row) {
    this.world = world;
    this.row = row;
  }

  /** Opens a session through the bridge and notes what is normal. */
  async open(url, ...flags) {
    this.host = await this.world.bridge(url, ...flags);
    this.host.tool = this.row.tool ?? 'echo';
    await this.host.echo();
    return this.normal();
  }

  /** Notes what is normal for the bridge that runs. */
  normal() {
    this.before = { ...this.host.memory(), descriptors: this.host.descriptors() };
    this.tabs = this.world.openedTabs();
    return this.host;
  }

  /** The fault is over: calls must work again, in the same process. */
  async usable() {
    await until('a call works again', async () => Boolean((await this.host.echo()).result));
  }

  /** All of these, whether they worked or not. */
  async all(answers) {
    return Promise.all(answers);
  }

  /** Returns the result of the row; `problems` is empty if everything holds. */
  async verdict() {
    const { host, before, row } = this;
    const problems = [];
    if (!host.isRunning) problems.push('the bridge is gone');
    if (host.waiting > 0) problems.push(`${host.waiting} requests have no answer`);
    if (host.strays.length > 0) problems.push(`answers nobody waits for: ${host.strays[0]}`);
    const tabs = this.world.openedTabs() - this.tabs;
    if (tabs !== (row.tabs ?? 0)) problems.push(`${tabs} tabs opened`);
    // Connections are kept for the next calls, as many as there were at once at the most.
    const most = before.descriptors + Math.min(row.parallel ?? 1, KEPT) + MORE_DESCRIPTORS;
    let descriptors = 0;
    await until('descriptors are closed', () => (descriptors = host.descriptors()) <= most)
      .catch(() => problems.push('descriptors leak'));
    const growth = host.memory().peak - before.now;
    if (growth > (row.growth ?? GROWTH)) problems.push(`memory grew by ${growth.toFixed(0)} MB`);
    const { code, signal } = await host.leave();
    if (code !== 0) problems.push(`ended with ${code ?? signal}`);
    if (host.strays.length > 0 && problems.length === 0) problems.push('something came after the end');
    return {
      requests: host.asked,
      answered: host.answered,
      failures: [...host.failures].map(([kind, count]) => `${count} ${kind}`).join(', ') || 'none',
      tabs,
      growth: growth.toFixed(1),
      descriptors: `${before.descriptors} → ${descriptors}`,
      problems,
    };
  }
}
