import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { SocketAddress } from "../../address/index.js";
import { clearTimeout, setTimeout } from "../../time/real-timers.js";

/**
 * Waits until the file at an address changes or appears, or until a time has passed; rejects at once if the signal is
 * aborted. It watches the folder, so that code that waits for a server is woken when its socket appears. An abstract
 * name cannot be watched, so the time has to pass.
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
      // If the folder does not exist, or the system has no more watches, the time has to pass.
    }
  });
}
