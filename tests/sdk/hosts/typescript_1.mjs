// A host on the first generation of the TypeScript SDK (`@modelcontextprotocol/sdk`).
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';

import { pair } from './report.mjs';
import { ANSWERS, CAPABILITIES, HOST_INFO, play } from './typescript.mjs';

const client = new Client(HOST_INFO, { capabilities: CAPABILITIES });
const schemas = [CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema];
for (const schema of schemas) {
  const answer = ANSWERS[schema.shape.method.value ?? [...schema.shape.method.values][0]];
  client.setRequestHandler(schema, ({ params }) => answer(params));
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
  call: (name, args, options) => client.callTool({ name, arguments: args }, undefined, options),
  close: () => client.close(),
});
process.exit();
