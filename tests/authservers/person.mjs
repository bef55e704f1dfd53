// The person in front of the browser, without a browser: follows redirects with cookies, and presses
// the button of a page that asks.
const STEPS = 20;

/** Goes through everything and says yes. Gives the last page: address, status and text. */
export async function consent(start) {
  const cookies = new Map();
  let next = { url: start };
  for (let step = 0; step < STEPS; step++) {
    const page = await visit(next, cookies);
    if (page.status >= 300 && page.status < 400 && page.location) {
      next = { url: new URL(page.location, page.url).href };
      continue;
    }
    const form = page.text.match(/<form[^>]*>[\s\S]*?<\/form>/)?.[0];
    if (!form) return page;
    next = pressed(form, page.url);
  }
  throw new Error(`still not at the end after ${STEPS} pages: ${next.url}`);
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
    jar.set(name, value);
  }
  const { status, headers } = response;
  return { url, status, location: headers.get('location'), text: await response.text() };
}

function pressed(form, at) {
  const attribute = (tag, name) => {
    const [, value] = tag.match(new RegExp(`\\b${name}="([^"]*)"`)) ?? [];
    return value?.replaceAll('&quot;', '"').replaceAll('&#x27;', "'").replaceAll('&amp;', '&');
  };
  const fields = new URLSearchParams();
  for (const [input] of form.matchAll(/<input[^>]*>/g)) {
    const name = attribute(input, 'name');
    // The fields to fill in: a name, a password.
    const typed = /type="(text|password)"/.test(input) ? 'sara' : '';
    if (name) fields.set(name, attribute(input, 'value') ?? typed);
  }
  // The first button is the one that agrees.
  const [button] = form.match(/<button[^>]*>/) ?? [];
  const name = button && attribute(button, 'name');
  if (name) fields.set(name, attribute(button, 'value') ?? '');
  const action = attribute(form.match(/<form[^>]*>/)[0], 'action') ?? '';
  return { url: new URL(action, at).href, form: fields };
}
