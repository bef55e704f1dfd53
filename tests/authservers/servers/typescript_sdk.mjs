// A remote made with the official TypeScript SDK, signed in to at the SDK's own routes
// (`mcpAuthRouter`), with a provider in memory. With `--proxy` the routes are those of
// `ProxyOAuthServerProvider` before the same provider at another origin, which answers every refusal
// of its upstream to renew with HTTP 500.
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

// The packages are in the suite's folder, not above this file.
const require = createRequire(path.join(process.env.MCP_TETHER_SUITE, 'package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { default: express } = await load('express');
const { mcpAuthRouter } = await load('@modelcontextprotocol/sdk/server/auth/router.js');
const { requireBearerAuth } = await load(
  '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js',
);
const { ProxyOAuthServerProvider } = await load(
  '@modelcontextprotocol/sdk/server/auth/providers/proxyProvider.js',
);
const { InvalidGrantError, InvalidTokenError } = await load(
  '@modelcontextprotocol/sdk/server/auth/errors.js',
);
const { McpServer } = await load('@modelcontextprotocol/sdk/server/mcp.js');
const { StreamableHTTPServerTransport } = await load(
  '@modelcontextprotocol/sdk/server/streamableHttp.js',
);
const { z } = await load('zod');

const SECONDS = 3600;
const tell = (note) => console.log(JSON.stringify(note));

class InMemory {
  clients = new Map();
  codes = new Map();
  access = new Map();
  refresh = new Map();

  clientsStore = {
    getClient: (id) => this.clients.get(id),
    registerClient: (client) => {
      const made = { ...client, client_id: client.client_id ?? randomUUID() };
      this.clients.set(made.client_id, made);
      return made;
    },
  };

  async authorize(client, params, response) {
    const code = randomUUID();
    this.codes.set(code, { client, params });
    const target = new URL(params.redirectUri);
    target.searchParams.set('code', code);
    if (params.state !== undefined) target.searchParams.set('state', params.state);
    response.redirect(target.href);
  }

  async challengeForAuthorizationCode(_client, code) {
    const known = this.codes.get(code);
    if (!known) throw new InvalidGrantError('the code is not known');
    return known.params.codeChallenge;
  }

  async exchangeAuthorizationCode(client, code) {
    const known = this.codes.get(code);
    if (!known) throw new InvalidGrantError('the code is not known');
    this.codes.delete(code);
    return this.#issue(client.client_id, known.params.scopes ?? []);
  }

  async exchangeRefreshToken(client, token) {
    const grant = this.refresh.get(token);
    if (!grant) throw new InvalidGrantError('the refresh token is not known');
    this.refresh.delete(token);
    return this.#issue(client.client_id, grant.scopes);
  }

  async verifyAccessToken(token) {
    const grant = this.access.get(token);
    if (!grant) throw new InvalidTokenError('the token is not known');
    return { token, clientId: grant.clientId, scopes: grant.scopes, expiresAt: grant.end };
  }

  async revokeToken(_client, { token }) {
    this.access.delete(token);
    this.refresh.delete(token);
  }

  #issue(clientId, scopes) {
    const [access, refresh] = [randomUUID(), randomUUID()];
    const end = Math.floor(Date.now() / 1000) + SECONDS;
    this.access.set(access, { clientId, scopes, end });
    this.refresh.set(refresh, { clientId, scopes });
    return {
      access_token: access,
      token_type: 'bearer',
      expires_in: SECONDS,
      refresh_token: refresh,
      scope: scopes.join(' '),
    };
  }
}

/** Tells of requests to the endpoints of the authorization server. */
function noting(request, response, next) {
  // A router takes its own part off the path while it answers.
  const { method, path: asked } = request;
  if (['/register', '/authorize', '/token', '/revoke'].includes(asked)) {
    response.on('finish', () => {
      const grant = request.body?.grant_type;
      tell({ request: `${method} ${asked}`, grant, status: response.statusCode });
    });
  }
  next();
}

async function listen() {
  const app = express();
  const server = await new Promise((resolve) => {
    const made = app.listen(0, '127.0.0.1', () => resolve(made));
  });
  return { app, origin: `http://127.0.0.1:${server.address().port}` };
}

function remote() {
  const server = new McpServer({ name: 'typescript-sdk', version: '1.0.0' });
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  return server;
}

const memory = new InMemory();
const { app, origin } = await listen();
let provider = memory;
if (process.argv.includes('--proxy')) {
  const upstream = await listen();
  upstream.app.use(
    mcpAuthRouter({ provider: memory, issuerUrl: new URL(upstream.origin) }),
  );
  provider = new ProxyOAuthServerProvider({
    endpoints: {
      authorizationUrl: `${upstream.origin}/authorize`,
      tokenUrl: `${upstream.origin}/token`,
      revocationUrl: `${upstream.origin}/revoke`,
      registrationUrl: `${upstream.origin}/register`,
    },
    verifyAccessToken: (token) => memory.verifyAccessToken(token),
    getClient: async (id) => memory.clientsStore.getClient(id),
  });
}
const resourceServerUrl = new URL(`${origin}/mcp`);
app.use(noting);
app.use(mcpAuthRouter({ provider, issuerUrl: new URL(origin), resourceServerUrl }));
const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`;
app.use('/mcp', requireBearerAuth({ verifier: memory, resourceMetadataUrl: metadata }));
app.post('/mcp', express.json(), async (request, response) => {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  await remote().connect(transport);
  await transport.handleRequest(request, response, request.body);
});
app.all('/mcp', (_request, response) => response.status(405).end());

createInterface({ input: process.stdin }).on('line', (line) => {
  memory.access.clear();
  if (line === 'end-grants') memory.refresh.clear();
  tell({ done: line });
});
tell({ ready: resourceServerUrl.href });
