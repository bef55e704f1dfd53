// Tokens are refused, the authorization server fails or forgets, the store cannot be written.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const canUnshare = () =>
  spawnSync('unshare', ['-m', 'true']).status === 0 ? undefined : 'a mount of its own is not permitted';

/** A signed-in session with a server that asks for a sign-in, whose tokens were stored by `login`. */
async function signedIn(trial, ...faults) {
  const words = faults.flatMap((fault) => ['--fault', fault]);
  const server = await trial.world.server('pelcro', ...words);
  await signIn(trial, server);
  return server;
}

async function signIn(trial, server) {
  const { code, stderr } = await trial.world.command('login', server.url);
  if (code !== 0) throw new Error(`login: ${stderr}`);
}

/** Requests at one time, all of which must work. */
async function allWork(trial, count) {
  const answers = await trial.all(Array.from({ length: count }, () => trial.host.ask('tools/list')));
  const failed = answers.filter((answer) => !answer.result);
  if (failed.length) throw new Error(`${failed.length} of ${count} failed: ${JSON.stringify(failed[0])}`);
}

function mounted(words) {
  const done = spawnSync('mount', words, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`mount ${words.join(' ')}: ${done.stderr}`);
}

const row = (name, more) => ({ name, tool: 'get_account', ...more });

export const rows = [
  row('token refused under 20 parallel requests', {
    parallel: 20,
    run: async (trial) => {
      const server = await signedIn(trial, 'status=401:method=tools/list:times=20');
      await trial.open(server.url);
      await allWork(trial, 20);
      await trial.usable();
    },
  }),
  row('token refused, and the authorization server answers 503 for a while', {
    parallel: 5,
    run: async (trial) => {
      const server = await signedIn(trial, 'status=401:method=tools/list:times=5',
        'oauth-error=temporarily_unavailable:at=token:status=503:path=/oauth/token:skip=1:times=4');
      await trial.open(server.url);
      const answers = await trial.all(Array.from({ length: 5 }, () => trial.host.ask('tools/list')));
      if (answers.every((answer) => answer.result)) throw new Error('the fault did not strike');
      await trial.usable();
      await allWork(trial, 5);
    },
  }),
  row('server and authorization server restart and know no token any more', {
    tabs: 1,
    parallel: 10,
    run: async (trial) => {
      const server = await signedIn(trial);
      await trial.open(server.url);
      await server.restart();
      await trial.all(Array.from({ length: 10 }, () => trial.host.ask('tools/list')));
      await trial.usable();
    },
  }),
  row('store becomes read-only, and can be written again', {
    needs: canUnshare,
    namespace: true,
    run: async (trial) => {
      const server = await signedIn(trial, 'status=401:method=tools/list:times=1');
      await trial.open(server.url);
      mounted(['--bind', trial.world.home, trial.world.home]);
      trial.world.later(() => { spawnSync('umount', ['-l', trial.world.home]); });
      mounted(['-o', 'remount,ro,bind', trial.world.home]);
      // A token that rotates is not renewed where the new one cannot be kept.
      const refused = await trial.host.ask('tools/list');
      if (!refused.error?.data?.bridge?.hint) throw new Error(`no next step: ${JSON.stringify(refused)}`);
      mounted(['-o', 'remount,rw,bind', trial.world.home]);
      await trial.usable();
    },
  }),
  row('disk is full', {
    needs: canUnshare,
    namespace: true,
    run: async (trial) => {
      mounted(['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', trial.world.home]);
      trial.world.later(() => { spawnSync('umount', ['-l', trial.world.home]); });
      const server = await signedIn(trial, 'status=401:method=tools/list:times=1');
      const logs = join(trial.world.home, 'logs');
      mkdirSync(logs);
      await trial.open(server.url, '--log-file', join(logs, 'log'), '--log-level', 'trace');
      try {
        for (let part = 0; part < 64; part += 1) writeFileSync(join(trial.world.home, `part-${part}`), Buffer.alloc(65_536));
      } catch (error) {
        if (error.code !== 'ENOSPC') throw error;
      }
      await allWork(trial, 1);
      await trial.usable();
    },
  }),
];
