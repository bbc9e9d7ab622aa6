// Lets @vyra/http2 and @vyra/ipc follow fake timers, for the tests of their own timeouts. Both packages keep the timer
// functions that they find when they are loaded, so a test imports this file before them. It replaces the timer
// functions by ones that look up the global ones at each call.
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";

const real = performance.now.bind(performance);

timers.setTimeout = ((...args: Parameters<typeof setTimeout>) => setTimeout(...args)) as typeof setTimeout;
timers.setInterval = ((...args: Parameters<typeof setInterval>) => setInterval(...args)) as typeof setInterval;
timers.clearTimeout = (timer) => clearTimeout(timer);
timers.clearInterval = (timer) => clearInterval(timer);
performance.now = function followed() {
  return performance.now === followed ? real() : performance.now();
};
syncBuiltinESMExports();
