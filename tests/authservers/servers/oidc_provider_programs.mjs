// `oidc-provider` over TLS for programs: a client with a key (`private_key_jwt`), and one with a
// certificate (`tls_client_auth`, RFC 8705), whose tokens are bound to it. The remote beside it takes
// only those that come with the same certificate. Arguments: a folder with `server.pem`, `server.key`,
// `authority.pem` and `client-key.jwk`.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(path.join(process.env.MCP_TETHER_SUITE, 'package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { default: express } = await load('express');
const { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } = await load('jose');
const { Provider } = await load('oidc-provider');
const { McpServer } = await load('@modelcontextprotocol/sdk/server/mcp.js');
const { StreamableHTTPServerTransport } = await load(
  '@modelcontextprotocol/sdk/server/streamableHttp.js',
);
const { z } = await load('zod');

console.info = console.log = console.error;
const tell = (note) => process.stdout.write(`${JSON.stringify(note)}\n`);
const folder = process.argv[2];
const file = (name) => readFileSync(path.join(folder, name));

const app = express();
const tls = {
  ...{ key: file('server.key'), cert: file('server.pem'), ca: file('authority.pem') },
  ...{ requestCert: true, rejectUnauthorized: false },
};
const listener = https.createServer(tls, app);
await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
const origin = `https://localhost:${listener.address().port}`;
const resource = `${origin}/mcp`;

/** The certificate of the client as the provider wants it: PEM, if it showed one that we trust. */
function shown(request) {
  const certificate = request.socket.getPeerCertificate();
  if (!request.socket.authorized || !certificate.raw) return undefined;
  const base64 = certificate.raw.toString('base64').match(/.{1,64}/g).join('\n');
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
const named = { alg: 'RS256', use: 'sig', kid: 'one' };
const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), ...named }] });
const program = {
  grant_types: ['client_credentials'],
  response_types: [],
  redirect_uris: [],
  scope: 'mcp:tools',
};
const provider = new Provider(origin, {
  jwks: { keys: [{ ...(await exportJWK(privateKey)), ...named }] },
  scopes: ['mcp:tools'],
  cookies: { keys: ['for tests only'] },
  clientAuthMethods: ['private_key_jwt', 'tls_client_auth'],
  enabledJWA: { clientAuthSigningAlgValues: ['PS256', 'ES256', 'EdDSA'] },
  clients: [
    {
      ...program,
      client_id: 'with-key',
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [JSON.parse(file('client-key.jwk'))] },
    },
    {
      ...program,
      client_id: 'with-certificate',
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_subject_dn: 'CN=robot',
      tls_client_certificate_bound_access_tokens: true,
    },
  ],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    dPoP: { enabled: false },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      tlsClientAuth: true,
      getCertificate: (context) => shown(context.req),
      certificateAuthorized: (context) => context.socket.authorized,
      certificateSubjectMatches: (context, property, expected) =>
        property === 'tls_client_auth_subject_dn' &&
        `CN=${context.socket.getPeerCertificate().subject.CN}` === expected,
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: async () => resource,
      useGrantedResource: async () => true,
      getResourceServerInfo: async () => ({
        scope: 'mcp:tools',
        audience: resource,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
});
provider.on('server_error', (_, error) => tell({ error: error.stack }));
provider.on('grant.error', (_, error) => tell({ refused: `${error.message} ${error.error_detail}` }));

async function isAdmitted(request) {
  try {
    const token = request.headers.authorization.replace('Bearer ', '');
    const { payload } = await jwtVerify(token, keys, { issuer: origin, audience: resource });
    const bound = payload.cnf?.['x5t#S256'];
    if (bound === undefined) return true;
    const certificate = request.socket.getPeerCertificate().raw ?? '';
    return createHash('sha256').update(certificate).digest('base64url') === bound;
  } catch {
    return false;
  }
}

const metadata = '/.well-known/oauth-protected-resource/mcp';
app.get(metadata, (_request, response) => {
  response.json({ resource, authorization_servers: [origin], scopes_supported: ['mcp:tools'] });
});
app.use('/mcp', async (request, response, next) => {
  if (await isAdmitted(request)) return next();
  const challenge = `Bearer resource_metadata="${origin}${metadata}"`;
  response.set('www-authenticate', challenge).status(401).end();
});
app.post('/mcp', express.json(), async (request, response) => {
  const server = new McpServer({ name: 'programs', version: '1.0.0' });
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  await server.connect(transport);
  await transport.handleRequest(request, response, request.body);
});
app.all('/mcp', (_request, response) => response.status(405).end());
app.use((request, response) => provider.callback()(request, response));
tell({ ready: resource });
