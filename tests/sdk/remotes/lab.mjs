// What a host can try on `mcp-tether mock lab`.

export const lab = {
  sessions: true,
  standaloneStream: true,
  tools: [],
};
