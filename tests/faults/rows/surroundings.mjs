// What is around the bridge goes wrong: the keyring dies, the clock jumps, the server is away for minutes.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { within } from '../host.mjs';

const DAY = 24 * 3600;
/** Longer than any limit of the bridge, and than hosts and people wait for anything. */
const MINUTES = 3 * 60_000;

const present = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const canKeep = () =>
  ['dbus-daemon', 'gnome-keyring-daemon'].every(present) ? undefined : 'no keyring is installed';
const library = () => {
  const folders = ['/usr/lib', ...readdirSync('/usr/lib').map((name) => join('/usr/lib', name))];
  return folders.map((folder) => join(folder, 'faketime/libfaketime.so.1')).find((path) => existsSync(path));
};
const canJump = () => (library() ? undefined : '`faketime` is not installed');

/** A session bus of the row's own, and an unlocked keyring on it that can be killed and started again. */
class Keyring {
  constructor(world) {
    this.world = world;
  }

  async start() {
    // The usual configuration would start another keyring, a locked one, in the place of one that died.
    const config = join(this.world.folder, 'bus.conf');
    const everything = '<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>';
    writeFileSync(config, `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "busconfig.dtd">
      <busconfig><type>session</type><listen>unix:path=${join(this.world.folder, 'bus')}</listen>${everything}</busconfig>`);
    const bus = spawn('dbus-daemon', [`--config-file=${config}`, '--nofork', '--nopidfile', '--print-address'], {
      env: this.world.env(),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.world.later(() => { bus.kill('SIGKILL'); });
    const lines = createInterface({ input: bus.stdout });
    const address = await within(new Promise((resolve) => lines.once('line', resolve)), () => 'no bus');
    Object.assign(this.world.variables, { DBUS_SESSION_BUS_ADDRESS: address, MCP_TETHER_CREDENTIAL_STORE: 'keyring' });
    await this.unlock();
  }

  /** The first time, this makes it; it answers when this ends. */
  async unlock() {
    mkdirSync(join(this.world.home, '.local/share/keyrings'), { recursive: true, mode: 0o700 });
    this.daemon = spawn('gnome-keyring-daemon', ['--unlock', '--components=secrets', '--foreground'], {
      env: this.world.env(),
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.daemon.stdin.end('password');
    this.world.later(() => { this.daemon.kill('SIGKILL'); });
    const words = ['--session', '--dest=org.freedesktop.DBus', '--print-reply', '/', 'org.freedesktop.DBus.NameHasOwner', 'string:org.freedesktop.secrets'];
    const owned = () => spawnSync('dbus-send', words, { env: this.world.env(), encoding: 'utf8' }).stdout.includes('true');
    const deadline = Date.now() + 20_000;
    while (!owned()) {
      if (Date.now() > deadline) throw new Error('the keyring does not start');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async kill() {
    const gone = new Promise((resolve) => this.daemon.once('exit', resolve));
    this.daemon.kill('SIGKILL');
    await gone;
  }
}

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
