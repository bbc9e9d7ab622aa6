import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import { clearTimeout, setTimeout } from "../../time/real-timers.js";

/**
 * Waits until something happens to the file at a path, or a while has passed; at once if the signal is aborted. The folder is
 * watched, so whoever waits for a server is woken when its socket appears.
 */
export function untilAppears(path: string, atMostMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const name = basename(path);
    let stopWatching = () => {};
    const settle = (outcome: () => void) => {
      clearTimeout(timer);
      stopWatching();
      signal.removeEventListener("abort", onAbort);
      outcome();
    };
    const onAbort = () => settle(() => reject(signal.reason));
    const timer = setTimeout(() => settle(resolve), atMostMs);
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener("abort", onAbort);
    try {
      const watcher = watch(dirname(path), (_, file) => {
        if (file === name) {
          settle(resolve);
        }
      });
      watcher.on("error", () => {});
      stopWatching = () => watcher.close();
    } catch {
      // No such folder yet, an abstract name, or no more watches to be had: then the time has to pass.
    }
  });
}
