// The authorization server: `oidc-provider`, a process of its own, so that killing it makes it forget
// keys, clients and tokens. Tells its parent every request, event and token.
import { exportJWK, generateKeyPair } from 'jose';
import { Provider, errors } from 'oidc-provider';

const { port, resource } = JSON.parse(process.argv[2]);
let { tokenSeconds, delay = 0 } = JSON.parse(process.argv[2]);

// Without keys of our own it has fixed ones, and tokens would outlive a reset.
const { privateKey } = await generateKeyPair('RS256', { extractable: true });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig' }] },
  scopes: ['mcp:tools', 'mcp:resources', 'offline_access', 'openid'],
  claims: { openid: ['sub'] },
  cookies: { keys: ['for tests only'] },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  expiresWithSession: async () => false,
  clientBasedCORS: () => true,
  // By default it demands the scope `offline_access`.
  issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
  ttl: {
    AccessToken: () => tokenSeconds,
    RefreshToken: 3600,
    AuthorizationCode: 60,
    DeviceCode: 300,
    Session: 3600,
    Grant: 3600,
    Interaction: 600,
  },
  findAccount: async (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  features: {
    devInteractions: { enabled: true },
    deviceFlow: { enabled: true },
    registration: { enabled: true, initialAccessToken: false, issueRegistrationAccessToken: false },
    revocation: { enabled: true, allowedPolicy: async () => true },
    introspection: { enabled: true, allowedPolicy: async () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: async () => resource,
      useGrantedResource: async () => true,
      getResourceServerInfo,
    },
  },
});

function getResourceServerInfo(_, asked) {
  if (asked !== resource) throw new errors.InvalidTarget();
  return {
    scope: 'mcp:tools mcp:resources',
    audience: resource,
    accessTokenTTL: tokenSeconds,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'RS256' } },
  };
}

provider.use(async (context, next) => {
  await next();
  if (delay > 0 && context.path === '/token') {
    await new Promise((resolve) => setTimeout(resolve, delay));
  }
  const { access_token, refresh_token, error, error_description } = context.body ?? {};
  tell({
    request: `${context.method} ${context.path}`,
    status: context.status,
    grant: context.oidc?.params?.grant_type,
    resource: context.oidc?.params?.resource,
    scope: context.oidc?.params?.scope,
    challenge: context.oidc?.params?.code_challenge_method,
    secrets: [access_token, refresh_token].filter(Boolean),
    error: error && `${error}: ${error_description}`,
  });
  if (context.path === '/token') {
    context.res.once('close', () => tell({ delivered: context.res.writableFinished }));
  }
});
for (const event of ['grant.revoked', 'registration_create.success', 'server_error']) {
  provider.on(event, (_, detail) => tell({ event, detail: String(detail?.message ?? '') }));
}
for (const kind of ['refresh_token', 'authorization_code', 'device_code']) {
  provider.on(`${kind}.consumed`, () => tell({ event: `${kind}.consumed` }));
  provider.on(`${kind}.destroyed`, () => tell({ event: `${kind}.destroyed` }));
}

process.on('message', (change) => {
  tokenSeconds = change.tokenSeconds ?? tokenSeconds;
  delay = change.delay ?? delay;
  process.send({ changed: true });
});
process.once('disconnect', () => process.exit());
provider.listen(port, '127.0.0.1', () => process.send({ ready: true }));

function tell(note) {
  if (process.connected) process.send({ at: Date.now(), ...note });
}
