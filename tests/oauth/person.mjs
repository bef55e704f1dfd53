// The person in front of the browser, without a browser: follows redirects, fills in the forms of
// oidc-provider's pages, and ends on a page without a form.

const STEPS = 20;
const RELOAD_AFTER = 100;

/** Goes through everything and says yes. Gives the last page: address, status, headers and text. */
export function consent(url) {
  return walk(url, (page) => submit(page));
}

/** The same with a browser that loads a page again whose server was not there, as Chromium does. */
export function consentReloading(isOver) {
  return (url) => walk(url, (page) => submit(page), isOver);
}

/** Signs in, and leaves by `[ Cancel ]` when asked for consent. */
export function deny(url) {
  return walk(url, (page) => {
    const [, cancel] = page.text.match(/href="([^"]+\/abort)"/) ?? [];
    const asksConsent = page.text.includes('value="consent"');
    return asksConsent && cancel ? { url: new URL(plain(cancel), page.url).href } : submit(page);
  });
}

async function walk(start, decide, isOver = () => true) {
  const cookies = new Map();
  let next = { url: start };
  for (let step = 0; step < STEPS; step++) {
    const page = await reloading(() => visit(next, cookies), isOver);
    const location = page.headers.get('location');
    if (page.status >= 300 && page.status < 400 && location) {
      next = { url: new URL(location, page.url).href };
      continue;
    }
    const decided = page.text.includes('<form') ? decide(page) : undefined;
    if (!decided) return page;
    next = decided;
  }
  throw new Error(`still not at the end after ${STEPS} pages: ${next.url}`);
}

async function reloading(load, isOver) {
  for (;;) {
    try {
      return await load();
    } catch (error) {
      if (isOver()) throw error;
      await new Promise((resolve) => setTimeout(resolve, RELOAD_AFTER));
    }
  }
}

async function visit({ url, form }, cookies) {
  const { origin } = new URL(url);
  const jar = cookies.get(origin) ?? new Map();
  cookies.set(origin, jar);
  const response = await fetch(url, {
    method: form ? 'POST' : 'GET',
    body: form,
    redirect: 'manual',
    headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
  });
  for (const line of response.headers.getSetCookie()) {
    const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
    if (value === '') jar.delete(name);
    else jar.set(name, value);
  }
  const { status, headers } = response;
  return { url, status, headers, text: await response.text() };
}

/** The page's form as a person sends it. */
function submit(page) {
  const [, action] = page.text.match(/<form[^>]*\baction="([^"]*)"/);
  const form = new URLSearchParams();
  for (const [input] of page.text.matchAll(/<input[^>]*>/g)) {
    const name = attribute(input, 'name');
    const typed = { login: 'alice', password: 'anything' }[name];
    if (name) form.set(name, typed ?? attribute(input, 'value') ?? '');
  }
  return { url: new URL(plain(action), page.url).href, form };
}

function attribute(tag, name) {
  const [, value] = tag.match(new RegExp(`\\b${name}="([^"]*)"`)) ?? [];
  return value === undefined ? undefined : plain(value);
}

function plain(text) {
  return text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
}
