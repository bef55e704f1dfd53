// The official SDK's own HTTP client as a contender: each line goes to its transport, and what comes
// back becomes a line. A host that needs no bridge pays for this client, and not for the two pipes.
// `node sdk_client.mjs SDK_FOLDER URL`; the folder is the one that has `node_modules`.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [folder, url] = process.argv.slice(2);
const find = createRequire(join(folder, 'package.json'));
const script = find.resolve('@modelcontextprotocol/sdk/client/streamableHttp.js');
const { StreamableHTTPClientTransport } = await import(pathToFileURL(script));

const transport = new StreamableHTTPClientTransport(new URL(url));
transport.onmessage = message => {
  const version = message.result?.protocolVersion;
  if (version) transport.setProtocolVersion(version);
  process.stdout.write(`${JSON.stringify(message)}\n`);
};
transport.onerror = error => process.stderr.write(`error: ${error.message}\n`);
await transport.start();
// Answers come in any order; a message must not overtake the one that opens the session.
let opening = Promise.resolve();
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  await opening;
  const sent = transport.send(message).catch(error => transport.onerror(error));
  if (message.method === 'initialize' || message.id === undefined) opening = sent;
}
await transport.terminateSession().catch(() => {});
process.exit(0);
