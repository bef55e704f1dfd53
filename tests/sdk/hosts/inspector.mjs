// MCP Inspector's command line as a host: one process, and one bridge, per command. It always asks
// for a log level before anything else, and takes an error to that as fatal.
import { spawn } from 'node:child_process';
import path from 'node:path';

import { check, expect, pair } from './report.mjs';

const { plan } = pair;
const INSPECTOR = path.join(
  process.env.MCP_TETHER_SUITE,
  'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js',
);
const COMMAND_WITHIN = 15_000;

const listed = (method, member, key, wanted) => async () => {
  const { result } = await inspect('--method', method);
  const names = result[member].map((one) => one[key]);
  expect(wanted.every((name) => names.includes(name)), `${wanted} in the list`, names);
};

const features = {
  'tools/list': plan.tools && listed('tools/list', 'tools', 'name', plan.tools),
  'tools/call': plan.call && (async () => {
    const { result } = await callTool(plan.call.tool, plan.call.args);
    expect(textOf(result).includes(plan.call.contains), plan.call.contains, result);
  }),
  unicode: plan.unicode && (async () => {
    const { tool, argument, value, prefix } = plan.unicode;
    const { result } = await callTool(tool, { [argument]: value });
    const seen = prefix === undefined ? JSON.parse(textOf(result))[argument] : textOf(result);
    expect(seen === (prefix ?? '') + value, value, result);
  }),
  'unknown tool': plan.unknownTool && (async () => {
    const { error } = await callTool(plan.unknownTool.name, {});
    expect(error?.message.includes(plan.unknownTool.mentions), 'an error that names it', error);
  }),
  'prompts/list': plan.prompts && listed('prompts/list', 'prompts', 'name', plan.prompts),
  'prompts/get': plan.prompt && (async () => {
    const args = Object.entries(plan.prompt.args).map(([key, value]) => `${key}=${value}`);
    const named = ['--prompt-name', plan.prompt.name, '--prompt-args', ...args];
    const { result } = await inspect('--method', 'prompts/get', ...named);
    const { text } = result.messages[0].content;
    expect(text.includes(plan.prompt.contains), plan.prompt.contains, text);
  }),
  'resources/list':
    plan.resources && listed('resources/list', 'resources', 'uri', plan.resources),
  'resources/read': plan.read && (async () => {
    const { result } = await inspect('--method', 'resources/read', '--uri', plan.read.uri);
    expect(result.contents[0].text.includes(plan.read.contains), plan.read.contains, result);
  }),
  'resources/templates/list':
    plan.templates &&
    listed('resources/templates/list', 'resourceTemplates', 'uriTemplate', plan.templates),
  'parallel calls': plan.parallel && (async () => {
    const load = ['--load', '--load-requests', '20', '--load-concurrency', '20'];
    const { result } = await callTool(plan.parallel.tool, { [plan.parallel.argument]: 'x' }, load);
    expect(result.ok === 20 && result.errorRate === 0, '20 good answers', result);
  }),
};

for (const [feature, body] of Object.entries(features)) {
  if (body) await check(feature, body);
}
process.exit();

function callTool(name, args, more = []) {
  const named = ['--tool-name', name, '--tool-args-json', JSON.stringify(args)];
  return inspect('--method', 'tools/call', ...named, ...more);
}

/** Runs one command and resolves with the JSON it printed: `{result}` or `{error}`. */
function inspect(...args) {
  const env = Object.entries(pair.env).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
  const all = [INSPECTOR, '--cli', '--format', 'json', ...env, ...args, '--', ...pair.bridge];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text) => (stdout += text));
    child.stderr.on('data', (text) => (stderr += text));
    const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_WITHIN);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const envelope = [stdout, ...stderr.split('\n').reverse()].find((text) => /^\{/.test(text));
      if (envelope !== undefined) resolve(JSON.parse(envelope));
      else reject(new Error(`code ${code}, signal ${signal}: ${stderr.slice(-500)}`));
    });
  });
}

function textOf({ content }) {
  return content.map(({ text }) => text ?? '').join('\n');
}
