import { clearTimeout, maxTimerMs, setImmediate, setTimeout } from "./real-timers.js";

/**
 * Calls back when a peer's time is over, `ms` milliseconds from now. If this process was busy meanwhile, what the peer has said may lie
 * there unread: the turn in which it is read comes first. Does not hold the process. More than `maxTimerMs` is for ever.
 *
 * @returns a function that takes it back.
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
