import { AsyncResource } from "node:async_hooks";

/**
 * The async context (`AsyncLocalStorage`) in which users' code of one call runs. A connection carries the calls of
 * many, and Node.js' callbacks for it run in the context of the code that created the connection. Without scopes,
 * handlers would see what another handler has entered by `enterWith()`, and a caller's callback would run in the
 * context of another caller. Therefore all users' code that is called on behalf of a call is called in that call's
 * scope.
 *
 * A scope is an `AsyncResource`, which takes some 30 ns to create and enter in all versions of Node.js: less than
 * finding out whether a context is in use. Two calls must not share a scope, since before Node.js 24 `enterWith()`
 * changes the resource itself.
 */
export class CallScope extends AsyncResource {
  /** Captures the current context, which includes what is entered within it later. */
  constructor() {
    super("VyraCall");
  }
}

/**
 * Runs code that belongs to no call although a call has caused it, such as creating a connection or a timer that other
 * calls will use as well.
 */
export function outsideOfCalls<T>(run: () => T): T {
  return outside.runInAsyncScope(run);
}

const outside = new CallScope();
