// Many bridges, or many calls, at once.
import { all, equal, tally } from '../expect.mjs';
import { calls, pastExpiry, signedIn, works } from './start.mjs';

const BRIDGES = 10;
const CALLS = 50;
const ONE_REFRESH = { openings: 0, registrations: 0, refreshes: 1, revoked: 0 };

export const many = [
  {
    name: `${BRIDGES} bridges with nothing stored: one browser, one registration, all work`,
    act: nothingStored,
  },
  {
    name: `${BRIDGES} bridges with an expired token: one refresh, no failure, grant kept`,
    act: expiredToken,
  },
  {
    name: `${BRIDGES} running bridges meet a revoked token: one refresh, no failure, grant kept`,
    act: revokedWhileRunning,
  },
  {
    name: `${CALLS} parallel calls meet a revoked token: one refresh, no failure`,
    act: parallelCalls,
  },
];

async function nothingStored(make) {
  const world = await make();
  const hosts = Array.from({ length: BRIDGES }, () => world.host());
  await all(
    'bridges',
    hosts.map((host, index) => works(host, `bridge ${index}`)),
  );
  tally('all of them', world, { openings: 1, registrations: 1, refreshes: 0, revoked: 0 });
  equal('code grants', world.grants('authorization_code'), 1);
  await all(
    'ends',
    hosts.map((host) => host.close()),
  );
}

async function expiredToken(make) {
  const world = await make({ tokenSeconds: 2 });
  await (await signedIn(world)).close();
  await world.setTokenSeconds(600);
  await pastExpiry(2);
  await world.setDelay(300);
  const before = world.tally;
  const hosts = Array.from({ length: BRIDGES }, () => world.host());
  await all(
    'bridges',
    hosts.map((host, index) => works(host, `bridge ${index}`)),
  );
  tally('all of them', world, ONE_REFRESH, before);
  await all(
    'ends',
    hosts.map((host) => host.close()),
  );
  await grantLives(world);
}

async function revokedWhileRunning(make) {
  const world = await make();
  await (await signedIn(world)).close();
  const hosts = Array.from({ length: BRIDGES }, () => world.host());
  await all(
    'bridges',
    hosts.map((host, index) => works(host, `bridge ${index}`)),
  );
  world.remote.refuseAllShown();
  await world.setDelay(300);
  const before = world.tally;
  await all(
    'calls',
    hosts.map((host, index) => calls(host, `again ${index}`)),
  );
  tally('all of them', world, ONE_REFRESH, before);
  await all(
    'ends',
    hosts.map((host) => host.close()),
  );
  await grantLives(world);
}

async function parallelCalls(make) {
  const world = await make();
  const host = await signedIn(world);
  world.remote.refuseAllShown();
  await world.setDelay(300);
  const before = world.tally;
  const texts = Array.from({ length: CALLS }, (_, index) => `call ${index}`);
  const answers = await all(
    'calls',
    texts.map((text) => host.call('echo', { text })),
  );
  equal('answers', answers, texts);
  tally('all of them', world, ONE_REFRESH, before);
  await host.close();
  await grantLives(world);
}

/** The refresh token that is stored now is good: had it been replayed, the grant would be dead. */
async function grantLives(world) {
  await world.setDelay(0);
  world.remote.refuseAllShown();
  const before = world.tally;
  await (await signedIn(world)).close();
  tally('a refresh later on', world, ONE_REFRESH, before);
}
