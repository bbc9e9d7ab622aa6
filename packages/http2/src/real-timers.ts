import * as perfHooks from "node:perf_hooks";
import * as timers from "node:timers";

/** The longest delay that the timers of Node.js accept, in milliseconds: about 24 days. */
export const maxTimerMs = 2 ** 31 - 1;

/**
 * The timers of Node.js itself, as they were when this module was loaded. Test frameworks replace the global ones with
 * fakes that wait for the test to advance a clock (`mock.timers` of node:test, jest, vitest, sinon), and jsdom replaces
 * them with functions that return numbers. Bytes on a socket do not wait for such a clock, so the timers that watch
 * over them must not either. The linter forbids the global timers in this package; @vyra/ipc has the same file.
 *
 * They are taken from Node's modules rather than from the globals, which may have been replaced before this module was
 * loaded.
 */
export const setTimeout = atMost24Days(timers.setTimeout);
export const clearTimeout: typeof globalThis.clearTimeout = timers.clearTimeout;
export const setInterval = atMost24Days(timers.setInterval);
export const clearInterval: typeof globalThis.clearInterval = timers.clearInterval;
export const setImmediate: typeof globalThis.setImmediate = timers.setImmediate;

/** A monotonic clock, in milliseconds. */
export const performance = { now: perfHooks.performance.now.bind(perfHooks.performance) };

/**
 * `process.nextTick`. Under jest the original cannot be reached, so a fake, which is recognised by its property
 * `clock`, is replaced with a microtask.
 */
export const nextTick: <A extends unknown[]>(callback: (...args: A) => void, ...args: A) => void =
  "clock" in process.nextTick
    ? (callback, ...args) => void Promise.resolve().then(() => callback(...args))
    : process.nextTick;

/** Limits the delay of a timer function to {@link maxTimerMs}: Node.js replaces a longer delay with 1 ms. */
function atMost24Days(start: (callback: () => void, ms: number) => NodeJS.Timeout) {
  return (callback: () => void, ms: number): NodeJS.Timeout => start(callback, Math.min(ms, maxTimerMs));
}
