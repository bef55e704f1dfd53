// Assertions of the cases, with messages that show the actual values.

export function equal(what, found, wanted) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`);
}

export function truth(what, holds) {
  if (!holds) throw new Error(what);
}

export function includes(what, text, part) {
  if (!text.includes(part)) throw new Error(`${what} does not say \`${part}\`: ${short(text)}`);
}

/** Demands these numbers of `world.tally`; counted from `since` if that is given. */
export function tally(what, world, wanted, since) {
  const found = { ...world.tally };
  for (const key of Object.keys(found)) {
    if (wanted[key] === undefined) delete found[key];
    else found[key] -= since?.[key] ?? 0;
  }
  const order = Object.fromEntries(Object.keys(found).map((key) => [key, wanted[key]]));
  equal(what, found, order);
}

/** Demands that all of these worked; counts and tells the first that did not. */
export async function all(what, promises) {
  const settled = await Promise.allSettled(promises);
  const failed = settled.filter(({ status }) => status === 'rejected');
  if (failed.length > 0) {
    const [{ reason }] = failed;
    throw new Error(
      `${what}: ${failed.length} of ${settled.length} failed, first: ${reason.message}`,
    );
  }
  return settled.map(({ value }) => value);
}

export function short(text) {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
