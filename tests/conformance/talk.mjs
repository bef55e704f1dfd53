// The two ways a host talks: the handshake of the revisions up to 2025-11-25, and the
// self-contained requests of 2026-07-28. Both offer the same verbs to the plays.

const HOST_INFO = { name: 'mcp-tether-conformance-host', version: '1.0.0' };
const MODERN = '2026-07-28';
const NEWEST_LEGACY = '2025-11-25';

/** The host's answers to requests of the remote, by method. */
const answerers = {
  'elicitation/create': ({ requestedSchema }) => ({
    action: 'accept',
    content: defaultsOf(requestedSchema),
  }),
  'sampling/createMessage': () => ({
    role: 'assistant',
    model: 'none',
    content: { type: 'text', text: 'a sampled answer' },
  }),
  'roots/list': () => ({ roots: [] }),
};

class Talk {
  constructor(host) {
    this.host = host;
  }

  /** Follows every page of a list method and returns all members. */
  async all(method, member) {
    const found = [];
    let cursor;
    do {
      const page = await this.request(method, cursor === undefined ? undefined : { cursor });
      found.push(...page[member]);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return found;
  }

  tools() {
    return this.all('tools/list', 'tools');
  }

  call(name, args = {}) {
    return this.request('tools/call', { name, arguments: args });
  }
}

export class LegacyTalk extends Talk {
  static answerers = answerers;

  constructor(host, revision) {
    super(host);
    // A legacy host asks for the newest legacy revision even where the remote is modern.
    this.revision = revision === MODERN ? NEWEST_LEGACY : revision;
  }

  async open() {
    const result = await this.host.request('initialize', {
      protocolVersion: this.revision,
      capabilities: {
        roots: { listChanged: true },
        sampling: {},
        elicitation: { form: { applyDefaults: true } },
      },
      clientInfo: HOST_INFO,
    });
    if (typeof result.protocolVersion !== 'string') throw new Error('initialize: no version');
    this.capabilities = result.capabilities;
    this.host.notify('notifications/initialized');
  }

  request(method, params) {
    return this.host.request(method, params);
  }
}

export class ModernTalk extends Talk {
  static answerers = {};

  async open() {
    const result = await this.request('server/discover');
    if (!result.supportedVersions?.includes(MODERN)) throw new Error('discover: no version');
    this.capabilities = result.capabilities;
  }

  /** Sends the request again with the input asked for, as long as the remote asks for some. */
  async request(method, params = {}) {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': MODERN,
      'io.modelcontextprotocol/clientInfo': HOST_INFO,
      'io.modelcontextprotocol/clientCapabilities': { elicitation: {}, sampling: {}, roots: {} },
    };
    let result = await this.host.request(method, { ...params, _meta });
    for (let round = 0; result.resultType === 'input_required'; round++) {
      if (round === 5) throw new Error(`${method}: more than five rounds of input`);
      result = await this.host.request(method, { ...params, ...answersTo(result), _meta });
    }
    return result;
  }
}

function answersTo({ inputRequests, requestState }) {
  const asked = Object.entries(inputRequests ?? {});
  const inputResponses = Object.fromEntries(
    asked.map(([key, { method, params }]) => [key, answerers[method](params)]),
  );
  return { inputResponses, ...(requestState !== undefined && { requestState }) };
}

/** SEP-1034: a person who just presses OK accepts the defaults of the form. */
function defaultsOf(schema) {
  const fields = Object.entries(schema?.properties ?? {});
  const filled = fields.map(([name, field]) => [
    name,
    field.default ?? (field.type === 'boolean' ? true : undefined),
  ]);
  return Object.fromEntries(filled.filter(([, value]) => value !== undefined));
}
