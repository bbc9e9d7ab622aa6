// What the run scripts of the suites share: options on the command line, the elapsed time, and the summary at the end.
const startedAt = Date.now();

/** How long the suite has run, in seconds, with one digit after the point. */
export function seconds(): string {
  return ((Date.now() - startedAt) / 1000).toFixed(1);
}

/**
 * Returns the members of `all` that an option lists, separated by commas; all of them if the option is not given.
 * Throws if a name is unknown.
 */
export function chosen<K extends string, T extends Readonly<Record<K, string>>>(
  names: readonly string[] | undefined,
  all: readonly T[],
  key: K,
): readonly T[] {
  if (names === undefined) {
    return all;
  }
  return names
    .flatMap((list) => list.split(","))
    .flatMap((name) => {
      const some = all.filter((one) => one[key] === name);
      if (some.length === 0) {
        throw new Error(`there is no ${name}: choose of ${[...new Set(all.map((one) => one[key]))].join(", ")}`);
      }
      return some;
    });
}

/** Prints the summary at the end of a suite, and makes the process exit with 1 if anything failed. */
export function finish(passed: number, failed: number): void {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

/** Returns the message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
