// The features that a host can try on `@modelcontextprotocol/server-everything`.

import { TEXT } from './text.mjs';

/** @param {{sessions: boolean}} mode whether it has sessions to end with DELETE */
export function everything({ sessions }) {
  return {
    sessions,
    standaloneStream: sessions,
    tools: ['echo', 'get-sum', 'get-tiny-image', 'trigger-long-running-operation'],
    call: {
      tool: 'get-sum',
      args: { a: 9007199254740990, b: 1 },
      contains: 'is 9007199254740991.',
    },
    unicode: { tool: 'echo', argument: 'message', value: TEXT, prefix: 'Echo: ' },
    unknownTool: { name: 'no-such-tool', mentions: 'no-such-tool' },
    prompts: ['simple-prompt', 'args-prompt'],
    prompt: { name: 'args-prompt', args: { city: 'Zürich' }, contains: 'Zürich' },
    resources: ['demo://resource/static/document/features.md'],
    read: { uri: 'demo://resource/dynamic/text/7', contains: 'Resource 7' },
    templates: ['demo://resource/dynamic/text/{resourceId}'],
    completion: {
      ref: { type: 'ref/prompt', name: 'completable-prompt' },
      argument: { name: 'department', value: 'S' },
      values: ['Sales', 'Support'],
    },
    progress: {
      tool: 'trigger-long-running-operation',
      args: { duration: 0.5, steps: 5 },
      steps: 5,
      text: 'Long running operation completed. Duration: 0.5 seconds, Steps: 5.',
    },
    cancellation: {
      tool: 'trigger-long-running-operation',
      args: { duration: 60, steps: 300 },
    },
    sampling: { tool: 'trigger-sampling-request', args: { prompt: 'say it' } },
    elicitation: {
      tool: 'trigger-elicitation-request',
      args: {},
      content: { name: 'Zoë', check: true },
    },
    roots: { tool: 'get-roots-list', args: {} },
    subscription: {
      uri: 'demo://resource/dynamic/text/1',
      trigger: { tool: 'toggle-subscriber-updates', args: {} },
      after: { tool: 'toggle-subscriber-updates', args: {} },
    },
    logging: {
      trigger: { tool: 'toggle-simulated-logging', args: {} },
      after: { tool: 'toggle-simulated-logging', args: {} },
      mentions: 'level',
    },
    listChanged: {
      trigger: {
        tool: 'gzip-file-as-resource',
        args: { name: 'UNIQUE', data: 'data:text/plain,hello', outputType: 'resourceLink' },
      },
      notification: 'notifications/resources/list_changed',
      appears: { list: 'resources', key: 'uri', value: 'demo://resource/session/UNIQUE' },
    },
    parallel: { tool: 'echo', argument: 'message', prefix: 'Echo: ' },
    // Its transport takes bodies up to 4 MB: the text goes there and comes back.
    large: {
      tool: 'echo',
      argument: 'message',
      sends: 'the text',
      pattern: '0123456789',
      size: 3_500_000,
      prefix: 'Echo: ',
    },
  };
}
