// Connections break, stall and crawl, at every point.
import { rules } from '../proxy.mjs';

const phases = ['before-work', 'before-headers', 'after-headers', 'mid-body', 'after-first-event', 'mid-event', 'before-response', 'end'];

const breaks = (name, ...words) => ({
  name,
  run: async (trial) => {
    const faults = phases.flatMap((phase, index) =>
      ['--fault', `disconnect=${phase}:method=tools/call:skip=${1 + index}:times=1`]);
    const server = await trial.world.server('lab', '--open', ...words, ...faults);
    const host = await trial.open(server.url);
    for (const _ of phases) await host.call('log', { level: 'error', message: 'on the way' });
    await trial.usable();
  },
});

export const rows = [
  breaks('answer breaks off in each of 8 phases, JSON'),
  breaks('the same, event stream', '--sse'),
  breaks('the same, modern server', '--protocol', '2026-07-28'),
  {
    name: 'connection cut after every 11th byte of an answer',
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open', '--sse');
      const relay = await trial.world.relay(server);
      const host = await trial.open(relay.url);
      for (let bytes = 1; bytes < 700; bytes += 11) {
        relay.cut();
        relay.rule = rules.cutAfter(bytes, bytes % 2 === 0);
        // Two and four bytes a letter: cuts fall inside letters too.
        await host.echo(`grün 😀 ${bytes}`);
      }
      relay.rule = rules.pass();
      relay.cut();
      await trial.usable();
    },
  },
  {
    name: 'network refuses every connection for a while',
    parallel: 20,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open');
      const relay = await trial.world.relay(server);
      const host = await trial.open(relay.url);
      relay.rule = rules.refuse();
      relay.cut({ reset: true });
      await trial.all(Array.from({ length: 20 }, () => host.echo()));
      relay.rule = rules.pass();
      await trial.usable();
    },
  },
  {
    name: 'half-open connections: nothing arrives any more',
    parallel: 10,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open');
      const relay = await trial.world.relay(server);
      const host = await trial.open(relay.url, '--headers-timeout', '2', '--connect-timeout', '2');
      relay.rule = rules.freeze();
      await trial.all(Array.from({ length: 10 }, () => host.echo()));
      relay.rule = rules.pass();
      relay.cut();
      await trial.usable();
    },
  },
  {
    name: 'new connections are taken and never served',
    parallel: 10,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open');
      const relay = await trial.world.relay(server);
      const host = await trial.open(relay.url, '--headers-timeout', '2');
      relay.rule = rules.hold();
      relay.cut();
      await trial.all(Array.from({ length: 10 }, () => host.echo()));
      relay.rule = rules.pass();
      relay.cut();
      await trial.usable();
    },
  },
  {
    name: 'answers crawl in byte by byte',
    parallel: 8,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open', '--sse');
      const relay = await trial.world.relay(server);
      const host = await trial.open(relay.url);
      relay.rule = rules.drip(1);
      const answers = await trial.all(Array.from({ length: 8 }, () => host.echo()));
      if (!answers.every((answer) => answer.result)) throw new Error('a slow answer is an answer');
      relay.rule = rules.pass();
      await trial.usable();
    },
  },
  {
    name: 'server stops in the middle of an answer',
    parallel: 5,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open', '--fault', 'silent=body:method=tools/call:skip=1:times=5');
      const host = await trial.open(server.url, '--body-timeout', '2');
      await trial.all(Array.from({ length: 5 }, () => host.echo()));
      await trial.usable();
    },
  },
  {
    name: 'the standalone stream breaks again and again',
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open');
      const relay = await trial.world.relay(server);
      const host = await trial.open(relay.url);
      for (let round = 0; round < 20; round += 1) {
        relay.cut({ reset: round % 2 === 0 });
        await host.echo();
      }
      await trial.usable();
    },
  },
];
