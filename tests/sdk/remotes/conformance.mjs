// The features that the Rust SDK tries on `mcp-tether mock conformance`: above all its skills (SEP-2640).
export const conformance = {
  sessions: false,
  tools: ['test_simple_text', 'test_error_handling'],
  call: { tool: 'test_simple_text', args: {}, contains: 'simple text' },
  unknownTool: { name: 'no-such-tool' },
  prompt: { name: 'test_simple_prompt', args: {}, contains: 'prompt' },
  read: { uri: 'test://static-text', contains: 'static text' },
  skills: {
    uri: 'skill://test-skill/SKILL.md',
    folder: 'skill://test-skill/templates',
    children: 2,
  },
};
