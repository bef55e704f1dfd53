// A host on the second generation of the TypeScript SDK (`@modelcontextprotocol/client`). In its
// `auto` mode it starts the command twice: the first process is only asked `server/discover`.
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

import { pair } from './report.mjs';
import { ANSWERS, CAPABILITIES, HOST_INFO, play } from './typescript.mjs';

const client = new Client(HOST_INFO, {
  capabilities: CAPABILITIES,
  versionNegotiation: { mode: pair.mode },
});
for (const [method, answer] of Object.entries(ANSWERS)) {
  client.setRequestHandler(method, ({ params }) => answer(params));
}
const notifications = [];
client.fallbackNotificationHandler = async (notification) => notifications.push(notification);

const [command, ...args] = pair.bridge;
const transport = new StdioClientTransport({ command, args, env: pair.env });
await play({
  client,
  notifications,
  transport,
  connect: () => client.connect(transport),
  call: (name, args, options) => client.callTool({ name, arguments: args }, options),
  close: () => client.close(),
});
process.exit();
