import * as connect from "@connectrpc/connect";
import * as ipc from "@vyra/ipc";
import * as health from "@vyra/ipc/health";
import * as proto from "@vyra/ipc/proto";
import * as telemetry from "@vyra/ipc/telemetry";
import { afterEach, expect, test, vi } from "vitest";
import { everything } from "./everything.cjs";

const packages = { ipc, proto, health, telemetry, connect };

afterEach(() => vi.useRealTimers());

test("calls are made", () => everything(packages, expect));

test("calls are made under fake timers", () => {
  vi.useFakeTimers();
  return everything(packages, expect);
});

test("calls are made under fake timers, all that vitest can fake in a child process", () => {
  vi.useFakeTimers({
    toFake: [
      ...["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate"],
      ...["Date", "performance", "hrtime", "queueMicrotask"],
    ],
  });
  return everything(packages, expect);
});
