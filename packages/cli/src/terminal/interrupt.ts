import { setMaxListeners } from "node:events";
import { constants } from "node:os";

/**
 * This signal aborts when the user presses Ctrl-C or the process is told to end, so that open calls can be cancelled
 * first.
 */
const controller = new AbortController();
let received: NodeJS.Signals | undefined;

export const interrupted: AbortSignal = controller.signal;
setMaxListeners(0, interrupted); // anything that waits may listen

/** Handles SIGINT, SIGTERM and SIGHUP. The first signal ends the process in order, the second ends it at once. */
export function handleSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (received !== undefined) {
        process.exit(signalExitCode());
      }
      received = signal;
      controller.abort();
    });
  }
}

/** Returns the exit code that shells give to a process ended by the signal: 130 after Ctrl-C. */
export function signalExitCode(): number {
  return 128 + constants.signals[received ?? "SIGINT"];
}

/** Waits for this time, or until the user interrupts the process or the signal `stop` aborts. */
export function pause(ms: number, stop?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    interrupted.addEventListener("abort", done, { once: true });
    stop?.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      interrupted.removeEventListener("abort", done);
      stop?.removeEventListener("abort", done);
      resolve();
    }
  });
}
