// FastMCP with its in-memory authorization server: the authorization routes of the official Python
// SDK, which want `client_id` in the form even beside an `Authorization` header.
import { readFileSync } from 'node:fs';

import { equal, short, truth } from '../expect.mjs';

const BASIC = '{"token_endpoint_auth_method":"client_secret_basic"}';

export const fastmcp = [
  {
    name: 'FastMCP: sign in, restart, renewal, logout',
    act: (make) => life(make, { method: 'client_secret_post', refused: 0, revokes: true }),
  },
  {
    name: 'FastMCP: the same with `client_secret_basic`, which it refuses once',
    act: (make) => life(make, {
      flags: ['--static-oauth-client-metadata', BASIC],
      method: 'client_secret_basic',
      refused: 1,
      // Its revocation endpoint wants the secret in the header and in the form, which RFC 6749 §2.3
      // forbids.
      revokes: false,
    }),
  },
];

async function life(make, { flags = [], method, refused, revokes }) {
  const world = await make({ fastmcp: true });
  const asked = (request) => world.notes.filter((note) => note.request === request);
  const errors = () => world.notes.filter(({ error }) => error).map(({ error }) => error);
  await works(world, flags);
  equal('pages opened', world.tally.openings, 1);
  equal('registered for', asked('POST /register').map((note) => note.method), [method]);
  equal('code grants', world.grants('authorization_code'), 1 + refused);
  equal('refusals', errors(), Array(refused).fill('invalid_client: Missing client_id'));

  await world.remote.endAccessTokens();
  await works(world, flags);
  equal('renewals, each accepted at once', world.grants('refresh_token'), 1);
  await works(world, flags);
  equal('renewals after another restart', world.grants('refresh_token'), 1);
  equal('pages opened in all', world.tally.openings, 1);

  const { code, stderr } = await world.run('logout', world.url, ...flags);
  equal(`exit code of logout (${short(stderr)})`, code, 0);
  const revocations = asked('POST /revoke').map(({ status }) => status);
  truth(`revocations: ${revocations}`, revocations.includes(200) === revokes);
  if (revokes) equal('refusals in all', errors().length, refused);
  const left = world.files().filter((file) => world.secretsIn(readFileSync(file, 'latin1')).length);
  equal('files with tokens', left, []);
}

/** A host starts a bridge, calls the tool, and ends. */
async function works(world, flags) {
  const host = world.host(...flags);
  await host.initialize();
  if ((await host.toolNames()).includes('sign_in')) {
    await host.heard('notifications/tools/list_changed');
  }
  equal('tools', await host.toolNames(), ['echo']);
  equal('echo', await host.call('echo', { text: 'hello' }), 'hello');
  equal('exit code', await host.close(), 0);
}
