import * as perfHooks from "node:perf_hooks";
import * as timers from "node:timers";
import * as promises from "node:timers/promises";

/** The longest delay of Node.js' timers, in milliseconds: 24 days. */
export const maxTimerMs = 2 ** 31 - 1;

/**
 * Node.js' own timers, as they were when this module was loaded. Test frameworks replace the global ones with timers
 * that wait for the test to advance a clock (`mock.timers` of node:test, jest, vitest, sinon), and jsdom replaces them
 * with ones that return numbers. The process at the other end of a socket does not follow such a clock, so calls and
 * their deadlines must not either: see docs/guide/testing.md. The linter forbids the globals in this package;
 * @vyra/http2 has the same file.
 *
 * They are taken from Node's modules, since the globals may have been replaced before this module was loaded.
 */
export const setTimeout = atMost24Days(timers.setTimeout);
export const clearTimeout: typeof globalThis.clearTimeout = timers.clearTimeout;
export const setInterval = atMost24Days(timers.setInterval);
export const clearInterval: typeof globalThis.clearInterval = timers.clearInterval;
export const setImmediate: typeof globalThis.setImmediate = timers.setImmediate;

/** Resolves after `ms` milliseconds; `nextTurn` resolves in the next turn of the event loop. */
export const delay: typeof promises.setTimeout = promises.setTimeout;
export const nextTurn: typeof promises.setImmediate = promises.setImmediate;

/** A monotonic clock in milliseconds. */
export const performance = { now: perfHooks.performance.now.bind(perfHooks.performance) };

/**
 * `queueMicrotask`, which no module of Node.js exports. A fake one, recognized by its `clock` property, is not used.
 */
export const queueMicrotask: (callback: () => void) => void =
  "clock" in globalThis.queueMicrotask
    ? (callback) => void Promise.resolve().then(callback)
    : globalThis.queueMicrotask.bind(globalThis);

/** Limits the delay to `maxTimerMs`, since Node.js replaces longer ones with 1 ms. */
function atMost24Days(start: (callback: () => void, ms: number) => NodeJS.Timeout) {
  return (callback: () => void, ms: number): NodeJS.Timeout => start(callback, Math.min(ms, maxTimerMs));
}
