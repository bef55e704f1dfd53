// The features that a host can try on `python_remote.py`, in each of its four modes.

import { TEXT } from './text.mjs';

/** @param {{stateless: boolean, json: boolean}} mode the flags it was started with */
export function python({ stateless, json }) {
  return {
    sessions: !stateless,
    standaloneStream: !stateless,
    tools: ['echo', 'number', 'count', 'wait', 'sample', 'ask', 'roots', 'touch', 'log', 'grow'],
    call: { tool: 'number', args: { n: 9007199254740991 }, contains: '"9007199254740991"' },
    unicode: { tool: 'echo', argument: 'text', value: TEXT, prefix: '' },
    bigNumber: { tool: 'number', argument: 'n' },
    toolFailure: { tool: 'fail', args: {}, mentions: 'this tool always fails' },
    unknownTool: { name: 'no-such-tool', mentions: 'no-such-tool' },
    prompts: ['greet'],
    prompt: { name: 'greet', args: { name: 'Zoë' }, contains: 'Zoë' },
    resources: ['lab://greeting'],
    read: { uri: 'lab://greeting', contains: 'Grüße, 世界 👋' },
    templates: ['lab://square/{n}'],
    completion: {
      ref: { type: 'ref/prompt', name: 'greet' },
      argument: { name: 'name', value: 'A' },
      values: ['Ada', 'Alan'],
    },
    parallel: { tool: 'echo', argument: 'text', prefix: '' },
    large: {
      tool: 'large',
      argument: 'size',
      sends: 'size',
      pattern: '0123456789',
      size: 5_000_000,
      prefix: '',
    },
    cancellation: {
      tool: 'wait',
      args: { token: 'UNIQUE' },
      fate: { tool: 'fate', args: { token: 'UNIQUE' } },
      // Without a session the remote has nothing that ties the notification to the call.
      reaches: !stateless,
    },
    // A stateless remote that answers with plain JSON has no stream to say anything on.
    ...(!(stateless && json) && {
      progress: { tool: 'count', args: { steps: 5 }, steps: 5, text: '5 steps' },
    }),
    ...(stateless ? {} : whatNeedsASession),
  };
}

/** The features that a host can try on `python_2_remote.py --modern`, which speaks 2026-07-28 alone. */
export function pythonModern() {
  const { sessions, standaloneStream, tools, completion, ...rest } = python({ stateless: true, json: false });
  return {
    ...rest,
    modern: true,
    // Neither SDK shows the host what went wrong within a tool.
    toolFailure: { tool: 'fail', args: {}, mentions: 'fail' },
    sessions: false,
    standaloneStream: false,
    tools: ['echo', 'number', 'large', 'fail', 'count', 'wait', 'fate'],
    cancellation: { ...rest.cancellation, reaches: true },
  };
}

const whatNeedsASession = {
  sampling: { tool: 'sample', args: { prompt: 'say it' } },
  elicitation: { tool: 'ask', args: {}, content: { name: 'Zoë' } },
  roots: { tool: 'roots', args: {} },
  subscription: {
    uri: 'lab://greeting',
    trigger: { tool: 'touch', args: { uri: 'lab://greeting' } },
  },
  logging: {
    trigger: { tool: 'log', args: { level: 'warning', text: 'careful, 世界' } },
    mentions: 'debug: careful, 世界',
  },
  listChanged: {
    trigger: { tool: 'grow', args: { name: 'UNIQUE' } },
    notification: 'notifications/tools/list_changed',
    appears: { list: 'tools', key: 'name', value: 'UNIQUE' },
  },
};
