// Chromium at the mock's own page: a shop's owner makes tokens, revokes them, changes the password.
import path from 'node:path';

import { equal, includes, truth } from '../expect.mjs';
import { said, startMock } from '../mock.mjs';
import { STEP, launched, looksOf, readable } from './browser.mjs';

const PASSWORD = 'mock-password';

export function tokenPage(screenshots) {
  return [
    {
      name: 'chromium: the token page of the mock makes tokens and revokes them',
      act: (make) => tokens(make, screenshots),
    },
  ];
}

async function tokens(make, screenshots) {
  const world = await make();
  const mock = startMock(world, 'launchmystore');
  const chrome = await launched();
  try {
    const [endpoint, address] = await said(mock, /^listening on (\S+)/, /^sign in at\s+(\S+)/);
    const page = await chrome.newPage({ viewport: { width: 900, height: 1000 } });
    page.setDefaultTimeout(STEP);
    const complaints = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(address);
    readable(await looksOf(page, path.join(screenshots, 'token-page-sign-in')));
    await signIn(page, PASSWORD);

    await page.fill('input[name=label]', '<b>laptop</b>');
    await page.selectOption('form[action$="/tokens"] select', 'manager');
    await page.click('text=Generate token');
    const token = await page.innerText('#token');
    truth(`\`${token}\` is no token`, /^lms_[\w-]{40,}$/.test(token));
    readable(await looksOf(page, path.join(screenshots, 'token-page')));
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.click('text=Copy token');
    await page.waitForSelector('text=Copied');
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    equal('what was copied', copied, token);
    equal('bold labels', await page.locator('td b').count(), 0);
    includes('the table', await page.innerText('table'), '<b>laptop</b>');
    equal('with the new token', await knocks(endpoint, token), 200);
    await page.reload();
    equal('tokens shown again', await page.locator('#token').count(), 0);

    await page.click('tr:has-text("laptop") >> text=Revoke');
    includes('after revoking it', await page.innerText('.notice'), 'revoked');
    equal('with the revoked token', await knocks(endpoint, token), 401);

    equal('with the demo token', await knocks(endpoint, 'lms_demo_token'), 200);
    await page.fill('input[name=old]', PASSWORD);
    await page.fill('input[name=new]', 'a longer password');
    await page.click('button:has-text("Change password")');
    includes('after the change', await page.innerText('.notice'), 'The password was changed');
    equal('with a token of before', await knocks(endpoint, 'lms_demo_token'), 401);
    await page.click('text=Sign out');
    await signIn(page, 'a longer password');
    truth('a page without a new token holds a script', !/<script|\son\w+=|javascript:/i.test(await page.content()));
    const own = complaints.filter((text) => !text.includes('favicon'));
    equal('complaints of the browser', own, []);
  } finally {
    await chrome.close();
    mock.kill();
  }
}

async function signIn(page, password) {
  await page.fill('input[name=email]', 'owner@harborpine.example');
  await page.fill('input[name=password]', password);
  await page.click('button:has-text("Sign in")');
  await page.waitForSelector('text=Signed in as');
}

/** The status of an `initialize` with a token. */
async function knocks(endpoint, token) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-06-18',
        capabilities: {},
        clientInfo: { name: 'knock', version: '1' },
      },
    }),
  });
  return response.status;
}
