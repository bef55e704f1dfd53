// Measures start-up times and prints them: medians of several starts of each command in turn.
import { run } from './processes.mjs';

const STARTS = 7;

/** Prints the wall time of each command from its start to its end. */
export async function measure(label, commands) {
  const times = commands.map(() => []);
  for (let round = 0; round < STARTS; round += 1) {
    for (const [index, [, command, words, options]] of commands.entries()) {
      const started = performance.now();
      await run(command, words, options);
      times[index].push(performance.now() - started);
    }
  }
  for (const [index, [name]] of commands.entries()) {
    const median = times[index].sort((one, other) => one - other)[Math.floor(STARTS / 2)];
    console.log(`      ${label}: ${name}, start to end: ${median.toFixed(median < 10 ? 1 : 0)} ms`);
  }
}
