// Reports from a host program to the suite: one JSON line on stdout per feature.

export const pair = JSON.parse(process.env.MCP_TETHER_PAIR);

/** How long one feature may take before it counts as hanging. */
const FEATURE_WITHIN = 20_000;

export function tell(feature, ok, detail) {
  process.stdout.write(JSON.stringify({ feature, ok, detail }) + '\n');
}

/** Runs one feature and tells its outcome; resolves to whether it held. */
export async function check(feature, body) {
  const started = performance.now();
  try {
    await limited(body(), `${feature}: nothing within ${FEATURE_WITHIN} ms`);
    tell(feature, true, `${Math.round(performance.now() - started)} ms`);
    return true;
  } catch (error) {
    tell(feature, false, error?.message ?? String(error));
    return false;
  }
}

function limited(promise, why) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(why)), FEATURE_WITHIN);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Waits until something holds that another party brings about; bounded. */
export async function until(what, holds, limit = 10_000) {
  const deadline = performance.now() + limit;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export function expect(holds, what, seen) {
  if (holds) return;
  const shown = typeof seen === 'string' ? seen : JSON.stringify(seen);
  throw new Error(`${what}; saw ${shown?.slice(0, 300)}`);
}

/** The recorder knows when the remote's own stream is open; what it says before is lost. */
export async function standaloneStream() {
  const answer = await fetch(`${pair.control}/standalone`);
  expect((await answer.text()) === 'true', 'the standalone stream was never opened', 'no GET 200');
}
