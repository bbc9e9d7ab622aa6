// Lets @vyra/http2 and @vyra/ipc follow fake timers, in our own tests of their time limits. Both packages keep the
// timers that they find when they are loaded, so a test imports this file before them. The timers that they then find
// call the global ones each time.
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
