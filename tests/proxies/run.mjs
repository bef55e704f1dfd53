// Runs every case. Started by run.sh.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { converse } from './host.mjs';
import { freePort, listens, start, stop, stopAll, tap } from './processes.mjs';
import { ownAddress, startServer } from './server.mjs';

const { values: options } = parseArgs({ options: { only: { type: 'string' } } });
const bridge = process.env.MCP_TETHER;
const installed = (name) => path.join(process.env.MCP_TETHER_SUITE, name, 'bin', name);
const room = mkdtempSync(path.join(os.tmpdir(), 'mcp-tether-proxies-'));
const address = ownAddress();
const server = await startServer(bridge);
const PASSWORD = 'p4ss-of-the-proxy';
const tally = { passed: 0, failed: 0 };

process.on('exit', () => { stopAll(); rmSync(room, { recursive: true, force: true }); });

/** A home of its own, so that nothing of this machine counts. */
function environment(more = {}) {
  return { PATH: process.env.PATH, HOME: room, XDG_CONFIG_HOME: room, MCP_TETHER_STATE_DIR: path.join(room, 'state'),
    MCP_TETHER_CREDENTIAL_STORE: 'file', ...more };
}

async function proxy(program, args, port, options) {
  const child = start(program, args, options);
  await listens(port, child);
  const counted = await tap(port);
  return { ...counted, child, end: () => { stop(child); counted.close(); } };
}

/** A case that must work: the session, and the proxy was used. */
async function works(name, counted, flags, { env = {}, host = address } = {}) {
  if (skipped(name)) return;
  const before = counted.count();
  const { error, said } = await converse(bridge, [server.at(host), '--allow-http', ...flags], environment(env));
  const used = counted.count() - before;
  report(name, error ?? (used > 0 ? undefined : 'the proxy was not used'), said);
}

/** A case that must fail: with these words, nothing reaches the server, and no password is shown. */
async function fails(name, words, flags, env = {}) {
  if (skipped(name)) return;
  const before = server.requests();
  const { error, said } = await converse(bridge, [server.at(address), '--allow-http', ...flags], environment(env));
  const text = `${error} ${said}`;
  const wrong = error === undefined ? 'it worked'
    : !words.test(text) ? `not the words ${words}: ${text}`
    : server.requests() !== before ? 'the server was reached'
    : /wr0ng|p4ss/.test(text) ? 'a password is shown'
    : undefined;
  report(name, wrong, said);
}

function skipped(name) {
  return options.only !== undefined && !name.includes(options.only);
}

function report(name, wrong, said) {
  tally[wrong ? 'failed' : 'passed'] += 1;
  console.log(`${wrong ? 'FAILED' : 'passed'}  ${name}${wrong ? `\n        ${wrong}\n        ${said.trim()}` : ''}`);
}

function certificate() {
  const [key, cert] = [path.join(room, 'key.pem'), path.join(room, 'cert.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-keyout', key, '-out', cert, '-subj', '/CN=proxy', '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' });
  return { key, cert };
}

async function microsocks() {
  const [open, closed] = [await freePort(), await freePort()];
  const free = await proxy('microsocks', ['-i', '127.0.0.1', '-p', `${open}`], open);
  const url = (scheme, { port }, user = '') => `${scheme}://${user}127.0.0.1:${port}`;
  await works('microsocks: socks5', free, ['--proxy', url('socks5', free)]);
  await works('microsocks: socks5h', free, ['--proxy', url('socks5h', free)]);
  await works('microsocks: ALL_PROXY', free, [], { env: { ALL_PROXY: url('socks5h', free) } });
  // A name of this machine that is no loopback name to the bridge: the proxy looks it up.
  await works('microsocks: a name that the proxy resolves', free, ['--proxy', url('socks5h', free)], { host: os.hostname() });
  const guarded = await proxy('microsocks', ['-i', '127.0.0.1', '-p', `${closed}`, '-u', 'sara', '-P', PASSWORD], closed);
  await works('microsocks: password in the URL', guarded, ['--proxy', url('socks5', guarded, `sara:${PASSWORD}@`)]);
  const own = ['--proxy', url('socks5', guarded)];
  await works('microsocks: password of a flag', guarded, [...own, '--proxy-auth', `sara:${PASSWORD}`]);
  await works('microsocks: password of a variable', guarded, [...own, '--proxy-auth', 'sara:${WORD}'], { env: { WORD: PASSWORD } });
  await works('microsocks: password of a command', guarded, [...own, '--proxy-auth-command', `/bin/echo sara:${PASSWORD}`]);
  await fails('microsocks: a wrong password', /proxy/i, [...own, '--proxy-auth', 'sara:wr0ng-password']);
  await fails('microsocks: no password', /proxy/i, own);
  for (const { end } of [free, guarded]) end();
  await fails('microsocks: a proxy that is gone', /proxy/i, ['--proxy', `socks5://127.0.0.1:${open}`]);
}

async function dante() {
  const port = await freePort();
  const file = path.join(room, 'danted.conf');
  writeFileSync(file, `logoutput: ${path.join(room, 'danted.log')}
internal: 127.0.0.1 port = ${port}
external: ${address}
clientmethod: none
socksmethod: none
user.privileged: ${os.userInfo().username}
user.unprivileged: ${os.userInfo().username}
client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 protocol: tcp }
`);
  const counted = await proxy('danted', ['-f', file, '-p', path.join(room, 'danted.pid')], port);
  await works('dante: socks5', counted, ['--proxy', `socks5://127.0.0.1:${counted.port}`]);
  await works('dante: socks4a', counted, ['--proxy', `socks4a://127.0.0.1:${counted.port}`]);
  counted.end();
}

async function pproxy() {
  const { key, cert } = certificate();
  const program = installed('pproxy');
  // It would remember for a month who signed in from this address.
  const listen = (scheme, port) => ['--auth', '0', '-l', `${scheme}://127.0.0.1:${port}#sara:${PASSWORD}`];
  const [http, tls, socks] = [await freePort(), await freePort(), await freePort()];
  const plain = await proxy(program, listen('http', http), http);
  const own = ['--proxy-auth', `sara:${PASSWORD}`];
  await works('pproxy: http with a password', plain, ['--proxy', `http://127.0.0.1:${plain.port}`, ...own]);
  await fails('pproxy: http with a wrong password', /407|proxy/i,
    ['--proxy', `http://127.0.0.1:${plain.port}`, '--proxy-auth', 'sara:wr0ng-password']);
  const over = await proxy(program, [...listen('http+ssl', tls), '--ssl', `${cert},${key}`], tls);
  await works('pproxy: http over TLS', over, ['--proxy', `https://127.0.0.1:${over.port}`, '--ca-cert', cert, ...own]);
  await fails('pproxy: http over TLS of an unknown authority', /certificate/i,
    ['--proxy', `https://127.0.0.1:${over.port}`, ...own]);
  const fives = await proxy(program, listen('socks5', socks), socks);
  await works('pproxy: socks5 with a password', fives, ['--proxy', `socks5://127.0.0.1:${fives.port}`, ...own]);
  for (const { end } of [plain, over, fives]) end();
}

async function px() {
  const program = installed('px');
  const [upstream, helper, ntlm, signing] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const company = await proxy(installed('pproxy'), ['-l', `http://127.0.0.1:${upstream}`], upstream);
  // A company's script: this proxy for everything.
  const script = http.createServer((_, response) => {
    response.setHeader('content-type', 'application/x-ns-proxy-autoconfig');
    response.end(`function FindProxyForURL(url, host) { return "PROXY 127.0.0.1:${company.port}"; }`);
  });
  await new Promise((resolve) => script.listen(0, '127.0.0.1', resolve));
  const pac = `http://127.0.0.1:${script.address().port}/proxy.pac`;
  const own = { env: { ...environment(), PX_PASSWORD: PASSWORD, PX_CLIENT_PASSWORD: PASSWORD }, cwd: room };
  const flags = ['--listen=127.0.0.1', '--auth=NONE'];
  const first = await proxy(program, [`--pac=${pac}`, `--port=${helper}`, ...flags], helper, own);
  await works('px: the proxy of a PAC script', company, ['--proxy', `http://127.0.0.1:${first.port}`]);
  // A proxy that wants NTLM, and the helper that signs in to it.
  const user = '--username=COMPANY\\sara';
  const guarded = await proxy(program, [`--server=127.0.0.1:${company.port}`, `--port=${ntlm}`, '--client-auth=NTLM',
    '--client-username=COMPANY\\sara', ...flags], ntlm, own);
  await fails('px: NTLM without the helper', /407|proxy/i, ['--proxy', `http://127.0.0.1:${guarded.port}`]);
  const signs = await proxy(program, [`--server=127.0.0.1:${guarded.port}`, `--port=${signing}`, user, '--auth=NTLM',
    '--listen=127.0.0.1'], signing, own);
  await works('px: NTLM with the helper', guarded, ['--proxy', `http://127.0.0.1:${signs.port}`]);
  for (const { end } of [signs, guarded, first, company]) end();
  script.close();
}

for (const cases of [microsocks, dante, pproxy, px]) {
  try {
    await cases();
  } catch (error) {
    report(cases.name, error.stack, '');
  }
}
server.stop();
console.log(`\n${tally.passed} passed, ${tally.failed} failed`);
process.exit(tally.failed === 0 && tally.passed > 0 ? 0 : 1);
