// Names that are not found, addresses that swallow everything, a proxy that dies. Rows with `namespace`
// run in a network of their own, where a name server of ours answers.
import { spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import http from 'node:http';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const canUnshare = () =>
  spawnSync('unshare', ['-n', '-m', 'true']).status === 0 ? undefined : 'a network of its own is not permitted';

/** A name server that knows `localhost`; `dns.mode` is `answer`, `silent` or `missing`. */
async function nameServer(trial, { sixth } = {}) {
  const etc = join(trial.world.folder, 'etc');
  mkdirSync(etc);
  writeFileSync(join(etc, 'resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
  writeFileSync(join(etc, 'hosts'), '');
  for (const file of ['resolv.conf', 'hosts']) {
    const mounted = spawnSync('mount', ['--bind', join(etc, file), `/etc/${file}`]);
    if (mounted.status !== 0) throw new Error(`mount: ${mounted.stderr}`);
  }
  const dns = { mode: 'answer', socket: dgram.createSocket('udp4'), asked: 0 };
  dns.socket.on('message', (query, from) => {
    dns.asked += 1;
    if (dns.mode === 'silent') return;
    dns.socket.send(reply(query, dns.mode, sixth), from.port, from.address);
  });
  await new Promise((resolve) => dns.socket.bind(53, '127.0.0.1', resolve));
  trial.world.later(() => dns.socket.close());
  return dns;
}

/** RFC 1035: the question once more, and the address that was asked for. */
function reply(query, mode, sixth) {
  let end = 12;
  while (query[end] !== 0) end += query[end] + 1;
  const kind = query.readUInt16BE(end + 1);
  const question = query.subarray(12, end + 5);
  const address = kind === 1 ? Buffer.of(127, 0, 0, 1) : kind === 28 && sixth ? sixth : undefined;
  const found = mode === 'answer' && address;
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(mode === 'missing' ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(found ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  if (!found) return Buffer.concat([head, question]);
  const record = Buffer.alloc(12);
  record.writeUInt16BE(0xc00c, 0);
  record.writeUInt16BE(kind, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(0, 6);
  record.writeUInt16BE(address.length, 10);
  return Buffer.concat([head, question, record, address]);
}

export const rows = [
  {
    name: 'name server fails, and works again',
    needs: canUnshare,
    namespace: true,
    parallel: 5,
    run: async (trial) => {
      const dns = await nameServer(trial);
      const server = await trial.world.server('lab', '--open');
      const host = await trial.open(server.url.replace('127.0.0.1', 'localhost'), '--connect-timeout', '2');
      for (const mode of ['missing', 'silent']) {
        dns.mode = mode;
        await server.restart(); // the kept connections are gone, so names are asked for again
        await trial.all(Array.from({ length: 5 }, () => host.echo()));
      }
      dns.mode = 'answer';
      await trial.usable();
      if (dns.asked === 0) throw new Error('nobody asked the name server');
    },
  },
  {
    name: 'IPv6 address swallows everything, IPv4 works',
    needs: canUnshare,
    namespace: true,
    run: async (trial) => {
      const commands = [
        'ip link add hole type veth peer name nobody', 'ip link set hole up', 'ip link set nobody up',
        'ip -6 addr add fd00::1/64 dev hole nodad',
      ];
      for (const command of commands) {
        const done = spawnSync('sh', ['-c', command]);
        if (done.status !== 0) throw new Error(`${command}: ${done.stderr}`);
      }
      const sixth = Buffer.from('fd000000000000000000000000000099', 'hex');
      await nameServer(trial, { sixth });
      const server = await trial.world.server('lab', '--open');
      await trial.open(server.url.replace('127.0.0.1', 'localhost'), '--connect-timeout', '5');
      const answer = await trial.host.echo();
      if (!answer.result) throw new Error(JSON.stringify(answer));
      await trial.usable();
    },
  },
  {
    name: 'proxy dies, and comes back',
    parallel: 5,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open');
      const forward = (request, response) => {
        const { pathname } = new URL(request.url);
        const headers = { ...request.headers, host: `127.0.0.1:${server.port}` };
        const onward = http.request({ port: server.port, host: '127.0.0.1', path: pathname, method: request.method, headers },
          (answer) => { response.writeHead(answer.statusCode, answer.headers); answer.pipe(response); });
        onward.on('error', () => response.destroy());
        response.on('close', () => onward.destroy());
        request.pipe(onward);
      };
      let proxy = http.createServer(forward);
      await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      const { port } = proxy.address();
      const host = await trial.open('http://server.test/mcp', '--allow-http', '--proxy', `http://127.0.0.1:${port}`);
      proxy.close();
      proxy.closeAllConnections();
      await trial.all(Array.from({ length: 5 }, () => host.echo()));
      proxy = http.createServer(forward);
      await new Promise((resolve) => proxy.listen(port, '127.0.0.1', resolve));
      trial.world.later(() => { proxy.close(); proxy.closeAllConnections(); });
      await trial.usable();
    },
  },
];
