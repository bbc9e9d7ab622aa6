import { CallScope } from "./call-scope.js";
import { logToStderr } from "./log-to-stderr.js";
import { guarded } from "./thrown.js";

type Listener = Parameters<AbortSignal["addEventListener"]>[1];
type AddOptions = Parameters<AbortSignal["addEventListener"]>[2];
type RemoveOptions = Parameters<AbortSignal["removeEventListener"]>[2];

/** Writes what a listener of a client's call has thrown to standard error. */
export function logListenerError(error: unknown): void {
  logToStderr("a listener of a call's signal failed", error);
}

/**
 * Creates a controller whose signal can be handed to users' code. Each of its listeners runs in the async context in
 * which it was added. What a listener throws, or what its promise is rejected with, is passed to `onThrow`. Node.js
 * would end the process for it, here at a moment that the peer chooses: its deadline.
 */
export function guardedController(onThrow: (error: unknown) => void): AbortController {
  const controller = new AbortController();
  const { signal } = controller;
  // These methods are taken from the signal itself, since jsdom replaces the global EventTarget with one that rejects
  // signals of Node.js.
  const { addEventListener: add, removeEventListener: remove } = signal;
  /** The wrapped listeners by the original ones, so that adding a listener twice counts once, and removing it works. */
  let added: Map<unknown, (event: Event) => void> | undefined;
  signal.addEventListener = (type: string, listener: Listener, options?: AddOptions) => {
    if (typeof listener !== "function" && typeof listener?.handleEvent !== "function") {
      add.call(signal, type, listener, options); // throws the appropriate error
      return;
    }
    added ??= new Map();
    let inScope = added.get(listener);
    if (inScope === undefined) {
      const scope = new CallScope();
      inScope = (event) =>
        guarded(
          () =>
            typeof listener === "function"
              ? scope.runInAsyncScope(listener, signal, event)
              : scope.runInAsyncScope(listener.handleEvent, listener, event),
          onThrow,
        );
      added.set(listener, inScope);
    }
    add.call(signal, type, inScope, options);
  };
  signal.removeEventListener = (type: string, listener: Listener, options?: RemoveOptions) => {
    remove.call(signal, type, added?.get(listener) ?? listener, options);
    added?.delete(listener);
  };
  return controller;
}
