// Calls while sinon fakes all that Node's own streams can do without.
import assert from "node:assert/strict";
import * as connect from "@connectrpc/connect";
import * as ipc from "@vyra/ipc";
import * as health from "@vyra/ipc/health";
import * as proto from "@vyra/ipc/proto";
import * as telemetry from "@vyra/ipc/telemetry";
import { expect } from "expect";
import sinon from "sinon";
import { everything } from "./everything.cjs";

const clock = sinon.useFakeTimers({
  toFake: [
    ...["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate"],
    ...["Date", "performance", "hrtime", "queueMicrotask"],
  ],
});
await everything({ ipc, proto, health, telemetry, connect }, expect);
assert.equal(clock.now, 0, "nobody has moved the clock");
clock.restore();
