// Without the bridge: the parts do what the other cases count on.
import { createHash, randomBytes } from 'node:crypto';

import { equal, truth } from '../expect.mjs';
import { consent, deny } from '../person.mjs';

const REDIRECT = 'http://127.0.0.1:9/callback';

export const parts = [
  {
    name: 'parts: without the bridge, tokens are given, rotated, and a replay revokes the grant',
    act: replay,
  },
];

async function replay(make) {
  const world = await make();
  const challenge = await fetch(world.url, { method: 'POST' });
  equal('status without a token', challenge.status, 401);
  truth(
    'the challenge names the metadata',
    /resource_metadata=/.test(challenge.headers.get('www-authenticate')),
  );
  const client = await register(world);
  const first = await signIn(world, client);
  equal('with a token it is no longer 401', (await post(world, first.access_token)).status, 400);
  const second = await token(world, client, refreshing(first));
  truth('the refresh token is rotated', second.refresh_token !== first.refresh_token);
  equal('nothing is revoked so far', world.count('grant.revoked'), 0);
  const replayed = await token(world, client, refreshing(first));
  equal('a replay', replayed.error, 'invalid_grant');
  equal(
    'the winner after a replay',
    (await token(world, client, refreshing(second))).error,
    'invalid_grant',
  );
  equal('revoked grants', world.count('grant.revoked'), 1);
  equal('refreshes counted', world.grants('refresh_token'), 3);
  world.remote.refuseAllShown();
  equal('a refused token', (await post(world, first.access_token)).status, 401);
}

function refreshing({ refresh_token }) {
  return { grant_type: 'refresh_token', refresh_token };
}

async function register(world) {
  const answer = await fetch(`${world.issuer}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      application_type: 'native',
      redirect_uris: [REDIRECT],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }),
  });
  equal('status of the registration', answer.status, 201);
  return (await answer.json()).client_id;
}

async function signIn(world, client) {
  const verifier = randomBytes(32).toString('base64url');
  const url = new URL(`${world.issuer}/auth`);
  url.search = new URLSearchParams({
    client_id: client,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: 'mcp:tools',
    resource: world.url,
    state: 'any',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const denied = await lastStop(deny, url.href);
  equal('what a denial brings', denied.searchParams.get('error'), 'access_denied');
  const back = await lastStop(consent, url.href);
  const code = back.searchParams.get('code');
  return token(world, client, {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: REDIRECT,
    resource: world.url,
  });
}

/** Nobody listens at the redirect: the address that could not be fetched is the answer. */
async function lastStop(person, url) {
  let stop;
  const fetched = globalThis.fetch;
  globalThis.fetch = (target, ...more) => {
    if (!String(target).startsWith(REDIRECT)) return fetched(target, ...more);
    stop = new URL(target);
    return Promise.resolve(new Response(''));
  };
  try {
    await person(url);
  } finally {
    globalThis.fetch = fetched;
  }
  return stop;
}

async function token(world, client, form) {
  const answer = await fetch(`${world.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: client, ...form }),
  });
  return answer.json();
}

function post(world, bearer) {
  return fetch(world.url, { method: 'POST', headers: { authorization: `Bearer ${bearer}` } });
}
