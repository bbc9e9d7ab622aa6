/**
 * What is left to do when the process ends without having closed its servers: process.exit() and an uncaught exception
 * run no handler of a signal, but they do run this. One listener for all, since Node.js warns about more than ten.
 */
const duties = new Set<() => void>();

/**
 * Has `duty` done, synchronously, when the process ends.
 *
 * @returns a function that takes it back, and tells whether there was anything to take back.
 */
export function atExit(duty: () => void): () => boolean {
  if (duties.size === 0) {
    process.on("exit", doAtExit);
  }
  duties.add(duty);
  return () => {
    const wasThere = duties.delete(duty);
    if (duties.size === 0) {
      process.off("exit", doAtExit);
    }
    return wasThere;
  };
}

/** Does what is left to do now, since the process is about to end without "exit". */
export function doAtExit(): void {
  for (const duty of [...duties]) {
    duty();
  }
}
