// The fault matrix: each row injects one fault into a running bridge for real, and prints what came of it.
// `run.mjs [--only TEXT] [--long] [--list] [--soak MINUTES] [--seed N] [--together BRIDGES]`; the bridge is `MCP_TETHER`.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { rows as connection } from './rows/connection.mjs';
import { rows as host } from './rows/host.mjs';
import { rows as network } from './rows/network.mjs';
import { rows as odd } from './rows/odd.mjs';
import { rows as server } from './rows/server.mjs';
import { rows as signingIn } from './rows/signing_in.mjs';
import { rows as surroundings } from './rows/surroundings.mjs';
import { soak } from './soak.mjs';
import { together } from './together.mjs';
import { Trial } from './trial.mjs';
import { World } from './world.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    list: { type: 'boolean' },
    // Those too that take minutes.
    long: { type: 'boolean' },
    soak: { type: 'string' },
    together: { type: 'string' },
    seed: { type: 'string' },
    // For this program itself: one row in a network of its own, whose result is printed as JSON.
    inside: { type: 'string' },
  },
});
const binary = process.env.MCP_TETHER;
if (!binary) throw new Error('name the bridge in MCP_TETHER');
const rows = [...server, ...odd, ...connection, ...network, ...host, ...signingIn, ...surroundings]
  .filter((row) => !row.long || values.long)
  .filter((row) => !values.only || row.name.includes(values.only));

async function carryOut(row) {
  const missing = await row.needs?.();
  if (missing) return { missing };
  if (row.namespace && !values.inside) return inNamespace(row);
  const world = new World(binary);
  const trial = new Trial(world, row);
  try {
    await row.run(trial);
    return row.verdict ? row.verdict(trial) : await trial.verdict();
  } catch (error) {
    return { problems: [error.message.slice(0, 600)] };
  } finally {
    await world.end();
  }
}

/** The row in a network and a mount table of its own. */
function inNamespace(row) {
  const words = ['-n', '-m', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
  const own = [process.execPath, import.meta.filename, '--inside', row.name];
  const { stdout, stderr } = spawnSync('unshare', [...words, ...own], { encoding: 'utf8' });
  try {
    return JSON.parse(stdout);
  } catch {
    return { problems: [`the row broke off: ${stderr.slice(-400)}`] };
  }
}

if (values.inside) {
  console.log(JSON.stringify(await carryOut(rows.find((row) => row.name === values.inside))));
} else if (values.list) {
  for (const row of rows) console.log(row.name);
} else if (values.together !== undefined) {
  process.exitCode = (await together(binary, Number(values.together))) ? 0 : 1;
} else if (values.soak !== undefined) {
  const { line, problems } = await soak(binary, Number(values.soak), Number(values.seed ?? Date.now() % 1e6));
  console.log(line);
  for (const problem of problems) console.log(`  FAIL ${problem}`);
  process.exitCode = problems.length ? 1 : 0;
} else {
  if (rows.length === 0) throw new Error(`no row is called \`${values.only}\``);
  console.log('| fault | requests | answered once | answered with a failure | tabs | memory, MB | descriptors | |');
  console.log('|---|---:|---:|---|---:|---:|---|---|');
  let failed = 0, skipped = 0;
  for (const row of rows) {
    const result = await carryOut(row);
    if (result.missing) {
      skipped += 1;
      console.log(`| ${row.name} | | | | | | | not here: ${result.missing} |`);
      continue;
    }
    const { requests = '', answered = '', failures = '', tabs = '', growth = '', descriptors = '', problems } = result;
    if (problems.length) failed += 1;
    const end = problems.length ? `**${problems.join('; ').replaceAll('\n', ' ')}**` : 'usable afterwards';
    console.log(`| ${row.name} | ${requests} | ${answered} | ${failures} | ${tabs} | ${growth} | ${descriptors} | ${end} |`);
  }
  console.log(`\n${rows.length - failed - skipped} of ${rows.length} rows hold, ${skipped} could not be tried here`);
  process.exitCode = failed ? 1 : 0;
}
