// Every host of the suite: its command and its peculiarities.
import path from 'node:path';

const CACHE = process.env.MCP_TETHER_SUITE;
const here = (file) => path.join(import.meta.dirname, file);
const node = (file) => [
  process.execPath,
  '--import',
  here('../packages_from_cache.mjs'),
  here(file),
];
const python = (generation, file) => [path.join(CACHE, `python-${generation}/bin/python`), here(file)];

const rust = [path.join(CACHE, 'rust/debug/mcp-tether-sdk-host')];

/** `asksDiscover`: `server/discover` comes first, so `initialize` is not the first line it writes. */
export const HOSTS = [
  { name: 'typescript-1', command: node('typescript_1.mjs') },
  { name: 'typescript-2', command: node('typescript_2.mjs'), mode: 'legacy' },
  { name: 'typescript-2-auto', command: node('typescript_2.mjs'), mode: 'auto', asksDiscover: true },
  { name: 'python-1', command: python(1, 'python_1.py') },
  { name: 'python-2', command: python(2, 'python_2.py'), asksDiscover: true },
  { name: 'rust', command: rust },
  { name: 'rust-discover', command: rust, mode: 'discover', asksDiscover: true },
  { name: 'inspector', command: node('inspector.mjs'), processPerCommand: true },
];
