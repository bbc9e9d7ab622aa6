import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TextMapPropagator } from "@opentelemetry/api";
import { type LogLevel, logging } from "@vyra/ipc";
import { telemetry } from "@vyra/ipc/telemetry";
import { leaveNothingBehind } from "../support/clean.js";
import { setUp } from "../support/engines.js";
import { all, iterate, until } from "../support/expect.js";
import { hostileThings } from "../support/hostile.js";

leaveNothingBehind();

const refuse = (): never => {
  throw hostileThings()["a proxy whose traps throw"];
};
const reject = async () => refuse();
const propagator: TextMapPropagator = { inject: refuse, extract: refuse, fields: () => [] };
const meterProvider = {
  getMeter: () => ({
    createCounter: () => ({ add() {} }),
    createHistogram: () => ({ record: refuse }),
  }),
} as never;

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];
const observers = {
  "a propagator of telemetry": telemetry({ propagator }),
  "an instrument of telemetry": telemetry({ meterProvider }),
  "a meter provider": telemetry({ meterProvider: { getMeter: refuse } }),
  "a logger": logging(Object.fromEntries(levels.map((level) => [level, refuse])) as never),
  "a logger's promise": logging(Object.fromEntries(levels.map((level) => [level, reject])) as never),
  "a logger's choice of level": logging(console, { level: refuse }),
};

for (const [name, interceptor] of Object.entries(observers)) {
  describe(`${name} that fails`, () => {
    it("fails no call on either side, and standard error says so", async (s) => {
      const lines = s.mock.method(console, "error", () => {});
      const pair = { client: "direct", server: "direct" } as const;
      await using t = await setUp(pair, { interceptors: [interceptor] }, { interceptors: [interceptor] });
      assert.equal((await t.client.unary({ text: "x" })).text, "x");
      assert.equal((await all(t.client.serverStream({ count: 3 }))).length, 3);
      assert.equal((await t.client.clientStream(iterate([{ text: "a" }, { text: "b" }]))).text, "ab");
      assert.equal((await all(t.client.bidiStream(iterate([{ text: "a" }])))).length, 1);
      await until(() => lines.mock.callCount() >= 8, "a line for each call on each side");
      assert.deepEqual(t.reported, []);
    });
  });
}
