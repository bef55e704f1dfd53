// A remote made with the official TypeScript SDK that takes only tokens that are bound to a key (DPoP,
// RFC 9449), before `oidc-provider`, which wants nonces in proofs and takes only authorization requests
// that were pushed (RFC 9126). Both servers check everything with code that is not ours.
import { createHash, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

// The packages are in the suite's folder, not above this file.
const require = createRequire(path.join(process.env.MCP_TETHER_SUITE, 'package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { default: express } = await load('express');
const { calculateJwkThumbprint, createLocalJWKSet, EmbeddedJWK, exportJWK, generateKeyPair, jwtVerify } =
  await load('jose');
const { Provider } = await load('oidc-provider');
const { McpServer } = await load('@modelcontextprotocol/sdk/server/mcp.js');
const { StreamableHTTPServerTransport } = await load(
  '@modelcontextprotocol/sdk/server/streamableHttp.js',
);
const { z } = await load('zod');

const SECONDS = 3600;
const SCOPE = 'mcp:tools';
const NONCE = randomBytes(16).toString('base64url');
// stdout is for notes; the provider prints advice.
console.info = console.log = console.error;
const tell = (note) => process.stdout.write(`${JSON.stringify(note)}\n`);

const app = express();
const origin = await new Promise((resolve) => {
  const made = app.listen(0, '127.0.0.1', () => {
    resolve(`http://127.0.0.1:${made.address().port}`);
  });
});
const resource = `${origin}/mcp`;
const issuer = origin;

const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
const named = { alg: 'RS256', use: 'sig', kid: 'one' };
const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), ...named }] });
let provider = await made();
let begun = 0;

/** A provider that remembers nothing of those before it. */
async function made() {
  const fresh = new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), ...named }] },
    scopes: [SCOPE, 'offline_access', 'openid'],
    cookies: { keys: ['for tests only'] },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
    ttl: { AccessToken: SECONDS, Grant: SECONDS, Interaction: SECONDS, Session: SECONDS },
    findAccount: async (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    routes: {
      authorization: '/authorize',
      registration: '/register',
      revocation: '/revoke',
    },
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      registration: {
        enabled: true,
        initialAccessToken: false,
        issueRegistrationAccessToken: false,
      },
      revocation: { enabled: true, allowedPolicy: async () => true },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      resourceIndicators: {
        enabled: true,
        defaultResource: async () => resource,
        useGrantedResource: async () => true,
        getResourceServerInfo: async () => ({
          scope: SCOPE,
          audience: resource,
          accessTokenTTL: SECONDS,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
  fresh.on('server_error', (_, error) => tell({ error: error.stack }));
  fresh.use(async (context, next) => {
    await next();
    const { method, path: asked, status } = context;
    // A proof without a nonce is asked for again, which is no grant yet.
    if (context.body?.error === 'use_dpop_nonce') return;
    if (['/register', '/authorize', '/token', '/revoke'].includes(asked)) {
      tell({ request: `${method} ${asked}`, grant: context.oidc?.params?.grant_type, status });
    }
  });
  return fresh;
}

/** RFC 9449 §4.3; gives why the request is refused, as an error of the challenge. */
async function refusal(request) {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ');
  if (scheme !== 'DPoP') return 'invalid_token';
  try {
    const { payload } = await jwtVerify(token, keys, { issuer, audience: resource });
    if (payload.iat < begun) return 'invalid_token';
    const proof = await jwtVerify(request.headers.dpop, EmbeddedJWK, { typ: 'dpop+jwt' });
    const { htm, htu, ath, nonce } = proof.payload;
    const thumbprint = await calculateJwkThumbprint(proof.protectedHeader.jwk);
    const digest = createHash('sha256').update(token).digest('base64url');
    const fits = htm === request.method && htu === resource && ath === digest;
    if (!fits || payload.cnf.jkt !== thumbprint) return 'invalid_dpop_proof';
    return nonce === NONCE ? undefined : 'use_dpop_nonce';
  } catch (error) {
    tell({ refused: error.message });
    return 'invalid_token';
  }
}

function remote() {
  const server = new McpServer({ name: 'oidc-provider', version: '1.0.0' });
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  return server;
}

const metadata = '/.well-known/oauth-protected-resource/mcp';
app.get(metadata, (_request, response) => {
  response.json({
    resource,
    authorization_servers: [issuer],
    scopes_supported: [SCOPE],
    dpop_bound_access_tokens_required: true,
  });
});
app.use('/mcp', async (request, response, next) => {
  const error = await refusal(request);
  if (error === undefined) return next();
  const words = request.headers.authorization ? `error="${error}", ` : '';
  response.set('www-authenticate', `DPoP ${words}resource_metadata="${origin}${metadata}"`);
  if (error === 'use_dpop_nonce') response.set('dpop-nonce', NONCE);
  response.status(401).end();
});
app.post('/mcp', express.json(), async (request, response) => {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  await remote().connect(transport);
  await transport.handleRequest(request, response, request.body);
});
app.all('/mcp', (_request, response) => response.status(405).end());
app.use((request, response) => provider.callback()(request, response));

createInterface({ input: process.stdin }).on('line', async (line) => {
  // Times in tokens are whole seconds.
  begun = Math.floor(Date.now() / 1000) + 1;
  if (line === 'end-grants') provider = await made();
  setTimeout(() => tell({ done: line }), begun * 1000 - Date.now());
});
tell({ ready: resource });
