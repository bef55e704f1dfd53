// Lets the host programs import the packages that run.sh installed outside of this folder.
// Used as `node --import ./packages_from_cache.mjs`.
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';

const installed = pathToFileURL(`${process.env.MCP_TETHER_SUITE}/package.json`).href;
const own = new URL('.', import.meta.url).href;
const hook = `
  export function resolve(specifier, context, next) {
    const bare = !/^(node:|[./]|[a-z]+:)/.test(specifier);
    const ours = context.parentURL?.startsWith(${JSON.stringify(own)});
    return next(specifier, bare && ours ? { ...context, parentURL: ${JSON.stringify(installed)} } : context);
  }
`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
