// The actions of the host in each scenario of the suite, and the flags a user would have given the
// bridge for it. A scenario without an entry gets the default play: list the tools, call each.
import { createHash } from 'node:crypto';

const CIMD = 'https://conformance-test.local/client-metadata.json';

/** Flags of the bridge for a scenario whose user brings something along; `keep` puts a text into a file. */
export function flagsFor(scenario, context, keep) {
  const { client_id, client_secret, private_key_pem, signing_algorithm } = context;
  switch (scenario) {
    case 'auth/basic-cimd':
      return ['--client-metadata-url', CIMD];
    case 'auth/pre-registration':
      return ['--static-oauth-client-info', JSON.stringify({ client_id, client_secret })];
    case 'auth/client-credentials-basic':
      return [
        '--client-credentials',
        '--static-oauth-client-info',
        JSON.stringify({ client_id, client_secret }),
      ];
    case 'auth/client-credentials-jwt':
      return [
        '--client-credentials',
        '--static-oauth-client-info',
        JSON.stringify({ client_id, private_key_pem, signing_algorithm }),
      ];
    // The suite's identity provider has no page to sign in at: the ID token is there already.
    case 'auth/enterprise-managed-authorization':
      return [
        ...['--idp', context.idp_issuer],
        ...['--idp-client-info', JSON.stringify({ client_id: context.idp_client_id })],
        ...['--idp-token-file', keep('id-token', context.idp_id_token)],
        ...['--static-oauth-client-info', JSON.stringify({ client_id, client_secret })],
      ];
    case 'auth/wif-jwt-bearer':
      return [
        ...['--workload-token', keep('workload-token', context.valid_jwt)],
        ...['--static-oauth-client-info', JSON.stringify({ client_id })],
      ];
    // Their remotes answer `initialize` too, and judge every request by the rules of 2026-07-28: a user
    // of a legacy host who wants these has to say so.
    case 'request-metadata':
    case 'http-standard-headers':
    case 'http-custom-headers':
    case 'http-invalid-tool-headers':
      return ['--protocol', 'modern'];
    default:
      return [];
  }
}

export const plays = {
  async default(talk) {
    for (const tool of await talk.tools()) await talk.call(tool.name);
  },

  // Its remote advertises no tools; the list must still come back, and be empty.
  async initialize(talk) {
    expectEqual('tools', await talk.tools(), []);
  },

  async 'request-metadata'(talk) {
    await talk.tools();
  },

  async tools_call(talk) {
    expectEqual('tools', named(await talk.tools()), ['add_numbers']);
    const { content } = await talk.call('add_numbers', { a: 5, b: 3 });
    expectEqual('content', content, [{ type: 'text', text: 'The sum of 5 and 3 is 8' }]);
  },

  async 'elicitation-sep1034-client-defaults'(talk) {
    await talk.tools();
    const { content } = await talk.call('test_client_elicitation_defaults');
    const filled = { name: 'John Doe', age: 30, score: 95.5, status: 'active', verified: true };
    expectEqual('content', content[0].text, `Elicitation completed: ${JSON.stringify(filled)}`);
  },

  // The remote closes the stream of the call; the answer comes on the one opened after `retry`.
  async 'sse-retry'(talk) {
    await talk.tools();
    const { content } = await talk.call('test_reconnection');
    expectEqual('content', content[0].text, 'Reconnection test completed successfully');
  },

  async 'json-schema-ref-no-deref'(talk) {
    const [tool] = await talk.tools();
    if (!tool.inputSchema.properties.profile.$ref.includes('/canary/')) throw new Error('no $ref');
  },

  async 'json-schema-2020-12-preservation'(talk) {
    const tools = await talk.tools();
    const focal = tools.find(({ name }) => name === 'json_schema_2020_12_tool');
    await talk.call('json_schema_echo', { schema: focal.inputSchema });
  },

  async 'http-standard-headers'(talk) {
    for (const { name } of await talk.tools()) await talk.call(name);
    for (const { uri } of await talk.all('resources/list', 'resources')) {
      await talk.request('resources/read', { uri });
    }
    for (const { name } of await talk.all('prompts/list', 'prompts')) {
      await talk.request('prompts/get', { name });
    }
  },

  async 'http-custom-headers'(talk, { context }) {
    await talk.tools();
    for (const { name, arguments: args } of context.toolCalls) await talk.call(name, args);
  },

  // Tools with an illegal annotation must not even reach the host.
  async 'http-invalid-tool-headers'(talk) {
    expectEqual('tools', named(await talk.tools()), ['valid_tool']);
    await talk.call('valid_tool', { region: 'eu' });
  },

  async 'sep-2322-client-request-state'(talk) {
    await talk.tools();
    const [echoed, unrelated] = await Promise.all([
      talk.call('test_mrtr_echo_state'),
      talk.call('test_mrtr_unrelated'),
    ]);
    expectEqual('echoed', echoed.content[0].text, 'echo-state-ok');
    expectEqual('unrelated', unrelated.content[0].text, 'unrelated-ok');
    const stateless = await talk.call('test_mrtr_no_state');
    expectEqual('stateless', stateless.content[0].text, 'no-state-ok');
    const plain = await talk.call('test_mrtr_no_result_type');
    expectEqual('plain', plain.content[0].text, 'no-result-type-test-ok');
  },

  // The skills extension binds the host; the bridge only has to carry a method it does not know.
  async 'sep-2640-client-no-prefetch'(talk) {
    await talk.request('skills/list');
  },
  'sep-2640-client-verify-digest': loadSkill,
  'sep-2640-client-verify-size': loadSkill,
  'sep-2640-client-verify-frontmatter': loadSkill,
};

async function loadSkill(talk) {
  const [skill] = (await talk.request('skills/list')).skills;
  for (const { uri, digest, size } of skill.resources) {
    const { text } = (await talk.request('resources/read', { uri })).contents[0];
    const seen = `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
    if (seen !== digest || Buffer.byteLength(text) !== size) return;
    if (uri === skill.uri && !carriesFrontmatter(text, skill.frontmatter)) return;
  }
  throw new Error('a skill that was tampered with was loaded');
}

function carriesFrontmatter(text, frontmatter) {
  const head = text.split('---\n')[1].split('\n');
  return Object.entries(frontmatter).every(([key, value]) => head.includes(`${key}: ${value}`));
}

function named(tools) {
  return tools.map(({ name }) => name);
}

function expectEqual(what, seen, wanted) {
  if (JSON.stringify(seen) !== JSON.stringify(wanted)) {
    throw new Error(`${what}: ${JSON.stringify(seen)}, wanted ${JSON.stringify(wanted)}`);
  }
}
