import { setMaxListeners } from "node:events";

const shared = new WeakSet<AbortSignal>();

/**
 * Says of a signal that many may listen to it: each call does until it is over, so that eleven calls at once with one signal are no leak
 * for Node.js to warn of (MaxListenersExceededWarning). Signals of another make, such as jsdom's, need no such thing.
 */
export function allowManyListeners(signal: AbortSignal): void {
  if (shared.has(signal)) {
    return;
  }
  try {
    shared.add(signal);
    setMaxListeners(0, signal);
  } catch {
    // Not one of Node.js', or no signal at all: who listens to it finds out.
  }
}
