import { CallScope } from "./call-scope.js";
import { guarded } from "./thrown.js";

type Listener = Parameters<AbortSignal["addEventListener"]>[1];
type AddOptions = Parameters<AbortSignal["addEventListener"]>[2];
type RemoveOptions = Parameters<AbortSignal["removeEventListener"]>[2];

/**
 * A controller for a signal that is handed to users' code. Each listener of it runs in the async context in which it was added, as if
 * the call had it awaited, and what it throws is reported, as is what its promise is rejected with. Node.js lets that end the
 * process, here at a moment that the peer chooses: its deadline.
 */
export function guardedController(onThrow: (error: unknown) => void): AbortController {
  const controller = new AbortController();
  const { signal } = controller;
  // Its own: jsdom puts another EventTarget in the place of the global one, to which a signal of Node.js is none.
  const { addEventListener: add, removeEventListener: remove } = signal;
  /** By the listener as it was given, so that adding it twice counts once, and it can be removed. */
  let added: Map<unknown, (event: Event) => void> | undefined;
  signal.addEventListener = (type: string, listener: Listener, options?: AddOptions) => {
    if (typeof listener !== "function" && typeof listener?.handleEvent !== "function") {
      add.call(signal, type, listener, options); // which says what is wrong with it
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
