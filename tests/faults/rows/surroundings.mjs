// Faults in the bridge's environment: the keyring dies, the clock jumps, the server is away for minutes.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canKeep, Keyring } from '../keyring.mjs';

const DAY = 24 * 3600;
/** Longer than any limit of the bridge, and than hosts and people wait for anything. */
const MINUTES = 3 * 60_000;

const library = () => {
  const folders = ['/usr/lib', ...readdirSync('/usr/lib').map((name) => join('/usr/lib', name))];
  return folders.map((folder) => join(folder, 'faketime/libfaketime.so.1')).find((path) => existsSync(path));
};
const canJump = () => {
  const { stdout } = spawnSync('ldd', [process.env.MCP_TETHER], { encoding: 'utf8' });
  if (!/=>/.test(stdout)) return 'a static program has no other clock';
  return library() ? undefined : '`faketime` is not installed';
};

async function signIn(trial, server) {
  const { code, stderr } = await trial.world.command('login', server.url);
  if (code !== 0) throw new Error(`login: ${stderr}`);
}

/** Everything in the store of files: what was renewed has other bytes. */
function stored(world) {
  const folder = join(world.home, '.local/state/mcp-tether/credentials');
  return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1')).join();
}

export const rows = [
  {
    name: 'keyring dies, tokens have to be renewed meanwhile, and it comes back',
    tool: 'get_account',
    needs: canKeep,
    run: async (trial) => {
      const keyring = new Keyring(trial.world);
      await keyring.start();
      const server = await trial.world.server('pelcro', '--fault', 'status=401:method=tools/list:times=2');
      await signIn(trial, server);
      await trial.open(server.url);
      await keyring.kill();
      const refused = await trial.host.ask('tools/list');
      if (!refused.result && !refused.error?.data?.bridge?.hint) throw new Error(`no next step: ${JSON.stringify(refused)}`);
      await keyring.unlock();
      await trial.usable();
      const answer = await trial.host.ask('tools/list');
      if (!answer.result) throw new Error(`the sign-in is lost: ${JSON.stringify(answer)}`);
    },
  },
  {
    name: 'clock jumps two days ahead, a year back, and to the right time',
    tool: 'get_account',
    parallel: 5,
    needs: canJump,
    run: async (trial) => {
      const server = await trial.world.server('pelcro');
      await signIn(trial, server);
      const clock = join(trial.world.folder, 'clock');
      const set = (seconds) => writeFileSync(clock, `${seconds >= 0 ? '+' : ''}${seconds}`);
      set(0);
      Object.assign(trial.world.variables, {
        LD_PRELOAD: library(),
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        DONT_FAKE_MONOTONIC: '1',
      });
      await trial.open(server.url);
      const before = stored(trial.world);
      for (const seconds of [2 * DAY, -365 * DAY, 0]) {
        set(seconds);
        const answers = await trial.all(Array.from({ length: 5 }, () => trial.host.ask('tools/list')));
        const failed = answers.find((answer) => !answer.result);
        if (failed) throw new Error(`${seconds} s: ${JSON.stringify(failed)}`);
        if (stored(trial.world) === before) throw new Error('two days ahead no token had ended: the clock did not jump');
      }
      await trial.usable();
    },
  },
  {
    name: 'server is down for three minutes',
    long: true,
    parallel: 5,
    run: async (trial) => {
      const server = await trial.world.server('lab', '--open');
      const host = await trial.open(server.url);
      await server.kill();
      const end = Date.now() + MINUTES;
      while (Date.now() < end) {
        await trial.all(Array.from({ length: 5 }, () => host.echo()));
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
      await server.start();
      await trial.usable();
    },
  },
];
