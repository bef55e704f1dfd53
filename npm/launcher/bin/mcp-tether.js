#!/usr/bin/env node
// Finds the program of this platform, which npm installed as an optional dependency, and becomes it.
// Where Node.js cannot do that, the program is a child: asynchronous, so that signals pass on, with
// the same stdin, stdout and stderr. There is no install script, and nothing is downloaded.
'use strict';

const { spawn } = require('node:child_process');
const { accessSync, constants } = require('node:fs');
const { dirname, join } = require('node:path');

const OVERRIDE = 'MCP_TETHER_BINARY';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const platform = `${process.platform}-${process.arch}`;
const { optionalDependencies: builds } = require('../package.json');

function fail(message, ...hints) {
  process.stderr.write(`error: ${message}\n\n${hints.map((hint) => `hint: ${hint}\n`).join('')}`);
  process.exit(1);
}

function program() {
  if (process.env[OVERRIDE]) return process.env[OVERRIDE];
  const name = `@mcp-tether/${platform}`;
  if (!(name in builds)) {
    fail(`there is no build of mcp-tether for ${platform}`,
      'build it with Rust: `cargo install mcp-tether --locked`',
      `then name it: \`${OVERRIDE}=/path/to/mcp-tether\``);
  }
  try {
    const folder = dirname(require.resolve(`${name}/package.json`));
    return join(folder, 'bin', process.platform === 'win32' ? 'mcp-tether.exe' : 'mcp-tether');
  } catch {
    return fail(`the package \`${name}\` is not installed`,
      'install again without `--omit=optional`: `npm install -g mcp-tether --include=optional`',
      'a `node_modules` or lock file made on another platform leaves it out: remove both first');
  }
}

const path = program();
try {
  accessSync(path, constants.X_OK);
} catch (error) {
  fail(`cannot start \`${path}\`: ${error.code}`,
    process.env[OVERRIDE] ? `\`${OVERRIDE}\` names it: correct or unset it`
      : 'install again: `npm install -g mcp-tether`');
}

const words = process.argv.slice(2);
// It must not lead back here when it names this launcher.
const { [OVERRIDE]: _, ...env } = process.env;

// Since Node.js 22.15, not on Windows: saves the memory of a waiting Node.js.
if (process.execve && process.platform !== 'win32') process.execve(path, [path, ...words], env);

const child = spawn(path, words, { stdio: 'inherit', env, windowsHide: true });
child.on('error', (error) => fail(`cannot start \`${path}\`: ${error.message}`, 'install again'));
for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  if (!signal) process.exit(code);
  // End the same way: whoever waits for us sees the signal.
  for (const name of SIGNALS) process.removeAllListeners(name);
  process.kill(process.pid, signal);
});
