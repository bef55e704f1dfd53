// The Worker: the library's one-Worker shape, with a page that asks once and a remote with one tool.
import { WorkerEntrypoint } from 'cloudflare:workers';

import { OAuthProvider } from './oauth-provider.js';

/** A server of MCP in one function: nothing but `echo`, without sessions. */
function answerTo({ method, params }) {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'cloudflare', version: '1.0.0' },
      };
    case 'tools/list':
      return { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] };
    case 'tools/call':
      return { content: [{ type: 'text', text: params.arguments.text }] };
    case 'ping':
      return {};
  }
}

export class Remote extends WorkerEntrypoint {
  async fetch(request) {
    if (request.method !== 'POST') return new Response(null, { status: 405 });
    const message = await request.json();
    if (message.id === undefined) return new Response(null, { status: 202 });
    const result = answerTo(message);
    const error = { code: -32601, message: 'there is no such method' };
    const rest = result ? { result } : { error };
    return Response.json({ jsonrpc: '2.0', id: message.id, ...rest });
  }
}

const pages = {
  async fetch(request, env) {
    const oauth = env.OAUTH_PROVIDER;
    if (new URL(request.url).pathname !== '/authorize') return new Response(null, { status: 404 });
    const asked = await oauth.parseAuthRequest(request);
    if (request.method === 'GET') {
      const form = '<form method="post"><button name="decision" value="approve">Allow</button></form>';
      return new Response(form, { headers: { 'content-type': 'text/html' } });
    }
    const { redirectTo } = await oauth.completeAuthorization({
      request: asked,
      userId: 'sara',
      metadata: {},
      scope: asked.scope,
      props: {},
    });
    return Response.redirect(redirectTo, 302);
  },
};

let provider;

export default {
  // The origin is known when the socket is.
  fetch(request, env, context) {
    provider ??= new OAuthProvider({
      apiRoute: '/mcp',
      apiHandler: Remote,
      defaultHandler: pages,
      authorizeEndpoint: '/authorize',
      tokenEndpoint: '/token',
      clientRegistrationEndpoint: '/register',
      scopesSupported: ['mcp:tools', 'offline_access'],
      requiredScopes: ['mcp:tools'],
      resourceMetadata: { resource: `${env.ORIGIN}/mcp`, authorization_servers: [env.ORIGIN] },
    });
    return provider.fetch(request, env, context);
  },
};
