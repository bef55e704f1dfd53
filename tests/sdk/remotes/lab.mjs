// The features that a host can try on `mcp-tether mock lab`.
import { TEXT } from './text.mjs';

export const lab = {
  sessions: true,
  standaloneStream: true,
  tools: ['echo', 'add', 'slow', 'fail', 'big', 'ask_user', 'ask_model', 'ask_roots', 'log', 'touch'],
  call: { tool: 'add', args: { a: 9007199254740990, b: 1 }, contains: '9007199254740991' },
  // Its echo gives the arguments back as they came, so there is no prefix.
  unicode: { tool: 'echo', argument: 'text', value: TEXT },
  bigNumber: { tool: 'echo', argument: 'n' },
  toolFailure: { tool: 'fail', args: { message: 'no good' }, mentions: 'no good' },
  unknownTool: { name: 'no-such-tool', mentions: 'no-such-tool' },
  prompts: ['hello', 'compare'],
  prompt: { name: 'compare', args: { first: 'Zoë' }, contains: 'Zoë' },
  resources: ['lab://greeting', 'lab://watched'],
  read: { uri: 'lab://greeting', contains: 'welcome to the lab' },
  templates: ['lab://substances/{name}'],
  completion: {
    ref: { type: 'ref/prompt', name: 'compare' },
    argument: { name: 'first', value: 'a' },
    values: ['acetone', 'ammonia', 'argon'],
  },
  progress: { tool: 'slow', args: { ms: 200 }, steps: 10, text: '{"ms":200}' },
  // It tells its first step after a tenth of the time.
  cancellation: { tool: 'slow', args: { ms: 10_000 } },
  sampling: { tool: 'ask_model', args: { prompt: 'say it' } },
  elicitation: { tool: 'ask_user', args: {}, content: { answer: 'Zoë' } },
  roots: { tool: 'ask_roots', args: {} },
  subscription: { uri: 'lab://watched', trigger: { tool: 'touch', args: {} } },
  logging: {
    trigger: { tool: 'log', args: { level: 'warning', message: 'careful, 世界' } },
    mentions: 'careful, 世界',
  },
  listChanged: {
    trigger: { tool: 'add_tool', args: { name: 'UNIQUE' } },
    notification: 'notifications/tools/list_changed',
    appears: { list: 'tools', key: 'name', value: 'UNIQUE' },
    after: { tool: 'remove_tool', args: { name: 'UNIQUE' } },
  },
  parallel: { tool: 'echo', argument: 'text' },
  large: {
    tool: 'big',
    argument: 'bytes',
    sends: 'size',
    pattern: '0123456789abcdef',
    size: 5_000_000,
    prefix: '',
  },
};
