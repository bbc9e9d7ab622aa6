import { LongTimer } from "./long-timer.js";

/** Waits for this time, or rejects with the signal's reason as soon as it is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const timer = new LongTimer(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    function stop(): void {
      timer.stop();
      reject(signal.reason);
    }
    signal.addEventListener("abort", stop, { once: true });
  });
}
