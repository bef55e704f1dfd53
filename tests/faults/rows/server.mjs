// The server restarts, is gone, freezes, forgets, refuses for a while, moves.

const many = (host, count, call) => Array.from({ length: count }, (_, number) => call(host, number));

export const rows = [
  {
    name: 'server restarts between two calls',
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open');
      await trial.open(server.url);
      for (let round = 0; round < 3; round += 1) {
        await server.restart();
        const answer = await trial.host.echo();
        if (!answer.result) throw new Error(`not repeated in a new session: ${JSON.stringify(answer)}`);
      }
    },
  },
  {
    name: 'the same, modern server',
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open', '--protocol', '2026-07-28');
      await trial.open(server.url);
      for (let round = 0; round < 3; round += 1) {
        await server.restart();
        await trial.usable();
      }
    },
  },
  {
    name: 'the same, HTTP+SSE',
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open', '--protocol', '2024-11-05');
      await trial.open(server.url.replace(/\/mcp$/, '/sse'));
      for (let round = 0; round < 3; round += 1) {
        await server.restart();
        await trial.usable();
      }
    },
  },
  {
    name: 'server restarts with 20 calls at work',
    parallel: 20,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open');
      const host = await trial.open(server.url);
      const calls = many(host, 20, () => host.call('slow', { ms: 30_000 }));
      await new Promise((resolve) => setImmediate(resolve));
      await host.ask('tools/list');
      await server.restart();
      await trial.all(calls);
      await trial.usable();
    },
  },
  {
    name: 'server is down, and comes back',
    parallel: 5,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open');
      const host = await trial.open(server.url);
      await server.kill();
      for (let round = 0; round < 5; round += 1) await trial.all(many(host, 5, () => host.echo()));
      await server.start();
      await trial.usable();
    },
  },
  {
    name: 'server is down when the host starts',
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open');
      await server.kill();
      trial.host = trial.world.host(server.url, ['--connect-timeout', '2']);
      const refused = await trial.host.open();
      if (!refused.error?.data?.bridge?.hint) throw new Error('the failure says no next step');
      trial.normal();
      await server.start();
      await trial.host.open();
      await trial.usable();
    },
  },
  {
    name: 'server freezes with connections open',
    parallel: 10,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open');
      const host = await trial.open(server.url, '--headers-timeout', '2');
      await server.freeze();
      await trial.all(many(host, 10, () => host.echo()));
      server.thaw();
      await trial.usable();
    },
  },
  {
    name: 'session forgotten under 50 parallel calls',
    parallel: 50,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open', '--fault', 'forget:method=tools/call:skip=1:times=1');
      const host = await trial.open(server.url);
      const answers = await trial.all(many(host, 50, () => host.echo()));
      const failed = answers.filter((answer) => !answer.result);
      if (failed.length) throw new Error(`${failed.length} of 50 not repeated: ${JSON.stringify(failed[0])}`);
      await trial.usable();
    },
  },
  {
    name: 'storm of 503 with Retry-After',
    parallel: 20,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open',
        '--fault', 'status=503:retry-after=1:method=tools/call:skip=1:times=40');
      const host = await trial.open(server.url);
      await trial.all(many(host, 20, () => host.echo()));
      await trial.usable();
    },
  },
  {
    name: 'storm of 429 without Retry-After',
    parallel: 40,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open',
        '--fault', 'status=429:body=text:method=tools/call:skip=1:times=60');
      const host = await trial.open(server.url);
      await trial.all(many(host, 40, () => host.echo()));
      await trial.usable();
    },
  },
  {
    name: 'storm of 502 with HTML',
    parallel: 30,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open',
        '--fault', 'status=502:body=html:method=tools/call:skip=1:times=30');
      const host = await trial.open(server.url);
      await trial.all(many(host, 30, () => host.echo()));
      await trial.usable();
    },
  },
];
