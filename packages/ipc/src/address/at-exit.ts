/**
 * The functions to call when the process ends without having closed its servers: process.exit() and an uncaught
 * exception run no signal handlers, but they emit "exit". All share one listener, since Node.js warns about more than
 * ten.
 */
const cleanups = new Set<() => void>();

/**
 * Registers a synchronous function that is called when the process ends.
 *
 * @returns a function that removes it, and returns false if it had been removed before
 */
export function atExit(cleanup: () => void): () => boolean {
  if (cleanups.size === 0) {
    process.on("exit", cleanUpAtExit);
  }
  cleanups.add(cleanup);
  return () => {
    const wasRegistered = cleanups.delete(cleanup);
    if (cleanups.size === 0) {
      process.off("exit", cleanUpAtExit);
    }
    return wasRegistered;
  };
}

/** Calls all registered functions now, for a process that is about to end without "exit". */
export function cleanUpAtExit(): void {
  for (const cleanup of [...cleanups]) {
    cleanup();
  }
}
