import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { SocketAddress } from "../../address/index.js";
import { clearTimeout, setTimeout } from "../../time/real-timers.js";

/**
 * Waits until something happens to the file at an address, or a while has passed; at once if the signal is aborted. The folder is
 * watched, so whoever waits for a server is woken when its socket appears. An abstract name cannot be watched.
 */
export function untilAppears(address: SocketAddress, atMostMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
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
    if (address.kind === "abstract") {
      return;
    }
    const name = basename(address.path);
    try {
      const watcher = watch(dirname(address.path), (_, file) => {
        if (file === name) {
          settle(resolve);
        }
      });
      watcher.on("error", () => {});
      stopWatching = () => watcher.close();
    } catch {
      // The folder is not there yet, or the system has no more watches: then the time has to pass.
    }
  });
}
