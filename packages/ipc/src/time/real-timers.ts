import * as perfHooks from "node:perf_hooks";
import * as timers from "node:timers";
import * as promises from "node:timers/promises";

/** The longest time that Node.js' timers take, in milliseconds: 24 days. */
export const maxTimerMs = 2 ** 31 - 1;

/**
 * The timers of Node.js itself, as they were when this module was loaded. Frameworks for tests replace the global ones by ones
 * that wait for the test to move a clock (`mock.timers` of node:test, jest, vitest, sinon), and jsdom by ones that return
 * numbers. The process at the other end of a socket does not follow such a clock, so neither calls nor their deadlines do:
 * see docs/guide/testing.md. The linter keeps the globals out of this package; @vyra/http2 has the same file.
 *
 * They are taken from Node's modules rather than from the globals, which may have been replaced before this module was loaded.
 */
export const setTimeout = atMost24Days(timers.setTimeout);
export const clearTimeout: typeof globalThis.clearTimeout = timers.clearTimeout;
export const setInterval = atMost24Days(timers.setInterval);
export const clearInterval: typeof globalThis.clearInterval = timers.clearInterval;
export const setImmediate: typeof globalThis.setImmediate = timers.setImmediate;

/** Resolves after `ms`, or in the next turn of the event loop. */
export const delay: typeof promises.setTimeout = promises.setTimeout;
export const nextTurn: typeof promises.setImmediate = promises.setImmediate;

/** Milliseconds by a clock that only goes on. */
export const performance = { now: perfHooks.performance.now.bind(perfHooks.performance) };

/** `queueMicrotask`, which Node.js has in no module: from one that is a fake already, known by its `clock`, nothing is taken. */
export const queueMicrotask: (callback: () => void) => void =
  "clock" in globalThis.queueMicrotask
    ? (callback) => void Promise.resolve().then(callback)
    : globalThis.queueMicrotask.bind(globalThis);

/** A timer that is meant to be longer would come at once: Node.js takes 1 ms for it. */
function atMost24Days(start: (callback: () => void, ms: number) => NodeJS.Timeout) {
  return (callback: () => void, ms: number): NodeJS.Timeout => start(callback, Math.min(ms, maxTimerMs));
}
