// A keyring for one world: a session bus of its own, and gnome-keyring on it.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { within } from './host.mjs';

const present = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** Returns the reason why it cannot run here. */
export const canKeep = () =>
  ['dbus-daemon', 'gnome-keyring-daemon'].every(present) ? undefined : 'no keyring is installed';

/** An unlocked keyring that can be killed and started again. */
export class Keyring {
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
