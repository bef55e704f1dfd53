// Chromium at the consent page of the mock `pelcro`: a person sees who asks, picks an account, and
// what the host then sees is of that account.
import path from 'node:path';

import { equal, includes, truth } from '../expect.mjs';
import { said, startMock } from '../mock.mjs';
import { STEP, launched, looksOf, readable } from './browser.mjs';

const ACCOUNTS = ['The Daily Meridian', 'Harbor & Pine', 'Northwind Research'];

export function consentPage(screenshots) {
  return [
    {
      name: 'chromium: the consent page of the mock lets a person pick an account',
      act: (make) => picked(make, screenshots),
    },
    {
      name: 'chromium: who denies at the consent page of the mock gives nothing',
      act: (make) => denied(make),
    },
  ];
}

async function picked(make, screenshots) {
  const approve = async (page, endpoint) => {
    includes('the page', await page.innerText('h1'), 'use your account?');
    includes('the page', await page.innerText('main'), endpoint);
    includes('the page', await page.innerText('small'), '/oauth/callback');
    const labels = await page.locator('fieldset label').allInnerTexts();
    equal('accounts', labels.map((label) => label.trim()), ACCOUNTS);
    truth('no account is picked', await page.getByLabel(ACCOUNTS[0]).isChecked());
    readable(await looksOf(page, path.join(screenshots, 'consent')));
    truth('the page holds a script', !/<script|\son\w+=|javascript:/i.test(await page.content()));
    await page.getByLabel(ACCOUNTS[1]).check();
    await page.click('text=Approve');
  };
  await atConsent(make, approve, async ({ world, host, endpoint }) => {
    await host.initialize();
    await world.until('a page is opened', () => world.tally.openings >= 1);
    const { page, complaints } = await world.visits[0];
    includes('the last page', page, 'Signed in');
    equal('complaints of the browser', complaints, []);
    await world.until('the tools are there', async () =>
      (await host.toolNames()).includes('get_account'),
    );
    const account = JSON.parse(await host.call('get_account'));
    equal('the account', account.company, ACCOUNTS[1]);
    truth('status does not show it', await isSignedIn(world, endpoint));
    equal('pages that were opened', world.tally.openings, 1);
  });
}

async function denied(make) {
  const deny = (page) => page.click('text=Deny');
  await atConsent(make, deny, async ({ world, host, endpoint }) => {
    await host.initialize().catch(() => {});
    await world.until('a page is opened', () => world.tally.openings >= 1);
    const { page } = await world.visits[0];
    includes('the last page', page, 'denied');
    includes('the last page', page, 'mcp-tether login');
    truth('status shows it', !(await isSignedIn(world, endpoint)));
  });
}

async function isSignedIn(world, endpoint) {
  const shown = (await world.run('status')).stdout;
  return shown.split(/^(?:registered|remembered)/m)[0].includes(endpoint);
}

/** A bridge to the mock, and a person who does `decide` at its page. */
async function atConsent(make, decide, act) {
  const chrome = await launched();
  let mock;
  try {
    let endpoint;
    const person = (url) => visit(chrome, url, (page) => decide(page, endpoint));
    const world = await make({ person });
    mock = startMock(world, 'pelcro');
    [endpoint] = await said(mock, /^listening on (\S+)/);
    const host = world.hostAt(endpoint);
    await act({ world, host, endpoint });
    await host.close();
  } finally {
    await chrome.close();
    mock?.kill();
  }
}

async function visit(chrome, url, decide) {
  const page = await chrome.newPage({ viewport: { width: 900, height: 700 } });
  page.setDefaultTimeout(STEP);
  const complaints = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  const { origin } = new URL(url);
  const last = page.waitForResponse((response) => new URL(response.url()).origin !== origin);
  await Promise.all([last, decide(page)]);
  await page.waitForLoadState('load');
  const own = complaints.filter((text) => !text.includes('favicon'));
  return { page: await page.innerText('body'), complaints: own };
}
