// A model for agents that connect to their servers only inside a conversation: it says one word to whatever it is asked,
// in the form of chat completions or of responses, and keeps what it was sent.
import { createServer } from 'node:http';

/** Starts the model. `asked()` is all that it was sent, in which the tools that a host took have their names. */
export async function startModel() {
  const asked = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => { body += chunk; });
    request.on('end', () => {
      asked.push(body);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const events = request.url.endsWith('/responses') ? asResponse() : asChunks();
      for (const event of events) response.write(`${event.type ? `event: ${event.type}\n` : ''}data: ${JSON.stringify(event)}\n\n`);
      response.end(request.url.endsWith('/responses') ? '' : 'data: [DONE]\n\n');
    });
  });
  await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
  return {
    url: `http://127.0.0.1:${server.address().port}/v1`,
    asked: () => asked.join('\n'),
    stop: () => { server.closeAllConnections(); server.close(); },
  };
}

function asChunks() {
  const chunk = (delta, finish_reason) => ({
    id: '1', object: 'chat.completion.chunk', created: 1, model: 'fake', choices: [{ index: 0, delta, finish_reason }],
  });
  return [chunk({ role: 'assistant', content: 'done' }, null), chunk({}, 'stop')];
}

function asResponse() {
  const item = { type: 'message', id: 'm1', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'done', annotations: [] }] };
  const usage = { input_tokens: 1, input_tokens_details: null, output_tokens: 1, output_tokens_details: null, total_tokens: 2 };
  return [
    { type: 'response.created', response: { id: 'r1' } },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { id: 'r1', output: [item], usage } },
  ];
}
