import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";

/**
 * Time limits that a test can let pass. @vyra/ipc keeps the timers that it finds when it is loaded, so this module has to be imported
 * before it.
 */
const pending = new Map<NodeJS.Timeout, { readonly ms: number; readonly expire: () => void }>();

const { setTimeout: start, clearTimeout: stop } = timers;

timers.setTimeout = Object.assign((callback: () => void, ms = 0) => {
  const expire = () => {
    pending.delete(timer);
    callback();
  };
  const timer = start(expire, ms);
  pending.set(timer, { ms, expire });
  return timer;
}, start);
timers.clearTimeout = (timer) => {
  pending.delete(timer as NodeJS.Timeout);
  stop(timer);
};
syncBuiltinESMExports();

/** Lets the time limits under way pass that are `atMostMs` or less. */
export function expireTimers(atMostMs: number): void {
  for (const [timer, { ms, expire }] of pending) {
    if (ms <= atMostMs) {
      stop(timer);
      expire();
    }
  }
}
