/**
 * The action of a command, whose code is loaded when it is run: help and complaints need nothing of it, and a command nothing of the
 * others.
 */
export function lazily<A extends unknown[]>(
  load: () => Promise<(...args: A) => Promise<void>>,
): (...args: A) => Promise<void> {
  return async (...args) => (await load())(...args);
}
