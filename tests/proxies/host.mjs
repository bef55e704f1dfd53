// The host: the official TypeScript SDK, which starts the bridge with the flags of a case.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

/** Plays a host; returns a description of the failure, or nothing. `said` is the bridge's stderr. */
export async function converse(command, args, env) {
  const transport = new StdioClientTransport({ command, args, env, stderr: 'pipe' });
  const client = new Client({ name: 'proxy-suite', version: '1' });
  let said = '';
  transport.stderr?.on('data', (chunk) => { said += chunk; });
  try {
    await client.connect(transport, { timeout: 20_000 });
    const { tools } = await client.listTools();
    expect(tools.some(({ name }) => name === 'echo'), 'the tools are listed');
    const sum = await client.callTool({ name: 'add', arguments: { a: 19, b: 23 } });
    expect(JSON.stringify(sum).includes('42'), 'a call is answered');
    let progress = 0;
    const onprogress = () => { progress += 1; };
    await client.callTool({ name: 'slow', arguments: { ms: 300 } }, undefined, { onprogress, timeout: 20_000 });
    expect(progress > 0, 'progress comes over an event stream');
    const big = await client.callTool({ name: 'big', arguments: { bytes: 5_000_000 } });
    expect(JSON.stringify(big).length >= 5_000_000, '5 MB come back');
    return { said };
  } catch (error) {
    return { said, error: `${error.message} ${JSON.stringify(error.data ?? '')}` };
  } finally {
    await client.close().catch(() => {});
  }
}

function expect(holds, what) {
  if (!holds) throw new Error(`not so: ${what}`);
}
