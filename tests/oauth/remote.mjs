// The remote: an MCP server made with the official SDK behind its own bearer check, which accepts what
// the authorization server signed for it. Writes down every request.
import http from 'node:http';
import { randomUUID } from 'node:crypto';

import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import {
  getOAuthProtectedResourceMetadataUrl,
  mcpAuthMetadataRouter,
} from '@modelcontextprotocol/sdk/server/auth/router.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js';
import express from 'express';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as z from 'zod/v4';

export class Remote {
  /** Every request to the endpoint: method, what it says, status, whether it carried a token. */
  requests = [];
  #app;
  #sessions = new Map();
  #refused = new Set();
  #seen = new Set();

  /** Takes a port. The authorization server has to know the address. */
  static async start() {
    const remote = new Remote();
    remote.#app = express();
    remote.listener = http.createServer(remote.#app);
    await new Promise((resolve) => remote.listener.listen(0, '127.0.0.1', resolve));
    remote.url = `http://127.0.0.1:${remote.listener.address().port}/mcp`;
    return remote;
  }

  /** Joins the authorization server, which must answer by now. */
  async join(issuer) {
    const resource = new URL(this.url);
    const answer = await fetch(`${issuer}/.well-known/oauth-authorization-server`);
    this.issuer = issuer;
    this.forgetKeys();
    this.#app.use(express.json());
    this.#app.use((request, response, next) => this.#note(request, response, next));
    this.#app.use(
      mcpAuthMetadataRouter({
        oauthMetadata: await answer.json(),
        resourceServerUrl: resource,
        scopesSupported: ['mcp:tools', 'mcp:resources'],
        resourceName: 'real parts',
      }),
    );
    const bearer = requireBearerAuth({
      verifier: { verifyAccessToken: (token) => this.#verify(token) },
      requiredScopes: ['mcp:tools'],
      expectedResource: resource,
      resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resource),
    });
    this.#app.all('/mcp', bearer, (request, response) => this.#handle(request, response));
  }

  /** The authorization server has other keys now. */
  forgetKeys() {
    this.keys = createRemoteJWKSet(new URL(`${this.issuer}/jwks`), { cooldownDuration: 0 });
  }

  /** From now on no token that was shown so far is accepted. */
  refuseAllShown() {
    for (const token of this.#seen) this.#refused.add(token);
  }

  stop() {
    this.listener.close();
    this.listener.closeAllConnections();
  }

  #note(request, response, next) {
    const entry = {
      request: `${request.method} ${request.path}`,
      says: request.body?.method,
      signedIn: request.headers.authorization !== undefined,
    };
    this.requests.push(entry);
    response.once('finish', () => (entry.status = response.statusCode));
    next();
  }

  async #verify(token) {
    this.#seen.add(token);
    if (this.#refused.has(token)) throw new InvalidTokenError('the token was revoked');
    const checks = { issuer: this.issuer, audience: this.url };
    const { payload } = await jwtVerify(token, this.keys, checks).catch((error) => {
      throw new InvalidTokenError(error.message);
    });
    return {
      token,
      clientId: payload.client_id,
      scopes: (payload.scope ?? '').split(' '),
      expiresAt: payload.exp,
      resource: new URL(payload.aud),
      extra: { subject: payload.sub },
    };
  }

  async #handle(request, response) {
    const session = request.headers['mcp-session-id'];
    const known = session && this.#sessions.get(session);
    if (known) return known.handleRequest(request, response, request.body);
    if (session) return response.status(404).json(refusal(-32001, 'Session not found'));
    if (!isInitializeRequest(request.body)) {
      return response.status(400).json(refusal(-32000, 'Bad Request: no session'));
    }
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => this.#sessions.set(id, transport),
    });
    transport.onclose = () => this.#sessions.delete(transport.sessionId);
    await tools().connect(transport);
    await transport.handleRequest(request, response, request.body);
  }
}

function tools() {
  const server = new McpServer({ name: 'real-parts', version: '1.0.0' });
  const text = (value) => ({ content: [{ type: 'text', text: String(value) }] });
  server.registerTool(
    'echo',
    { description: 'Gives back what it was given', inputSchema: { text: z.string() } },
    async ({ text: given }) => text(given),
  );
  server.registerTool(
    'whoami',
    { description: 'Says whose token it was called with', inputSchema: {} },
    async (_, { authInfo }) => text(authInfo.extra.subject),
  );
  return server;
}

function refusal(code, message) {
  return { jsonrpc: '2.0', error: { code, message }, id: null };
}
