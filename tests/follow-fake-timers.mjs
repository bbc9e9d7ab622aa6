// Has @vyra/http2 and @vyra/ipc follow fake timers, for tests of ours that let their time limits pass. Both keep the timers that they find
// when they are loaded, so a test imports this before them; what they find then asks the global ones at each call.
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";

const real = performance.now.bind(performance);

for (const name of ["setTimeout", "clearTimeout", "setInterval", "clearInterval"]) {
  timers[name] = (...args) => globalThis[name](...args);
}
performance.now = function followed() {
  return performance.now === followed ? real() : performance.now();
};
syncBuiltinESMExports();
