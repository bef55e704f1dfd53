// Signing out, a forgetful authorization server, and the device flow.
import { readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';

import { equal, includes, short, tally, truth } from '../expect.mjs';
import { consent } from '../person.mjs';
import { calls, signedIn } from './start.mjs';

export const ends = [
  { name: 'login: signs in ahead of the first start', act: login },
  { name: 'logout: revoked, deleted, repeatable, and the next start signs in', act: logout },
  {
    name: 'forgetful: the authorization server was reset, a new start signs in anew',
    act: resetBetween,
  },
  {
    name: 'forgetful: the authorization server was reset under a running bridge',
    act: resetWhileRunning,
  },
  {
    name: 'revoked: the grant was revoked, the person signs in anew with the same registration',
    act: grantGone,
  },
  { name: 'device code: `login --device-code` is completed on the device page', act: device },
];

async function login(make) {
  const world = await make();
  const { code, stdout, stderr } = await world.run('login', world.url);
  equal(`exit code (${short(stderr)})`, code, 0);
  equal('secrets shown', world.secretsIn(stdout + stderr), []);
  const before = world.tally;
  await (await signedIn(world)).close();
  tally('the start after it', world, { openings: 0, registrations: 0, refreshes: 0 }, before);
  tally('all in all', world, { openings: 1, registrations: 1 });
}

async function logout(make) {
  const world = await make();
  await (await signedIn(world)).close();
  const first = await world.run('logout', world.url);
  equal(`exit code (${short(first.stderr)})`, first.code, 0);
  const revocations = world.notes.filter((note) => note.request === 'POST /token/revocation');
  truth('no revocation request', revocations.length > 0);
  truth(
    'no revocation was accepted',
    revocations.some(({ status }) => status === 200),
  );
  // oidc-provider cannot revoke access tokens that are JWTs, and says so.
  const odd = revocations.filter(({ status, error }) => {
    return status !== 200 && !error.startsWith('unsupported_token_type');
  });
  equal('other answers', odd, []);
  equal('grants revoked', world.tally.revoked, 1);
  equal('refresh tokens destroyed', world.count('refresh_token.destroyed'), 1);
  const left = world.files().filter((file) => world.secretsIn(readFileSync(file, 'latin1')).length);
  equal('files with tokens', left, []);
  const second = await world.run('logout', world.url);
  equal(`exit code of the second (${short(second.stderr)})`, second.code, 0);
  const shown = await world.run('status');
  const signIns = shown.stdout.split(/^(?:registered|remembered)/m)[0];
  truth(`status still shows it: ${short(shown.stdout)}`, !signIns.includes(world.url));
  const before = world.tally;
  await (await signedIn(world)).close();
  tally('the next start', world, { openings: 1 }, before);
}

async function resetBetween(make) {
  const world = await make();
  await (await signedIn(world)).close();
  await world.restartProvider();
  const before = world.tally;
  await (await signedIn(world)).close();
  tally('the start after the reset', world, { openings: 1, registrations: 1 }, before);
}

async function resetWhileRunning(make) {
  const world = await make();
  const host = await signedIn(world);
  await world.restartProvider();
  const before = world.tally;
  // The call may be answered with what to do; once the person has signed in, it works.
  const first = host.call('echo', { text: 'after the reset' }).catch((error) => error);
  await world.until('a page is opened', () => world.tally.openings > before.openings);
  await Promise.all(world.visits);
  await first;
  await calls(host, 'later');
  tally('the running bridge', world, { openings: 1, registrations: 1 }, before);
  await host.close();
}

async function grantGone(make) {
  const world = await make();
  const host = await signedIn(world);
  for (const token of world.secrets) await revoke(world, token);
  equal('grants revoked', world.tally.revoked, 1);
  world.remote.refuseAllShown();
  const before = world.tally;
  const first = host.call('echo', { text: 'after the end' }).catch((error) => error);
  await world.until('a page is opened', () => world.tally.openings > before.openings);
  await Promise.all(world.visits);
  await first;
  await calls(host, 'later');
  tally('the running bridge', world, { openings: 1, registrations: 0 }, before);
  await host.close();
}

/** As the person does it on the authorization server's own pages. */
async function revoke(world, token) {
  const client_id = new URL(world.opened[0]).searchParams.get('client_id');
  const body = new URLSearchParams({ client_id, token });
  await fetch(`${world.issuer}/token/revocation`, { method: 'POST', body });
}

async function device(make) {
  const world = await make();
  const [command, ...first] = world.bridge;
  const child = spawn(command, [...first, 'login', world.url, '--device-code'], { env: world.env });
  let said = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  child.stderr.on('data', (chunk) => (said += chunk));
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    const code = /\b[A-Z0-9]{4}-[A-Z0-9]{4}\b/;
    await world.until('a code is shown', () => code.test(said) || child.exitCode !== null, 20_000);
    truth(`no code was shown: ${short(said)}`, code.test(said));
    includes('what is shown', said, `${world.issuer}/device`);
    const page = await consent(`${world.issuer}/device?user_code=${said.match(code)[0]}`);
    includes('the device page at the end', page.text, 'Sign-in Success');
    await world.until('the command ends', () => child.exitCode !== null, 30_000);
    equal(`exit code (${short(said)})`, await ended, 0);
  } finally {
    child.kill('SIGKILL');
  }
  equal('secrets shown', world.secretsIn(said), []);
  const before = world.tally;
  await (await signedIn(world)).close();
  tally('the start after it', world, { openings: 0, registrations: 0 }, before);
}
