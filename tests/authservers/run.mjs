// Runs every check at every server: `run.mjs [--only FILTER] [--list] [--verbose]`. A line for each;
// ends with 1 if one fails.
import { CHECKS, NEEDS } from './checks.mjs';
import { PROGRAMS, runProgram } from './programs.mjs';
import { SERVERS } from './servers.mjs';
import { World } from './world.mjs';

const words = process.argv.slice(2);
const filter = words.includes('--only') ? words[words.indexOf('--only') + 1] : '';
const verbose = words.includes('--verbose');
let failed = 0;
let passed = 0;

for (const row of SERVERS) {
  for (const [name, check] of Object.entries(CHECKS)) {
    const title = `${row.name}: ${name}`;
    const needed = NEEDS[name];
    if (!title.includes(filter) || (needed && !row[needed])) continue;
    if (words.includes('--list')) {
      console.log(title);
      continue;
    }
    let world;
    try {
      world = await World.make([process.env.MCP_TETHER], row);
      await check({ world, row });
      passed++;
      console.log(`ok    ${title}`);
    } catch (error) {
      failed++;
      console.log(`FAIL  ${title}\n      ${error.message.split('\n').join('\n      ')}`);
      if (verbose) console.log(world?.server?.notes, world?.opened, world?.ended);
    } finally {
      await world?.stop();
    }
  }
}
for (const [name, check] of Object.entries(PROGRAMS)) {
  const title = `oidc-provider for programs: ${name}`;
  if (!title.includes(filter)) continue;
  if (words.includes('--list')) {
    console.log(title);
    continue;
  }
  try {
    await runProgram([process.env.MCP_TETHER], check);
    passed++;
    console.log(`ok    ${title}`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${title}\n      ${error.message.split('\n').join('\n      ')}`);
  }
}
if (!words.includes('--list')) console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed + failed === 0 ? 1 : 0;
