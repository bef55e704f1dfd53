// A remote as a Cloudflare Worker with `@cloudflare/workers-oauth-provider`, in `workerd` under
// Miniflare. Node answers on the socket and hands every request on, so that it can tell of them.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const require = createRequire(path.join(process.env.MCP_TETHER_SUITE, 'package.json'));
const { Miniflare, Request } = await import(pathToFileURL(require.resolve('miniflare')));
const tell = (note) => process.stdout.write(`${JSON.stringify(note)}\n`);

const NOTED = ['/register', '/authorize', '/token', '/revoke'];
const server = http.createServer(answer);
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${server.address().port}`;
const file = (name) => readFileSync(name, 'utf8');
const miniflare = new Miniflare({
  modules: [
    { type: 'ESModule', path: 'worker.mjs', contents: file(path.join(import.meta.dirname, 'cloudflare_worker.mjs')) },
    {
      type: 'ESModule',
      path: 'oauth-provider.js',
      contents: file(require.resolve('@cloudflare/workers-oauth-provider')),
    },
  ],
  bindings: { ORIGIN: origin },
  kvNamespaces: ['OAUTH_KV'],
  compatibilityDate: '2026-01-01',
  cf: false,
});
await miniflare.ready;

async function answer(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = chunks.length ? Buffer.concat(chunks) : undefined;
  const { method, headers, url } = request;
  try {
    const asked = new Request(origin + url, { method, headers, body, redirect: 'manual' });
    const answered = await miniflare.dispatchFetch(asked);
    note(method, new URL(url, origin).pathname, body, answered.status);
    response.writeHead(answered.status, Object.fromEntries(heads(answered.headers)));
    response.end(Buffer.from(await answered.arrayBuffer()));
  } catch (error) {
    tell({ error: error.stack });
    response.writeHead(500).end();
  }
}

/** Without those that describe how the body came here. */
function heads(headers) {
  const own = ['content-length', 'content-encoding', 'transfer-encoding', 'connection'];
  const kept = [...headers].filter(([name]) => !own.includes(name) && name !== 'set-cookie');
  const cookies = headers.getSetCookie();
  return cookies.length ? [...kept, ['set-cookie', cookies]] : kept;
}

function note(method, asked, body, status) {
  if (!NOTED.includes(asked)) return;
  const form = new URLSearchParams(body?.toString());
  const grant = form.get('grant_type') ?? undefined;
  // Tokens are taken back at the token endpoint.
  const endpoint = asked === '/token' && form.has('token') && !grant ? '/revoke' : asked;
  tell({ request: `${method} ${endpoint}`, grant, status });
}

async function end(prefix) {
  const store = await miniflare.getKVNamespace('OAUTH_KV');
  const { keys } = await store.list({ prefix });
  await Promise.all(keys.map(({ name }) => store.delete(name)));
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  await end('token:');
  if (line === 'end-grants') await end('grant:');
  tell({ done: line });
});
tell({ ready: `${origin}/mcp` });
