import { setMaxListeners } from "node:events";

const shared = new WeakSet<AbortSignal>();

/**
 * Declares that many may listen to a signal. Each call does until it is over, so eleven calls at once with one signal
 * are not a leak that Node.js should warn about (MaxListenersExceededWarning). Other implementations of signals, such
 * as jsdom's, do not need it.
 */
export function allowManyListeners(signal: AbortSignal): void {
  if (shared.has(signal)) {
    return;
  }
  try {
    shared.add(signal);
    setMaxListeners(0, signal);
  } catch {
    // It is not a signal of Node.js, or not a signal at all; adding a listener will show which.
  }
}
