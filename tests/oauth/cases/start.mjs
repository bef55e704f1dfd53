// One bridge: the first start signs in, later ones do not.
import { statSync } from 'node:fs';

import { equal, includes, tally, truth } from '../expect.mjs';

export const start = [
  { name: 'first start: one browser, one registration, and everything works', act: firstStart },
  { name: 'second start: no browser, no registration, no refresh', act: secondStart },
  { name: 'status: shows the sign-in and no secret', act: status },
  { name: 'expired: the next call refreshes once, without a browser', act: expired },
  { name: 'expired: the next start refreshes once, without a browser', act: expiredBetween },
];

/** A bridge with its sign-in done and a call made. */
export async function signedIn(world, ...flags) {
  const host = world.host(...flags);
  await works(host, 'hello');
  return host;
}

/** Everything a host does first. */
export async function works(host, text) {
  await host.initialize();
  await calls(host, text);
}

/** The tools are there, one of them answers, and so the token is the person's. */
export async function calls(host, text) {
  if ((await host.toolNames()).includes('sign_in')) {
    await host.heard('notifications/tools/list_changed');
  }
  equal('tools', (await host.toolNames()).sort(), ['echo', 'whoami']);
  equal('echo', await host.call('echo', { text }), text);
  equal('whoami', await host.call('whoami'), 'alice');
}

async function firstStart(make) {
  const world = await make();
  const host = await signedIn(world);
  equal('exit code', await host.close(), 0);
  tally('after one start', world, { openings: 1, registrations: 1, refreshes: 0, revoked: 0 });
  equal('code grants', world.grants('authorization_code'), 1);
  // The request is pushed, because the authorization server offers that: the page only names it.
  const names = [...new URL(world.opened[0]).searchParams.keys()];
  equal('parameters of the page', names, ['client_id', 'request_uri']);
  const asked = world.notes.find((note) => note.request === 'POST /request');
  equal('resource asked for', asked.resource, world.url);
  equal('challenge method', asked.challenge, 'S256');
  // That of the challenge, and `offline_access` because the authorization server lists it.
  equal('scope asked for', asked.scope, 'mcp:tools offline_access');
  const grant = world.notes.find((note) => note.grant === 'authorization_code');
  equal('resource at the token endpoint', grant.resource, world.url);
  equal('secrets on stderr', world.secretsIn(host.stderr.join('\n')), []);
  const page = await world.visits[0];
  equal('status of the last page', page.status, 200);
  includes('the last page', page.text, 'Signed in');
  includes('the last page', page.text, new URL(world.url).host);
  for (const file of world.files()) {
    equal(`mode of ${file}`, (statSync(file).mode & 0o777).toString(8), '600');
  }
}

async function secondStart(make) {
  const world = await make();
  await (await signedIn(world)).close();
  const before = world.tally;
  const requests = world.notes.length;
  await (await signedIn(world)).close();
  const none = { openings: 0, registrations: 0, refreshes: 0, revoked: 0 };
  tally('the second start', world, none, before);
  equal('requests to the authorization server', world.notes.length - requests, 0);
}

async function status(make) {
  const world = await make();
  await (await signedIn(world)).close();
  const { code, stdout, stderr } = await world.run('status');
  equal(`exit code (${stderr})`, code, 0);
  includes('status', stdout, new URL(world.url).host);
  equal('secrets shown', world.secretsIn(stdout + stderr), []);
  const stored = world.files().some((file) => statSync(file).size > 0);
  truth('nothing is stored', stored);
}

async function expired(make) {
  const world = await make({ tokenSeconds: 3 });
  const host = await signedIn(world);
  await world.setTokenSeconds(600);
  const before = world.tally;
  await pastExpiry(3);
  await calls(host, 'again');
  await calls(host, 'and again');
  const wanted = { openings: 0, registrations: 0, refreshes: 1, revoked: 0 };
  tally('the calls after expiry', world, wanted, before);
  await host.close();
}

async function expiredBetween(make) {
  const world = await make({ tokenSeconds: 2 });
  await (await signedIn(world)).close();
  await world.setTokenSeconds(600);
  await pastExpiry(2);
  const before = world.tally;
  await (await signedIn(world)).close();
  const wanted = { openings: 0, registrations: 0, refreshes: 1, revoked: 0 };
  tally('the start after expiry', world, wanted, before);
  const refresh = world.notes.find((note) => note.grant === 'refresh_token');
  equal('resource of the refresh', refresh.resource, world.url);
}

/** A token's life is a time: nothing but time ends it. */
export function pastExpiry(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000 + 600));
}
