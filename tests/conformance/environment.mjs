// The environment of the bridge in these tests.
import path from 'node:path';

/** No more than hosts really pass, a home of its own, and an opener that signs in by itself. */
export function bridgeEnvironment(home) {
  const bin = path.join(import.meta.dirname, 'bin');
  return {
    PATH: `${bin}${path.delimiter}${process.env.PATH}`,
    HOME: home,
    XDG_CONFIG_HOME: path.join(home, 'config'),
    XDG_DATA_HOME: path.join(home, 'data'),
    XDG_STATE_HOME: path.join(home, 'state'),
    XDG_CACHE_HOME: path.join(home, 'cache'),
    XDG_RUNTIME_DIR: path.join(home, 'run'),
    MCP_REMOTE_CONFIG_DIR: path.join(home, 'mcp-remote'),
    LANG: 'C.UTF-8',
  };
}
