// Stands where the bridge looks for the desktop's browser: writes down what it is asked to open, and agrees
// to the consent page as a person would. `browser.mjs FILE URL`.
import { appendFileSync } from 'node:fs';

const [file, url] = process.argv.slice(2);
appendFileSync(file, `${url}\n`);
const page = await fetch(url);
const html = await page.text();
const action = html.match(/<form method="post" action="([^"]*)"/)?.[1];
if (action) {
  const fields = new URLSearchParams({ decision: 'approve' });
  for (const [input] of html.matchAll(/<input [^>]*>/g)) {
    const of = (name) => input.match(new RegExp(`${name}="([^"]*)"`))?.[1];
    if (of('type') === 'hidden' || / checked/.test(input)) fields.set(of('name'), of('value'));
  }
  await fetch(new URL(action.replaceAll('&amp;', '&'), page.url), { method: 'POST', body: fields });
}
