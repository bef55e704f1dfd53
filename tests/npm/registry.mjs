// A registry on a free port of the loopback interface that knows only what is published to it.
import { createRequire } from 'node:module';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Starts it; the packages live below `folder`. */
export async function start(packages, folder) {
  const { runServer } = createRequire(join(packages, 'package.json'))('verdaccio');
  mkdirSync(folder, { recursive: true });
  const everyone = { access: '$all', publish: '$all', unpublish: '$all' };
  const app = await runServer({
    self_path: folder,
    configPath: join(folder, 'config.yaml'),
    storage: join(folder, 'storage'),
    auth: { htpasswd: { file: join(folder, 'htpasswd') } },
    uplinks: {},
    packages: { '@*/*': everyone, '**': everyone },
    // The binaries of a debug build are large.
    max_body_size: '500mb',
    log: { type: 'stdout', format: 'json', level: 'fatal' },
  });
  await new Promise((ready) => app.listen(0, '127.0.0.1', ready));
  const { port } = app.address();
  const npmrc = join(folder, 'npmrc');
  const lines = [`registry=http://127.0.0.1:${port}`, `//127.0.0.1:${port}/:_authToken=none`,
    'audit=false', 'fund=false', 'update-notifier=false', 'loglevel=error', 'progress=false'];
  writeFileSync(npmrc, `${lines.join('\n')}\n`);
  return { npmrc, stop: () => new Promise((ended) => { app.close(ended); app.closeAllConnections(); }) };
}
