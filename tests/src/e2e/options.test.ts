import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AddressError, createChannel, serve } from "@vyra/ipc";
import { leaveNothingBehind } from "../support/clean.js";
import { freshName } from "../support/engines.js";

leaveNothingBehind();

describe("what cannot be meant", () => {
  const routes = () => {};
  for (const options of [
    ...[Number.NaN, -1, "5s", "5000"].map((graceMs) => ({ graceMs })),
    ...[Number.NaN, -1, 0, "5s"].map((maxTimeoutMs) => ({ maxTimeoutMs })),
    ...[Number.NaN, -1, 0, "5", 1.5].flatMap((bytes) => [{ readMaxBytes: bytes }, { writeMaxBytes: bytes }]),
    ...[Number.NaN, -1, "5", 1.5].map((compressMinBytes) => ({ compressMinBytes })),
    ...["600", 0o1777, Number.NaN].map((mode) => ({ mode })),
    ...[-1, Number.NaN, "no-group-by-this-name"].map((group) => ({ group })),
  ]) {
    it(`is refused of a server: ${show(options)}`, () =>
      assert.rejects(serve({ socket: freshName(), routes, ...(options as object) }), RangeError));
  }

  for (const socket of ["", 5, null, undefined, {}, { fd: null }, { fd: 1.5 }, [], true]) {
    it(`is refused as a server's address: ${JSON.stringify(socket)}`, () =>
      assert.rejects(serve({ socket: socket as string, routes }), AddressError));
  }

  for (const options of [
    ...[Number.NaN, -1, "5s"].flatMap((ms) => [{ keepAliveIntervalMs: ms }, { keepAliveTimeoutMs: ms }]),
    ...[Number.NaN, -1, 0, "5"].flatMap((bytes) => [{ readMaxBytes: bytes }, { writeMaxBytes: bytes }]),
    ...[Number.NaN, -1, "5"].map((compressMinBytes) => ({ compressMinBytes })),
    ...["1001", ["bob"], [Number.NaN]].map((trustedUsers) => ({ trustedUsers })),
  ]) {
    it(`is refused of a channel: ${show(options)}`, () => {
      assert.throws(() => createChannel("m", options as object), /must be/);
    });
  }

  it("is refused as a time to wait", async () => {
    const channel = createChannel("m");
    for (const timeoutMs of [Number.NaN, -1, "5s"]) {
      await assert.rejects(channel.ready({ timeoutMs: timeoutMs as number }), RangeError);
    }
    await assert.rejects(channel.ready({ timeoutMs: Number.NaN, healthy: true }), RangeError);
    await channel.close();
  });
});

function show(options: object): string {
  return Object.entries(options)
    .map(([name, value]) => `${name} ${typeof value === "number" ? value : JSON.stringify(value)}`)
    .join();
}
