// The life of a user on Windows, under Wine: sign in through the browser, keep the sign-in in the Credential Manager,
// connect a host, set hosts up, look, sign out. `run.mjs EXE`; the server is played by MCP_TETHER.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Host } from '../faults/host.mjs';
import { World } from '../faults/world.mjs';

const program = process.argv[2];
const wine = process.env.WINE;
const world = new World(process.env.MCP_TETHER);
const env = { ...world.env(), MCP_TETHER_CREDENTIAL_STORE: 'auto' };
for (const name of ['WINEPREFIX', 'WINEDEBUG', 'WINEDLLOVERRIDES']) env[name] = process.env[name];
let failed = 0;

function holds(what, is, shown) {
  if (!is) failed += 1;
  console.log(`${is ? 'ok  ' : 'FAIL'}  ${what}${is ? '' : `: ${shown}`}`);
}

function run(...words) {
  const { status, stdout, stderr } = spawnSync(wine, [program, ...words], { env, encoding: 'utf8', timeout: 90_000 });
  return { status, text: (stdout + stderr).replaceAll('\r', '') };
}

/** Runs a command that must work and say this. */
function says(what, words, ...expected) {
  const { status, text } = run(...words);
  holds(what, status === 0 && expected.every((part) => text.includes(part)), `${status} ${text}`);
  return text;
}

try {
  const { url } = await world.server('pelcro');
  says('it starts and knows what it is', ['--version', '--json'], 'x86_64-windows');
  says('a sign-in goes through the browser into the Credential Manager', ['login', url], 'the Windows Credential Manager');
  holds('one tab was opened', world.openedTabs() === 1, world.openedTabs());
  says('the next process finds it', ['status'], url, 'refreshes automatically');

  const host = new Host(wine, [program, url], { env, cwd: world.folder });
  const opened = await host.open();
  holds('a host connects over pipes', Boolean(opened.result), JSON.stringify(opened));
  const { result } = await host.ask('tools/list');
  holds('its tools are there', result?.tools.length > 50, JSON.stringify(result)?.slice(0, 200));
  const calls = await Promise.all(Array.from({ length: 50 }, () => host.call('get_account')));
  holds('fifty calls at once are answered', calls.every((answer) => answer.result), JSON.stringify(calls[0]));
  host.write({ jsonrpc: '2.0', method: 'notifications/nothing', params: { text: 'é\u2028😀' } });
  const { code } = await host.leave();
  holds('it ends with its host', code === 0 && host.strays.length === 0, `${code} ${host.strays}`);

  // Like a script: requests from a file, answers into a file. The last line must not be lost.
  const [script, answers] = [join(world.folder, 'script'), join(world.folder, 'answers')];
  const messages = [
    { jsonrpc: '2.0', id: 1, method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'script', version: '1' } } },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', id: 2, method: 'tools/list' },
  ];
  writeFileSync(script, messages.map((message) => JSON.stringify(message) + '\n').join(''));
  const complete = [];
  for (let count = 0; count < 20; count += 1) {
    const ends = [openSync(script, 'r'), openSync(answers, 'w')];
    const { status } = spawnSync(wine, [program, url], { env, stdio: [...ends, 'ignore'], timeout: 90_000 });
    ends.forEach(closeSync);
    complete.push(status === 0 && readFileSync(answers, 'utf8').trimEnd().split('\n').length === 2);
  }
  holds('every answer reaches a file', complete.every(Boolean), complete);

  says('hosts are set up where Windows has them', ['install', url, '--host', 'vscode', '--host', 'zed', '--name', 'shop'],
    String.raw`AppData\Roaming\Code\User\mcp.json`, String.raw`AppData\Roaming\Zed\settings.json`);
  says('doctor sees all of it', ['doctor', url], 'the keyring answers', '1 for mcp-tether', 'the server has 101 tools');
  says('an entry goes away again', ['uninstall', 'shop', '--host', 'zed'], 'removed `shop` from Zed');
  says('signing out removes and revokes', ['logout', url], 'revoked', 'the Windows Credential Manager');
  says('nothing is left', ['status'], 'there are no sign-ins');
  says('the demo plays', ['demo', '--talk'], 'products have stock under 10');
  holds('no other tab was opened', world.openedTabs() === 1, world.openedTabs());
} finally {
  await world.end();
}
console.log(failed ? `${failed} failed` : 'everything holds');
process.exitCode = failed ? 1 : 0;
