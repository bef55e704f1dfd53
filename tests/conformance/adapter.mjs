// Streamable HTTP in front of a bridge that speaks stdio, so that the suite's server scenarios judge
// what the bridge tells a host. Thin: it carries messages and knows no method but those that open
// and close something. A host with a session has a bridge of its own; hosts of 2026-07-28 have none,
// so they share one, and their ids are made unique on the way.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
const VERSION = 'io.modelcontextprotocol/protocolVersion';
/** The status that goes with an error in 2026-07-28. */
const STATUS = { [-32601]: 404, [-32020]: 400, [-32021]: 400, [-32022]: 400, [-32602]: 400 };

/** Serves on a free port; gives the URL and what ends everything. */
export async function adapter(command, env) {
  const sessions = new Map();
  let shared;
  const server = createServer(async (request, response) => {
    try {
      const id = request.headers['mcp-session-id'];
      if (request.method === 'POST') await post(request, response, id);
      else if (id === undefined || !sessions.has(id)) response.writeHead(id ? 404 : 405).end();
      else if (request.method === 'GET') sessions.get(id).listen(response);
      else {
        sessions.get(id).stop();
        sessions.delete(id);
        response.writeHead(200).end();
      }
    } catch (error) {
      response.writeHead(500, { 'content-type': 'text/plain' }).end(String(error));
    }
  });
  async function post(request, response, id) {
    const message = JSON.parse(await text(request));
    const version = message.params?._meta?.[VERSION];
    const stated = request.headers['mcp-protocol-version'];
    if (version !== undefined && stated !== version) {
      // Headers are HTTP's, so this is not for the bridge to see.
      const error = { code: -32020, message: 'the header says another revision' };
      const answer = { jsonrpc: '2.0', id: message.id, error };
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    } else if (message.method === 'initialize' && version === undefined) {
      const session = randomUUID();
      sessions.set(session, new Pipe(command, env));
      response.setHeader('mcp-session-id', session);
      sessions.get(session).take(message, response, false);
    } else if (id === undefined) {
      shared ??= new Pipe(command, env);
      shared.take(message, response, true);
    } else if (sessions.has(id)) sessions.get(id).take(message, response, false);
    else response.writeHead(404).end();
  }
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/mcp`,
    stop() {
      for (const pipe of [...sessions.values(), ...(shared ? [shared] : [])]) pipe.stop();
      server.closeAllConnections();
      server.close();
    },
  };
}

async function text(request) {
  let body = '';
  for await (const piece of request) body += piece;
  return body;
}

/** One bridge, and the HTTP answers that wait for it. */
class Pipe {
  #child;
  #open = new Map();
  #standalone;
  #lastId = 0;

  constructor([program, ...args], env) {
    this.#child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
    const lines = createInterface({ input: this.#child.stdout });
    lines.on('line', (line) => this.#told(JSON.parse(line)));
    this.#child.once('close', () => {
      for (const { response } of this.#open.values()) response.destroy();
    });
  }

  stop() {
    this.#child.stdin.end();
    this.#child.kill();
  }

  /** A message of the host; `modern` when it stands alone. */
  take(message, response, modern) {
    const isRequest = message.method !== undefined && message.id !== undefined;
    if (!isRequest) {
      this.#write(message);
      response.writeHead(202).end();
      return;
    }
    const id = `a${(this.#lastId += 1)}`;
    const token = message.params?._meta?.progressToken;
    this.#open.set(id, { theirs: message.id, response, modern, token });
    response.on('close', () => {
      // In 2026-07-28 a closed stream is a cancellation; elsewhere it means nothing.
      if (this.#open.delete(id) && modern) {
        const params = { requestId: id };
        this.#write({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
      }
    });
    this.#write({ ...message, id });
  }

  /** The stream of what belongs to no request. */
  listen(response) {
    begin(response);
    response.flushHeaders();
    this.#standalone = response;
  }

  #write(message) {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** A message of the bridge. */
  #told(message) {
    if (message.method === undefined) return this.#answered(message);
    const subscription = message.params?._meta?.[SUBSCRIPTION];
    const own = this.#open.get(subscription);
    if (own !== undefined) message.params._meta[SUBSCRIPTION] = own.theirs;
    const { response } = own ?? this.#owner(message) ?? { response: this.#standalone };
    if (response === undefined) return;
    begin(response);
    response.write(event(message));
  }

  #answered(message) {
    const asked = this.#open.get(message.id);
    if (asked === undefined) return;
    this.#open.delete(message.id);
    const { response, theirs, modern } = asked;
    const meta = message.result?._meta;
    if (meta?.[SUBSCRIPTION] === message.id) meta[SUBSCRIPTION] = theirs;
    const answer = { ...message, id: theirs };
    if (response.headersSent) return response.end(event(answer));
    const status = (modern && STATUS[message.error?.code]) || 200;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  /** The request that a message belongs to: by its token, else the last one that is open. */
  #owner(message) {
    const open = [...this.#open.values()];
    const token = message.params?.progressToken;
    if (token !== undefined) return open.find((asked) => asked.token === token);
    return open.at(-1);
  }
}

function begin(response) {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
}

function event(message) {
  return `event: message\ndata: ${JSON.stringify(message)}\n\n`;
}
