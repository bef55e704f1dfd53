// The features that a host with a TypeScript SDK tries, in terms common to both generations.
// The generations differ in how calls are spelled; `typescript_1.mjs` and `typescript_2.mjs` adapt.
import { check, expect, pair, standaloneStream, tell, until } from './report.mjs';

const { plan } = pair;
const CONNECTED_WITHIN = 5_000;
const unique = `unique-${process.pid}-${Date.now()}`;
let runs = 0;

export const HOST_INFO = { name: 'mcp-tether-sdk-suite', version: '1.0.0' };
export const CAPABILITIES = {
  roots: { listChanged: true },
  sampling: {},
  elicitation: { form: {} },
};

/** The answers of this host to questions of the remote. */
export const ANSWERS = {
  'sampling/createMessage': ({ messages }) => ({
    role: 'assistant',
    model: 'suite-model',
    stopReason: 'endTurn',
    content: { type: 'text', text: `the model says 世界 to ${messages.length}` },
  }),
  'elicitation/create': () => ({ action: 'accept', content: plan.elicitation?.content ?? plan.confirmation }),
  'roots/list': () => ({ roots: [{ uri: 'file:///suite/root', name: 'suite root' }] }),
};

/**
 * @param {{connect: () => Promise<void>, close: () => Promise<void>, client: object,
 *   transport: object, notifications: object[],
 *   call: (name: string, args: object, options?: object) => Promise<any>}} host one SDK, adapted
 */
export async function play(host) {
  watchLines(host);
  if (!(await check('connect', () => connectSoon(host)))) return;
  for (const [feature, body] of Object.entries(features(host))) {
    if (body !== null) await check(feature, body);
    // The first request of a host that speaks 2026-07-28 is what opens the remote's session.
    if (feature === 'tools/list' && plan.standaloneStream) await check('standalone stream', standaloneStream);
  }
  await check('close with a call in flight', () => closeInFlight(host));
}

/** The SDK closes stdin, waits two seconds, and then sends SIGTERM. (The Python hosts close idle.) */
async function closeInFlight(host) {
  if (plan.cancellation) await startCall(host, plan.cancellation, {});
  const started = performance.now();
  await host.close();
  const took = Math.round(performance.now() - started);
  expect(took < 2000, 'the bridge did not leave by itself within 2 s of closing', `${took} ms`);
}

/** A bridge that leaves `server/discover` unanswered would cost the SDK's whole patience here. */
async function connectSoon(host) {
  const started = performance.now();
  await host.connect();
  const took = Math.round(performance.now() - started);
  expect(took < CONNECTED_WITHIN, `connected within ${CONNECTED_WITHIN} ms`, `${took} ms`);
}

/** Keeps every message as it arrives, and tells of any line that the SDK cannot read. */
function watchLines(host) {
  host.lines = [];
  host.transport.onmessage = (message) => host.lines.push(message);
  host.client.onerror = (error) => {
    const unreadable = error instanceof SyntaxError || error.name === 'ZodError';
    if (unreadable) tell('readable lines', false, error.message);
  };
}

function features(host) {
  const { client, call, notifications, lines } = host;
  const when = (key, body) => (plan[key] === undefined ? null : () => body(plan[key]));
  // Subscriptions, log levels and ping went away with 2026-07-28; streams and `_meta` took their place.
  const modern = client.getProtocolEra?.() === 'modern';
  return {
    'speaks 2026-07-28':
      pair.mode === 'auto' ? () => expect(modern, 'the era', client.getProtocolEra()) : null,
    'tools/list': when('tools', async (wanted) => {
      const names = (await client.listTools()).tools.map(({ name }) => name);
      expectAll(names, wanted);
    }),
    'tools/call': when('call', async ({ tool, args, contains }) => {
      expectText(await call(tool, args), (text) => text.includes(contains), contains);
    }),
    unicode: when('unicode', async ({ tool, argument, value, prefix }) => {
      expectEcho(await call(tool, { [argument]: value }), argument, value, prefix);
    }),
    'every tool that looks': when('everyTool', async ({ tools: count }) => {
      const tools = await allTools(client);
      expect(tools.length === count, `${count} tools`, tools.length);
      for (const tool of tools.filter(({ annotations }) => annotations.readOnlyHint)) {
        await asShown(host, tool);
      }
    }),
    'a change per domain': when('everyTool', async ({ writes }) => {
      const tools = await allTools(client);
      for (const name of writes) await asShown(host, tools.find((tool) => tool.name === name));
    }),
    'tool failure': when('toolFailure', async ({ tool, args, mentions }) => {
      const result = await call(tool, args);
      expect(result.isError === true, 'isError', result);
      expectText(result, (text) => text.includes(mentions), mentions);
    }),
    'unknown tool': when('unknownTool', async ({ name, mentions }) => {
      const said = await call(name, {}).then(
        (result) => result.isError && textOf(result),
        (error) => error.message,
      );
      expect(String(said).includes(mentions), `an error that mentions ${mentions}`, said);
    }),
    'prompts/list': when('prompts', async (wanted) => {
      expectAll((await client.listPrompts()).prompts.map(({ name }) => name), wanted);
    }),
    'prompts/get': when('prompt', async ({ name, args, contains }) => {
      const { messages } = await client.getPrompt({ name, arguments: args });
      expect(messages[0].content.text.includes(contains), contains, messages);
    }),
    'resources/list': when('resources', async (wanted) => {
      expectAll((await client.listResources()).resources.map(({ uri }) => uri), wanted);
    }),
    'resources/read': when('read', async ({ uri, contains }) => {
      const { contents } = await client.readResource({ uri });
      expect(contents[0].text.includes(contains), contains, contents);
    }),
    'resources/templates/list': when('templates', async (wanted) => {
      const { resourceTemplates } = await client.listResourceTemplates();
      expectAll(resourceTemplates.map(({ uriTemplate }) => uriTemplate), wanted);
    }),
    completion: when('completion', async ({ ref, argument, values }) => {
      const { completion } = await client.complete({ ref, argument });
      expect(JSON.stringify(completion.values) === JSON.stringify(values), values.join(), completion);
    }),
    progress: when('progress', async ({ tool, args, steps, text: wanted }) => {
      // The SDK forgets its callback when the answer arrives together with the last steps, so the
      // lines themselves are looked at.
      const from = lines.length;
      const result = await call(tool, args, { onprogress: () => {} });
      expectText(result, (text) => text === wanted, wanted);
      const order = lines.slice(from).flatMap(({ method, params, result: answer }) => {
        if (method === 'notifications/progress') return [params.progress];
        return answer?.content ? ['answer'] : [];
      });
      const counted = [...Array.from({ length: steps }, (_, step) => step + 1), 'answer'];
      expect(order.join() === counted.join(), counted.join(), order);
    }),
    cancellation: when('cancellation', (cancellation) => cancel(host, cancellation)),
    sampling: when('sampling', async ({ tool, args }) => {
      const wanted = 'the model says 世界 to 1';
      expectText(await call(tool, args), (text) => text.includes(wanted), wanted);
    }),
    elicitation: when('elicitation', async ({ tool, args }) => {
      expectText(await call(tool, args), (text) => text.includes('Zoë'), 'Zoë');
    }),
    roots: when('roots', async ({ tool, args }) => {
      const result = await call(tool, args);
      expectText(result, (text) => text.includes('file:///suite/root'), 'the root');
      expectText(result, (text) => text.includes('suite root'), 'its name');
    }),
    subscription: when('subscription', async ({ uri, trigger, after }) => {
      const listening = modern && (await client.listen({ resourceSubscriptions: [uri] }));
      if (!modern) await client.subscribeResource({ uri });
      await call(trigger.tool, trigger.args);
      const isUpdate = ({ method, params }) =>
        method === 'notifications/resources/updated' && params.uri === uri;
      await until('notifications/resources/updated', () => notifications.some(isUpdate));
      if (after) await call(after.tool, after.args);
      await (modern ? listening.close() : client.unsubscribeResource({ uri }));
    }),
    logging: when('logging', async ({ trigger, after, mentions }) => {
      const _meta = { 'io.modelcontextprotocol/logLevel': 'debug' };
      if (modern) {
        await client.callTool({ name: trigger.tool, arguments: trigger.args, _meta });
      } else {
        await client.setLoggingLevel('debug');
        await call(trigger.tool, trigger.args);
      }
      const isMessage = ({ method, params }) =>
        method === 'notifications/message' && String(params.data).includes(mentions);
      await until(`a message with ${mentions}`, () => notifications.some(isMessage));
      if (after) await call(after.tool, after.args);
    }),
    'list changed': when('listChanged', async ({ trigger, notification, appears, after }) => {
      const before = notifications.length;
      const filter = { [`${appears.list}ListChanged`]: true };
      const listening = modern && (await client.listen(filter));
      await call(trigger.tool, made(trigger.args));
      await until(notification, () =>
        notifications.slice(before).some(({ method }) => method === notification),
      );
      const lists = { tools: () => client.listTools(), resources: () => client.listResources() };
      const members = (await lists[appears.list]())[appears.list];
      expectAll(members.map((member) => member[appears.key]), [made(appears).value]);
      if (after) await call(after.tool, made(after.args));
      if (listening) await listening.close();
    }),
    'parallel calls': when('parallel', async ({ tool, argument, prefix }) => {
      const texts = Array.from({ length: 20 }, (_, index) => `call ${index} 世`);
      const results = await Promise.all(texts.map((text) => call(tool, { [argument]: text })));
      results.forEach((result, index) => expectEcho(result, argument, texts[index], prefix));
    }),
    'large result': when('large', async ({ tool, argument, pattern, size, prefix, sends }) => {
      const body = pattern.repeat(size / pattern.length);
      const value = sends === 'size' ? size : body;
      const text = textOf(await call(tool, { [argument]: value }));
      expect(text === prefix + body, `${size} characters, unchanged`, `${text.length} characters`);
    }),
    ping: modern ? null : () => client.ping(),
  };
}

/** The SDK itself refuses a result that does not fit the tool's output schema. */
async function asShown({ call }, { name, description }) {
  const result = await call(name, JSON.parse(description.split('Example: ')[1]));
  expect(!result.isError && result.structuredContent, `${name} works`, result);
}

async function allTools(client) {
  const tools = [];
  for (let cursor; ; ) {
    const page = await client.listTools(cursor === undefined ? undefined : { cursor });
    tools.push(...page.tools);
    cursor = page.nextCursor;
    if (cursor === undefined) return tools;
  }
}

async function cancel(host, plan) {
  const abort = new AbortController();
  const answer = await startCall(host, plan, { signal: abort.signal });
  abort.abort('no longer wanted');
  expect((await answer.end) === 'given up', 'the host gives up the call', await answer.end);
  if (plan.reaches) {
    await until('the call cancelled', async () => (await fateOf(host, plan)) === 'cancelled');
  }
}

/** Starts a call that takes long, and resolves once the remote is at it. */
async function startCall(host, { tool, args, fate }, options) {
  runs += 1;
  let steps = 0;
  const end = host.call(tool, made(args), { ...options, onprogress: () => steps++ }).then(
    (result) => `answered: ${JSON.stringify(result)}`,
    () => 'given up',
  );
  const isRunning = async () => (fate ? (await fateOf(host, { fate })) === 'running' : steps > 0);
  await until('the call running', isRunning);
  return { end };
}

async function fateOf({ call }, { fate }) {
  return textOf(await call(fate.tool, made(fate.args)));
}

/** The plan with this run's own names in it, so that runs do not see each other's traces. */
function made(args) {
  return JSON.parse(JSON.stringify(args).replaceAll('UNIQUE', `${unique}-${runs}`));
}

function textOf({ content }) {
  return content.map(({ text }) => text ?? '').join('\n');
}

function expectText(result, holds, wanted) {
  expect(holds(textOf(result)), `the text ${wanted}`, textOf(result));
}

/** An echo is the text behind a prefix or, where there is none, the arguments as JSON. */
function expectEcho(result, argument, value, prefix) {
  const text = textOf(result);
  const seen = prefix === undefined ? JSON.parse(text)[argument] : text;
  const wanted = (prefix ?? '') + value;
  expect(seen === wanted, `the text ${wanted}`, seen);
}

function expectAll(names, wanted) {
  const missing = wanted.filter((name) => !names.includes(name));
  expect(missing.length === 0, `${missing.join(', ')} in the list`, names);
}
