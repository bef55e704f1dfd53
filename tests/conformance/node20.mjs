// The suite asks for Node 22 because one unused command of its own (a report) imports `fs.globSync`.
// On an older Node this loader hook adds that one name, so that the client scenarios run there too;
// nothing else of the suite is touched. Used as `node --import ./node20.mjs`.
import fs from 'node:fs';
import { register } from 'node:module';

if (!('globSync' in fs)) {
  const completed = `
    export * from 'node:fs';
    export { default } from 'node:fs';
    export function globSync() { throw new Error('fs.globSync needs Node 22'); }
  `;
  const hook = `
    export function resolve(specifier, context, next) {
      if (specifier !== 'fs' || !context.parentURL?.includes('/@modelcontextprotocol/conformance/')) {
        return next(specifier, context);
      }
      return { url: 'data:text/javascript,' + encodeURIComponent(${JSON.stringify(completed)}), shortCircuit: true };
    }
  `;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);
}
