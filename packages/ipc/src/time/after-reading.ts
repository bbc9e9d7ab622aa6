import { clearTimeout, maxTimerMs, setImmediate, setTimeout } from "./real-timers.js";

/**
 * Calls back after `ms` milliseconds, unless cancelled, for limiting how long a peer may be silent. If this process was
 * busy meanwhile, data of the peer may be waiting to be read; they are read first. The timer does not keep the process
 * alive. More than `maxTimerMs` means never.
 *
 * @returns a function that cancels the timer
 */
export function afterReading(ms: number, callback: () => void): () => void {
  if (ms > maxTimerMs) {
    return () => {};
  }
  let isTakenBack = false;
  const timer = setTimeout(() => setImmediate(() => isTakenBack || callback()), ms).unref();
  return () => {
    isTakenBack = true;
    clearTimeout(timer);
  };
}
