// Servers and hosts as they are: a row for each class of oddity, from the mock's faults.
import { createServer } from 'node:http';

const lab = (trial, faults, ...flags) =>
  trial.world.server('lab', '--open', ...flags, ...faults.flatMap((fault) => ['--fault', fault]));

/** Ten calls, each of which must be answered with a result. */
async function work(trial, count = 10) {
  const answers = await trial.all(Array.from({ length: count }, () => trial.host.echo()));
  const failed = answers.filter((answer) => !answer.result);
  if (failed.length) throw new Error(`${failed.length} of ${count} failed: ${JSON.stringify(failed[0])}`);
}

const works = (name, faults, ...flags) => ({
  name,
  parallel: 10,
  run: async (trial) => {
    const server = await lab(trial, faults, ...flags);
    await trial.open(server.url);
    await work(trial);
  },
});

/** A server of this row's own; `answer(request, response, message)` returns whether it has answered. */
async function ownServer(answer) {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => { body += piece; });
    request.on('end', () => {
      const message = body ? JSON.parse(body) : {};
      if (answer(request, response, message)) return;
      if (request.method !== 'POST' || message.id === undefined) {
        return void response.writeHead(request.method === 'GET' ? 405 : 202).end();
      }
      const text = JSON.stringify(message.params?.arguments ?? {});
      const result = message.method === 'initialize'
        ? { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'own', version: '1' } }
        : { content: [{ type: 'text', text }] };
      response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 's' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return { url: `http://127.0.0.1:${server.address().port}/mcp`, close: () => server.closeAllConnections() };
}

export const rows = [
  works('class 1: members that are there twice', ['doubled-member=_meta', 'doubled-member=content']),
  works('class 1: the same, modern server', ['doubled-member=_meta', 'doubled-member=content'], '--protocol', '2026-07-28'),
  {
    name: 'class 2: the host leaves while a call hangs',
    run: async (trial) => {
      const server = await lab(trial, ['silent:tool=slow']);
      const host = await trial.open(server.url);
      const call = host.call('slow', { ms: 1 });
      await host.echo();
      const left = Date.now();
      const [, answer] = await Promise.all([host.leave(), call]);
      if (Date.now() - left > 1500) throw new Error(`gone after ${Date.now() - left} ms`);
      if (answer.error?.data?.bridge?.kind !== 'lost') throw new Error(JSON.stringify(answer));
    },
    verdict: (trial) => ({
      requests: trial.host.asked, answered: trial.host.answered, failures: '1 lost', tabs: 0, growth: '', descriptors: '',
      problems: trial.host.waiting ? ['a request has no answer'] : [],
    }),
  },
  {
    name: 'class 3: errors whose words name a session',
    parallel: 10,
    run: async (trial) => {
      const text = 'status=400:body=error:code=-32602:message=session_name must be a string:method=tools/call';
      const server = await lab(trial, [`${text}:skip=1:times=5`]);
      const host = await trial.open(server.url);
      for (let round = 0; round < 5; round += 1) {
        const answer = await host.echo();
        if (answer.error?.code !== -32602) throw new Error(JSON.stringify(answer));
      }
      await work(trial);
    },
  },
  {
    name: 'class 4: a stream that is opened, told `retry: 0` and ended',
    run: async (trial) => {
      let streams = 0;
      const server = await ownServer((request, response) => {
        if (request.method !== 'GET') return false;
        streams += 1;
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end('retry: 0\n\n');
        return true;
      });
      await trial.open(server.url);
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      if (streams > 12) throw new Error(`${streams} streams in ten seconds`);
      await work(trial);
      server.close();
    },
  },
  works('class 5: redirects, marks and codings at once', ['redirect=307', 'bom', 'gzip', 'cookie']),
  works('class 5: the same, modern server', ['redirect=307', 'bom', 'gzip', 'cookie'], '--protocol', '2026-07-28'),
  {
    name: 'class 6: 300 answered streams that stay open',
    parallel: 64,
    run: async (trial) => {
      const server = await lab(trial, ['stay-open:tool=echo', 'answer=sse', 'heartbeat=50']);
      await trial.open(server.url);
      await work(trial, 300);
    },
  },
  works('class 6: `notifications/initialized` is never answered', ['silent:method=notifications/initialized']),
  works('class 7: the start meets three 502', ['status=502:body=html:times=3:method=initialize']),
  {
    name: 'class 8: something before `endpoint`',
    parallel: 10,
    run: async (trial) => {
      const server = await lab(trial, ['endpoint=wrong-first'], '--protocol', '2024-11-05');
      await trial.open(server.url.replace(/\/mcp$/, '/sse'));
      await work(trial);
    },
  },
  {
    name: 'class 9: `initialize` again and again',
    parallel: 10,
    run: async (trial) => {
      const server = await lab(trial, []);
      const host = await trial.open(server.url);
      for (let round = 0; round < 5; round += 1) {
        const call = host.echo();
        const answer = await host.open();
        if (!answer.result) throw new Error(JSON.stringify(answer));
        await call;
      }
      await work(trial);
    },
  },
  {
    name: 'class 10: 200 header lines in each answer',
    parallel: 10,
    run: async (trial) => {
      const server = await ownServer((request, response) => {
        for (let line = 0; line < 200; line += 1) response.setHeader(`x-trace-${line}`, 'abc');
        return false;
      });
      await trial.open(server.url);
      await work(trial);
      server.close();
    },
  },
  {
    name: 'class 11: a list whose pages lead in a circle',
    parallel: 10,
    run: async (trial) => {
      const server = await ownServer((request, response, message) => {
        if (message.method !== 'tools/list') return false;
        const result = { tools: [{ name: 'echo', inputSchema: { type: 'object' } }], nextCursor: 'again' };
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }));
        return true;
      });
      const host = await trial.open(server.url, '--merge-pages', 'always');
      const { result } = await host.ask('tools/list');
      if (result?.tools.length !== 2 || result.nextCursor !== undefined) throw new Error(JSON.stringify(result));
      await work(trial);
      server.close();
    },
  },
];
