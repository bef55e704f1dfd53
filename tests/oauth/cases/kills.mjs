// Bridges that are killed at random instants, with nothing to tidy up after themselves.
import { readFileSync } from 'node:fs';

import { equal, includes, short, truth } from '../expect.mjs';
import { consentReloading } from '../person.mjs';
import { signedIn, works } from './start.mjs';

const ROUND = 8_000;
const ROTATIONS = 5;

export function kills(rounds) {
  const within = 60_000 + rounds * ROUND;
  return [
    {
      name: `kill -9 during refresh, ${rounds} rounds: no sign-in lost, no file damaged`,
      within,
      act: (make) => whileRefreshing(make, rounds),
    },
    {
      name: `kill -9 while the answer to a refresh is on its way: the sign-in is not lost`,
      act: whileRotating,
    },
    {
      name: 'kill -9 while the answer to a code is on its way: the sign-in is not lost',
      act: whileRedeeming,
    },
    {
      name: `kill -9 during sign-in, ${rounds} rounds: no sign-in lost, no file damaged`,
      within,
      act: (make) => whileSigningIn(make, rounds),
    },
  ];
}

/** The bridge is killed somewhere between its start and a while after the refresh. */
async function whileRefreshing(make, rounds) {
  const world = await make();
  await (await signedIn(world)).close();
  const span = await duration(async () => {
    world.remote.refuseAllShown();
    await (await signedIn(world)).close();
  });
  const lost = [];
  let hit = 0;
  for (let round = 1; round <= rounds; round++) {
    world.remote.refuseAllShown();
    const before = world.tally;
    const from = world.notes.length;
    const killed = await killedAt(world, Math.random() * span);
    includes(`round ${round}: status`, await undamaged(world, round), new URL(world.url).host);
    await (await signedIn(world)).close();
    const began = (note) => note.request === 'POST /token' && note.grant === 'refresh_token';
    hit += notedBefore(world, from, killed, began) ? 1 : 0;
    if (world.tally.openings > before.openings)
      lost.push(`round ${round}: ${story(world, from, killed)}`);
  }
  truth(`${lost.length} of ${rounds} sign-ins lost; ${lost.join('; ')}`, lost.length === 0);
  truth('no round reached a refresh before its kill', hit > 0);
  return `${hit} refreshes began before the kill`;
}

/**
 * The worst instant of a refresh, hit every time: the old refresh token is spent already, the new one
 * has not arrived. What is lost here is lost for good, as a replay of the old one revokes the grant.
 */
async function whileRotating(make) {
  const world = await make();
  await (await signedIn(world)).close();
  await world.setDelay(400);
  const lost = [];
  for (let round = 1; round <= ROTATIONS; round++) {
    world.remote.refuseAllShown();
    const before = world.tally;
    const consumed = world.count('refresh_token.consumed');
    const host = world.host();
    const work = works(host, 'killed').catch(() => {});
    await world.until('a refresh', () => world.count('refresh_token.consumed') > consumed);
    await host.kill();
    await work;
    includes(`round ${round}: status`, await undamaged(world, round), new URL(world.url).host);
    await (await signedIn(world)).close();
    if (world.tally.openings > before.openings) lost.push(round);
  }
  equal(`rounds of ${ROTATIONS} whose sign-in was lost`, lost, []);
}

/** The code is spent, and whoever spent it is gone: nobody has to consent again. */
async function whileRedeeming(make) {
  const world = await make({ person: (url) => consentReloading(() => world.stopped)(url) });
  await world.setDelay(400);
  for (let round = 1; round <= ROTATIONS; round++) {
    const before = world.tally;
    const consumed = world.count('authorization_code.consumed');
    const host = world.host();
    const work = works(host, 'killed').catch(() => {});
    await world.until('a code', () => world.count('authorization_code.consumed') > consumed);
    await host.kill();
    await work;
    await undamaged(world, round);
    await (await signedIn(world)).close();
    equal(`round ${round}: openings`, world.tally.openings - before.openings, 1);
    equal(`round ${round}: codes shown twice`, world.tally.revoked - before.revoked, 0);
    await signOut(world);
  }
}

/** The bridge is killed somewhere between its start and a while after the sign-in. */
async function whileSigningIn(make, rounds) {
  const world = await make();
  const span = await duration(async () => (await signedIn(world)).close());
  await signOut(world);
  let [done, spent] = [0, 0];
  for (let round = 1; round <= rounds; round++) {
    const before = world.tally;
    const from = world.notes.length;
    const stage = watch(world);
    const killed = await killedAt(world, Math.random() * span);
    await undamaged(world, round);
    const opened = world.tally.openings;
    await (await signedIn(world)).close();
    const signed = stage.signedAt <= killed;
    const consumed = (note) => note.event === 'authorization_code.consumed';
    const inFlight = !signed && notedBefore(world, from, killed, consumed);
    done += signed ? 1 : 0;
    spent += inFlight ? 1 : 0;
    // A page that said so is a promise, and so is a code that was spent.
    if (signed || inFlight)
      equal(`round ${round}: openings after the kill`, world.tally.openings - opened, 0);
    equal(`round ${round}: codes shown twice`, world.tally.revoked - before.revoked, 0);
    await signOut(world);
  }
  return `${done} sign-ins were done before the kill, ${spent} kills fell between code and page`;
}

/**
 * Returns whether the authorization server noted this before the kill. It is asked at the end of the
 * round, when the notes have arrived.
 */
function notedBefore(world, from, killed, is) {
  return world.notes.slice(from).some((note) => is(note) && note.at <= killed);
}

/** Sees when a person was first told `Signed in` in this round. */
function watch(world) {
  const stage = { signedAt: Infinity };
  world.person = (url) => {
    const visit = consentReloading(() => world.stopped)(url);
    visit
      .then((page) => {
        if (page.text.includes('Signed in')) stage.signedAt = Math.min(stage.signedAt, Date.now());
      })
      .catch(() => {});
    return visit;
  };
  return stage;
}

async function killedAt(world, instant) {
  const host = world.host();
  const work = works(host, 'killed').catch(() => {});
  await pause(instant);
  const at = Date.now();
  await host.kill();
  await work;
  return at;
}

/** `status` works, and every record can be read whole. */
async function undamaged(world, round) {
  const { code, stdout, stderr } = await world.run('status');
  equal(`round ${round}: status (${short(stdout + stderr)})`, code, 0);
  truth(`round ${round}: status: ${short(stdout)}`, !/^ *problem /m.test(stdout));
  for (const file of world.files().filter((file) => file.endsWith('.json'))) {
    const text = readFileSync(file, 'utf8');
    try {
      JSON.parse(text);
    } catch (error) {
      throw new Error(`round ${round}: ${file} is damaged: ${error.message}, ${text.length} bytes`);
    }
  }
  return stdout;
}

async function signOut(world) {
  const { code, stderr } = await world.run('logout', world.url);
  equal(`logout (${short(stderr)})`, code, 0);
}

/** Returns the authorization server's view of a round whose sign-in got lost, in ms around the kill. */
function story(world, from, killed) {
  return world.notes
    .slice(from)
    .filter(
      (note) =>
        note.request?.startsWith('POST /token') || note.event || note.delivered !== undefined,
    )
    .slice(0, 6)
    .map((note) => {
      const what =
        note.event ??
        (note.request ? `${note.grant} ${note.status}` : `delivered ${note.delivered}`);
      return `${what} at ${note.at - killed} ms`;
    })
    .join(', ');
}

async function duration(act) {
  const began = Date.now();
  await act();
  return Date.now() - began;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
