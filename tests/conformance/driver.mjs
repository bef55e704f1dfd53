// The "client under test" of the conformance suite: a host that starts the bridge with the suite's
// URL and plays one scenario over stdio. The suite watches the HTTP side; this side checks that the
// host is served properly. Environment: MCP_TETHER_COMMAND (JSON array), MCP_TETHER_HOST (`legacy`
// or `modern`), MCP_TETHER_HOME (an empty folder), MCP_TETHER_OUTCOME (a file for the verdict).
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { bridgeEnvironment } from './environment.mjs';
import { Broken, Host } from './host.mjs';
import { LegacyTalk, ModernTalk } from './talk.mjs';
import { flagsFor, plays } from './plays.mjs';

const url = process.argv.at(-1);
const scenario = process.env.MCP_CONFORMANCE_SCENARIO;
const revision = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION;
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');
const home = process.env.MCP_TETHER_HOME;

const keep = (name, text) => {
  const file = path.join(home, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
};
const command = [...JSON.parse(process.env.MCP_TETHER_COMMAND), url, ...flagsFor(scenario, context, keep)];
const Talk = process.env.MCP_TETHER_HOST === 'modern' ? ModernTalk : LegacyTalk;
const host = new Host(command, bridgeEnvironment(home), Talk.answerers);

let verdict = { kind: 'played' };
try {
  const talk = new Talk(host, revision);
  await talk.open();
  await (plays[scenario] ?? plays.default)(talk, { context, scenario });
} catch (error) {
  verdict = verdictOn(error);
}
try {
  await host.close();
} catch (error) {
  verdict = verdictOn(error);
}
writeFileSync(process.env.MCP_TETHER_OUTCOME, JSON.stringify(verdict));
if (verdict.kind !== 'played') console.error(`${verdict.kind}: ${verdict.text}`);
process.exit(verdict.kind === 'played' ? 0 : 1);

function verdictOn(error) {
  host.kill();
  return { kind: error instanceof Broken ? 'broken' : 'refused', text: error.message };
}
