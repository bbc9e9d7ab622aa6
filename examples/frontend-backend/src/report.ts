import { formatMicroseconds, microsecondsSince } from "./format.js";

let steps = 0;

/** Prints the title of the next step. */
export function step(title: string): void {
  console.log(`\n${++steps}. ${title}`);
}

/** Does something, and prints what, how long it took and what came of it. */
export async function report<T>(what: string, act: () => Promise<T>, outcome: (result: T) => string): Promise<T> {
  const start = performance.now();
  const result = await act();
  const duration = formatMicroseconds(microsecondsSince(start));
  console.log(`   ${what.padEnd(26)} ${duration.padStart(7)}   ${outcome(result)}`);
  return result;
}
