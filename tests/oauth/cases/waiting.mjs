// A person who takes their time, and one who says no.
import { all, equal, includes, tally, truth } from '../expect.mjs';
import { consent, deny } from '../person.mjs';
import { calls } from './start.mjs';

const ANSWERED_WITHIN = 5000;
const BRIDGES = 10;
/** Ten at once on a small machine. */
const MANY_ANSWERED_WITHIN = 10_000;

export const waiting = [
  {
    name: 'waiting: initialize is answered in time, and the tools appear after the sign-in',
    act: slowPerson,
  },
  {
    name: `waiting: ${BRIDGES} bridges are answered in time, and one sign-in serves them all`,
    act: manyWait,
  },
  { name: 'denied: the host and the page say so, and a later attempt works', act: denied },
];

async function slowPerson(make) {
  const { person, release } = slow();
  const world = await make({ person });
  const host = world.host();
  const began = Date.now();
  const { serverInfo } = await host.initialize(ANSWERED_WITHIN);
  const took = Date.now() - began;
  truth('it was answered before the person', world.opened.length <= 1 && serverInfo !== undefined);
  equal('tools while it waits', await host.toolNames(), ['sign_in']);
  const told = await host.call('sign_in');
  includes('sign_in', told, world.issuer);
  equal(
    'list_changed so far',
    host.notifications.map(({ method }) => method),
    [],
  );
  release();
  await host.heard('notifications/tools/list_changed');
  await calls(host, 'at last');
  tally('all in all', world, { openings: 1, registrations: 1, refreshes: 0 });
  equal('secrets told', world.secretsIn(told + host.stderr.join('\n')), []);
  await host.close();
  return `initialize took ${took} ms`;
}

async function manyWait(make) {
  const { person, release } = slow();
  const world = await make({ person });
  const hosts = Array.from({ length: BRIDGES }, () => world.host());
  await all(
    'initialize',
    hosts.map((host) => host.initialize(MANY_ANSWERED_WITHIN)),
  );
  const lists = await all(
    'lists',
    hosts.map((host) => host.toolNames()),
  );
  equal('tools while they wait', lists, Array(BRIDGES).fill(['sign_in']));
  release();
  await all(
    'news',
    hosts.map((host) => host.heard('notifications/tools/list_changed')),
  );
  await all(
    'calls',
    hosts.map((host, index) => calls(host, `bridge ${index}`)),
  );
  tally('all in all', world, { openings: 1, registrations: 1, refreshes: 0, revoked: 0 });
  await all(
    'ends',
    hosts.map((host) => host.close()),
  );
}

async function denied(make) {
  let say = deny;
  const world = await make({ person: (url) => say(url) });
  const host = world.host();
  // Whether `initialize` or the call is refused depends on who is faster; either must tell.
  const refusal = await host
    .initialize()
    .then(() => host.call('echo', { text: 'too early' }))
    .then(
      () => 'a success',
      (error) => error.message,
    );
  truth(`the refusal does not say what happened: ${refusal}`, /denied/i.test(refusal));
  truth(`the refusal names no way on: ${refusal}`, /sign in again|mcp-tether login/i.test(refusal));
  const page = await world.visits[0];
  equal('status of the page', page.status, 400);
  includes('the page', page.text, 'denied');
  truth('the page holds a script', !/<script/i.test(page.text));
  equal('openings after a denial', world.tally.openings, 1);
  await host.close();
  say = consent;
  const next = world.host();
  await next.initialize();
  await calls(next, 'on second thought');
  await next.close();
}

function slow() {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  const person = async (url) => {
    await released;
    return consent(url);
  };
  return { person, release };
}
