import { setMaxListeners } from "node:events";
import { constants } from "node:os";

/** Aborted when the user presses Ctrl-C or the process is told to end, so that calls can be cancelled first. */
const controller = new AbortController();
let received: NodeJS.Signals | undefined;

export const interrupted: AbortSignal = controller.signal;
setMaxListeners(0, interrupted); // whatever waits for anything listens

/** Minds SIGINT, SIGTERM and SIGHUP. The first asks for an orderly end, the second ends the process at once. */
export function heedSignals(): void {
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

/** What a shell shows for a process that the signal ended: 130 after Ctrl-C. */
export function signalExitCode(): number {
  return 128 + constants.signals[received ?? "SIGINT"];
}

/** Waits for this time, or until the user wants to end, or the signal is aborted. */
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
