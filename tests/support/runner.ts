// What the run scripts of the suites have in common: choices on the command line, the time so far, the count at the
// end.
const startedAt = Date.now();

/** How long the suite has run, in seconds, with one digit after the point. */
export function seconds(): string {
  return ((Date.now() - startedAt) / 1000).toFixed(1);
}

/**
 * Those of `all` that an option names, in lists with commas; all if the option is not given. Throws where a name is
 * unknown.
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

/** Prints the count by which a suite ends, and has the process fail if anything failed. */
export function finish(passed: number, failed: number): void {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
