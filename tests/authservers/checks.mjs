// The checks for every authorization server. Each check has a world of its own, in which nothing
// has happened yet.
import { equal, ok } from 'node:assert/strict';

/** The feature that a server must have for a check: a member of its row. */
export const NEEDS = {
  'a device code signs in on another device': 'device',
  'a program signs in by itself': 'program',
};

export const CHECKS = {
  'the first sign-in opens one window': async ({ world }) => {
    const host = await world.use();
    equal(world.opened.length, 1);
    equal(world.server.asked('POST /register'), 1);
    equal(await host.close(), 0);
  },

  'a restart opens none': async ({ world }) => {
    await (await world.use()).close();
    await (await world.use()).close();
    equal(world.opened.length, 1);
    equal(world.server.grants('authorization_code'), 1);
  },

  'a token is renewed twice without a window': async ({ world }) => {
    await (await world.use()).close();
    for (let round = 1; round <= 2; round++) {
      await world.server.change('end-access');
      const host = await world.use();
      equal(world.server.grants('refresh_token'), round);
      await host.close();
    }
    equal(world.opened.length, 1);
  },

  'two bridges with one expired token renew once': async ({ world }) => {
    await (await world.use()).close();
    await world.server.change('end-access');
    const hosts = await Promise.all([world.use(), world.use()]);
    equal(world.server.grants('refresh_token'), 1);
    await Promise.all(hosts.map((host) => host.close()));
    equal(world.opened.length, 1);
  },

  'a revoked grant leads to one new sign-in': async ({ world }) => {
    await (await world.use()).close();
    await world.server.change('end-grants');
    const host = await world.use();
    equal(world.opened.length, 2);
    await host.close();
    await (await world.use()).close();
    equal(world.opened.length, 2, 'and to no more');
  },

  'a revoked grant is told without a window': async ({ world }) => {
    await (await world.use()).close();
    await world.server.change('end-grants');
    const told = await world.run('tools', world.server.url, '--login', 'never');
    equal(told.code, 4, told.stderr);
    ok(told.stderr.includes('mcp-tether login'), told.stderr);
  },

  'logout revokes where that is offered': async ({ world, row }) => {
    await (await world.use()).close();
    const out = await world.run('logout', world.server.url);
    equal(out.code, 0, out.stderr);
    ok(out.stdout.includes('signed out'), out.stdout);
    equal(world.server.asked('POST /revoke') > 0, row.revokes, out.stdout);
    const after = await world.run('tools', world.server.url, '--login', 'never');
    equal(after.code, 4, after.stderr);
  },

  'a device code signs in on another device': async ({ world, row }) => {
    const flags = ['--device-code', ...row.device(new URL(world.server.url).origin)];
    const told = await world.login(...flags);
    equal(told.code, 0, told.stderr);
    equal(world.opened.length, 0);
    await (await world.use('--login', 'never', ...flags)).close();
    await world.server.change('end-access');
    await (await world.use('--login', 'never', ...flags)).close();
    equal(world.server.grants('refresh_token'), 1);
  },

  'a program signs in by itself': async ({ world, row }) => {
    const client = JSON.stringify(row.program);
    const flags = ['--client-credentials', '--static-oauth-client-info', client];
    for (let round = 1; round <= 2; round++) {
      await (await world.use(...flags)).close();
      ok(world.server.grants('client_credentials') >= round);
      await world.server.change('end-access');
    }
    const wrong = JSON.stringify({ ...row.program, client_secret: 'wrong' });
    const told = await world.run(
      ...['tools', world.server.url, '--client-credentials', '--account', 'other'],
      ...['--static-oauth-client-info', wrong],
    );
    equal(told.code, 1, told.stderr);
    ok(told.stderr.includes('hint:') && !told.stderr.includes('wrong'), told.stderr);
    equal(world.opened.length, 0);
  },

  'status and doctor tell the truth': async ({ world }) => {
    await (await world.use()).close();
    const status = await world.run('status', '--json');
    const [row] = JSON.parse(status.stdout);
    equal(row.server, world.server.url);
    equal(row.renewable, true);
    const doctor = await world.run('doctor', world.server.url);
    equal(doctor.code, 0, doctor.stdout);
    ok(!doctor.stdout.includes('fail '), doctor.stdout);
  },
};
