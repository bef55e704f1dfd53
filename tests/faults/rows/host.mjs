// The host floods, stops reading, sends nonsense; the machine sleeps.
import { stateOf } from '../world.mjs';
import { until } from '../host.mjs';

export const rows = [
  {
    name: '10,000 requests in flight',
    parallel: 64,
    growth: 160,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open');
      const host = await trial.open(server.url);
      await trial.all(Array.from({ length: 10_000 }, () => host.echo()));
      await trial.usable();
    },
  },
  {
    name: 'host stops reading while 64 MB wait for it',
    parallel: 64,
    growth: 160,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open');
      const host = await trial.open(server.url);
      host.child.stdout.pause();
      const calls = Array.from({ length: 64 }, () => host.call('big', { bytes: 1_000_000 }));
      // Nothing reads, so the pipe fills; what the bridge holds must stay bounded.
      await until('the bridge has taken all requests', () => host.child.stdin.writableLength === 0);
      host.child.stdout.resume();
      const answers = await trial.all(calls);
      if (!answers.every((answer) => answer.result)) throw new Error('patience is no failure');
      await trial.usable();
    },
  },
  {
    name: 'host floods stdin with notifications and nonsense',
    parallel: 64,
    growth: 160,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open');
      const host = await trial.open(server.url);
      for (let number = 0; number < 5000; number += 1) {
        host.write({ jsonrpc: '2.0', method: 'notifications/roots/list_changed' });
        host.child.stdin.write('{"jsonrpc":"2.0","method":\n');
      }
      await trial.usable();
      // Each line that is no JSON has its own error without an id.
      await until('all nonsense is refused', () => host.strays.length >= 5000);
      if (!host.strays.every((line) => line.includes('-32700'))) throw new Error(host.strays[0]);
      host.strays = [];
    },
  },
  {
    name: 'machine sleeps and the server forgets meanwhile',
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open');
      const host = await trial.open(server.url);
      for (let round = 0; round < 3; round += 1) {
        host.child.kill('SIGSTOP');
        await until('the bridge is stopped', () => stateOf(host.child.pid) === 'T');
        await server.restart();
        host.child.kill('SIGCONT');
        await trial.usable();
      }
    },
  },
  {
    name: 'host cancels everything it asks',
    parallel: 256,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open');
      const host = await trial.open(server.url);
      for (let round = 0; round < 200; round += 1) {
        host.write({ jsonrpc: '2.0', id: `cancelled-${round}`, method: 'tools/call', params: { name: 'slow', arguments: { ms: 20_000 } } });
        host.write({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: `cancelled-${round}` } });
      }
      await trial.usable();
    },
  },
];
