// The mock of the program under test, as a process of its own.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Starts it with a product. */
export function startMock(world, product) {
  const [command, ...first] = world.bridge;
  return spawn(command, [...first, 'mock', product], { env: world.env });
}

/** Waits until the first lines of the mock match all patterns; returns the first group of each. */
export async function said(mock, ...patterns) {
  const found = patterns.map(() => undefined);
  for await (const line of createInterface({ input: mock.stdout })) {
    patterns.forEach((pattern, index) => (found[index] ??= line.match(pattern)?.[1]));
    if (!found.includes(undefined)) return found;
  }
  throw new Error('the mock ended before it said where it is');
}
