import { AsyncResource } from "node:async_hooks";

/**
 * Where users' code runs, as `AsyncLocalStorage` sees it. One connection carries the calls of many, and what Node.js calls for it runs
 * in the context of whoever made the connection; so what one handler enters by `enterWith()` would be seen by the handlers of
 * others, and what a caller gave us would be called in the context of another. Whatever of users' code is called on behalf of a call is
 * called in that call's scope.
 *
 * A scope is an `AsyncResource`, which takes some 30 ns to make and to enter on all versions of Node.js: less than to find out whether
 * a context is in use. One scope must not serve two calls: before Node.js 24 it is the resource itself that `enterWith()` changes.
 */
export class CallScope extends AsyncResource {
  /** Keeps the present context, and whatever is entered within. */
  constructor() {
    super("VyraCall");
  }
}

/** Runs what belongs to no call, though a call has caused it: a connection or a timer that others will use as well. */
export function outsideOfCalls<T>(run: () => T): T {
  return outside.runInAsyncScope(run);
}

const outside = new CallScope();
