// Tries what `direct.mjs` expects with the TypeScript SDK 2.x, and prints what it saw as JSON.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const client = new Client(
  { name: 'direct', version: '1' },
  {
    capabilities: { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} },
    versionNegotiation: { mode: 'auto' },
  },
);
const content = { type: 'text', text: 'hi' };
const answers = {
  'elicitation/create': { action: 'accept', content: { answer: 'Zoë' } },
  'sampling/createMessage': { role: 'assistant', content, model: 'm' },
  'roots/list': { roots: [{ uri: 'file:///a', name: 'a' }] },
};
for (const [method, answer] of Object.entries(answers)) {
  client.setRequestHandler(method, async () => answer);
}
await client.connect(new StreamableHTTPClientTransport(new URL(process.argv[2])));

const call = async (name, args = {}, options) =>
  (await client.callTool({ name, arguments: args }, options)).structuredContent;
const seen = {};
const { tools } = await client.listTools();
const names = tools.map(({ name }) => name);
seen.annotated = names.filter((name) => /^header_|^locate$/.test(name)).sort();
seen.add = await call('add', { a: 1, b: 2 });
seen.locate = await call('locate', { region: 'Zürich', count: 42, urgent: true, place: { room: ' 7 ' } });
seen.ask_user = await call('ask_user');
seen.ask_twice = await call('ask_twice');
// Each run counts what it did, and the mock is fresh.
seen.ask_all = Object.keys(await call('ask_all')).sort();
seen.put_off = await call('put_off', { times: 2 });
seen.progress = [];
await call('slow', { ms: 20 }, { onprogress: ({ progress }) => seen.progress.push(progress) });
const prompt = await client.getPrompt({ name: 'compare', arguments: { first: 'Zoë' } });
seen.prompt = prompt.messages[0].content.text;
// The lab wants a word first, which the answer above does not hold: any accepted one will do.
seen.secret = (await client.readResource({ uri: 'lab://secret' })).contents[0].text;
seen.missing = await client.readResource({ uri: 'lab://no' }).catch(({ code }) => code);
console.log(JSON.stringify(seen));
process.exit();
