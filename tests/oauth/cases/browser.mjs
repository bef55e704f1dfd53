// Chromium: the pages a person sees.
import { existsSync } from 'node:fs';
import path from 'node:path';

import { chromium } from 'playwright-core';

import { equal, includes, truth } from '../expect.mjs';
import { works } from './start.mjs';

const EXECUTABLE = process.env.CHROMIUM || '/usr/bin/chromium';
export const STEP = 20_000;

export function browser(screenshots) {
  return [
    {
      name: 'chromium: after consent the page says so, in light and dark',
      act: (make) => consented(make, screenshots),
    },
    {
      name: 'chromium: after a denial the page says so and what to do',
      act: (make) => denied(make, screenshots),
    },
  ];
}

async function consented(make, screenshots) {
  const { page, response } = await throughChromium(make, screenshots, 'signed-in', {
    consent: (page) => page.click('button[type=submit]'),
    host: (host) => works(host, 'from chromium'),
  });
  equal('status', response.status, 200);
  includes('the page', page.text, 'Signed in');
}

async function denied(make, screenshots) {
  const { page, response } = await throughChromium(make, screenshots, 'denied', {
    consent: (page) => page.click('a[href$="/abort"]'),
    host: (host) => host.initialize().catch(() => {}),
  });
  equal('status', response.status, 400);
  includes('the page', page.text, 'denied');
  includes('the page', page.text, 'mcp-tether login');
}

/** Signs in with a browser and judges the page at the end. */
async function throughChromium(make, screenshots, name, { consent, host: act }) {
  const chrome = await launched();
  try {
    const world = await make({ person: (url) => visit(chrome, url, consent, screenshots, name) });
    const host = world.host();
    await act(host);
    await world.until('a page is opened', () => world.tally.openings >= 1);
    const seen = await world.visits[0];
    judge(world, seen);
    await host.close();
    return seen;
  } finally {
    await chrome.close();
  }
}

/** A Chromium. */
export function launched() {
  truth(
    `there is no Chromium at ${EXECUTABLE}; \`--no-chromium\` leaves this out`,
    existsSync(EXECUTABLE),
  );
  return chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] });
}

async function visit(chrome, url, consent, screenshots, name) {
  const page = await chrome.newPage({ viewport: { width: 900, height: 600 } });
  page.setDefaultTimeout(STEP);
  const complaints = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  await page.fill('input[name=login]', 'alice');
  await page.fill('input[name=password]', 'anything');
  await page.click('button[type=submit]');
  await page.waitForSelector('input[name=prompt][value=consent]', { state: 'attached' });
  const { origin } = new URL(url);
  const last = page.waitForResponse((response) => new URL(response.url()).origin !== origin);
  complaints.length = 0;
  await consent(page);
  const response = await last;
  await page.waitForLoadState('load');
  const looks = await looksOf(page, path.join(screenshots, name));
  return {
    page: {
      text: await page.innerText('body'),
      html: await page.content(),
      title: await page.title(),
    },
    response: { status: response.status(), headers: response.headers() },
    looks,
    complaints,
  };
}

/** Takes a picture of a page in light and in dark. */
export async function looksOf(page, picture) {
  const looks = {};
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${picture}-${colorScheme}.png` });
    looks[colorScheme] = await page.evaluate(() => {
      const { color, backgroundColor, fontFamily } = getComputedStyle(document.body);
      return { color, backgroundColor, fontFamily };
    });
  }
  return looks;
}

/** Both looks are there, and both can be read. */
export function readable(looks) {
  truth(
    'both looks are the same: the style does not apply',
    looks.light.color !== looks.dark.color,
  );
  for (const [look, { color, backgroundColor }] of Object.entries(looks)) {
    const ratio = contrast(channels(color), channels(backgroundColor));
    truth(`${look}: ${color} on ${backgroundColor} is hard to read (${ratio})`, ratio >= 4.5);
  }
}

function judge(world, { page, response, looks, complaints }) {
  includes('the page', page.text, new URL(world.url).host);
  truth('the page has a title', page.title.length > 0);
  truth('the page holds a script', !/<script|\son\w+=|javascript:/i.test(page.html));
  truth('the page loads something', !/\b(src|href)=/i.test(page.html));
  includes('the policy', response.headers['content-security-policy'] ?? '', "default-src 'none'");
  equal('caching', response.headers['cache-control'], 'no-store');
  equal('type', response.headers['content-type'], 'text/html; charset=utf-8');
  readable(looks);
  const own = complaints.filter(
    (text) => !text.includes('400 (Bad Request)') && !text.includes('favicon'),
  );
  equal('complaints of the browser', own, []);
}

function channels(color) {
  return color
    .match(/[\d.]+/g)
    .slice(0, 3)
    .map(Number);
}

/** WCAG 2.2, contrast ratio. */
function contrast(first, second) {
  const [dark, light] = [luminance(first), luminance(second)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(rgb) {
  const [r, g, b] = rgb
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
