// Programs that sign in without a person at `oidc-provider`: with a key, and with a certificate that
// their tokens are bound to. Keys and certificates are made by `openssl`, not by us.
import { equal, ok } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { script } from './servers.mjs';
import { World } from './world.mjs';

const client = (id) => ['--static-oauth-client-info', JSON.stringify({ client_id: id })];

export const PROGRAMS = {
  'a program signs in with a key': async ({ world, at }) => {
    const flags = ['--client-credentials', ...client('with-key'), '--jwt-key', at('client.key')];
    const told = await world.run('tools', world.server.url, '--ca-cert', at('authority.pem'), ...flags);
    equal(told.code, 0, told.stderr + JSON.stringify(world.server.notes));
    ok(told.stdout.includes('echo'), told.stdout);
  },

  'a key of somebody else is refused and told': async ({ world, at }) => {
    const flags = ['--client-credentials', ...client('with-key'), '--jwt-key', at('other.key')];
    const told = await world.run('tools', world.server.url, '--ca-cert', at('authority.pem'), ...flags);
    equal(told.code, 1, told.stderr);
    ok(told.stderr.includes('invalid_client') && told.stderr.includes('hint:'), told.stderr);
  },

  'a program signs in with a certificate, and its tokens are bound to it': async ({ world, at }) => {
    const own = ['--auth-client-cert', at('robot.pem'), '--auth-client-key', at('robot.key')];
    const flags = ['--client-credentials', ...client('with-certificate'), ...own];
    const same = ['--client-cert', at('robot.pem'), '--client-key', at('robot.key')];
    const told = await world.run(
      ...['tools', world.server.url, '--ca-cert', at('authority.pem'), ...flags, ...same],
    );
    equal(told.code, 0, told.stderr + JSON.stringify(world.server.notes));
    ok(told.stdout.includes('echo'), told.stdout);
    const without = await world.run(
      ...['tools', world.server.url, '--ca-cert', at('authority.pem'), ...flags],
    );
    equal(without.code, 4, without.stderr);
  },
};

/** Runs one of them; the server is a new one. */
export async function runProgram(bridge, check) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mcp-tether-programs-'));
  const at = (name) => path.join(folder, name);
  makeKeys(folder, at);
  let world;
  try {
    const command = () => [process.execPath, script('oidc_provider_programs.mjs'), folder];
    world = await World.make(bridge, { name: 'oidc-provider for programs', command });
    await check({ world, at });
  } finally {
    await world?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeKeys(folder, at) {
  const openssl = (...words) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
  const elliptic = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    ...['req', '-x509', ...elliptic, '-subj', '/CN=authority', '-days', '2'],
    ...['-keyout', 'authority.key', '-out', 'authority.pem'],
  );
  writeFileSync(at('names'), 'subjectAltName=DNS:localhost');
  for (const [name, subject] of [['server', '/CN=localhost'], ['robot', '/CN=robot']]) {
    const request = ['-keyout', `${name}.key`, '-out', `${name}.csr`];
    openssl('req', '-new', ...elliptic, '-subj', subject, ...request);
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-days', '2', '-extfile', 'names'],
      ...['-CA', 'authority.pem', '-CAkey', 'authority.key', '-CAcreateserial', '-out', `${name}.pem`],
    );
  }
  // RSA, of which the provider takes PS256 only.
  for (const name of ['client', 'other']) {
    openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', `${name}.key`);
  }
  const key = createPublicKey(createPrivateKey(readFileSync(at('client.key'))));
  const jwk = { ...key.export({ format: 'jwk' }), use: 'sig', kid: 'client' };
  writeFileSync(at('client-key.jwk'), JSON.stringify(jwk));
}
