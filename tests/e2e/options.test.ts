import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { AddressError, createChannel, serve } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { createEcho } from "../support/echo.js";
import { freshName, serverEngines, setUp } from "../support/engines.js";
import { failure } from "../support/expect.js";

leaveNothingBehind();

describe("what cannot be meant", () => {
  const routes = () => {};
  for (const options of [
    ...[Number.NaN, -1, "5s", "5000"].map((graceMs) => ({ graceMs })),
    ...[Number.NaN, -1, 0, "5s"].map((maxTimeoutMs) => ({ maxTimeoutMs })),
    ...[Number.NaN, -1, 0, "5", 1.5].flatMap((bytes) => [{ readMaxBytes: bytes }, { writeMaxBytes: bytes }]),
    ...[Number.NaN, -1, "5", 1.5].map((compressMinBytes) => ({ compressMinBytes })),
    ...["600", 0o1777, Number.NaN].map((mode) => ({ mode })),
    ...[Number.NaN, -1, 0, "5"].map((requestTimeoutMs) => ({ requestTimeoutMs })),
    ...[Number.NaN, -1, "5", 1.5].map((maxWaitingBytes) => ({ maxWaitingBytes })),
    ...[-1, Number.NaN, "no-group-by-this-name"].map((group) => ({ group })),
  ]) {
    it(`is refused of a server: ${show(options)}`, () =>
      assert.rejects(serve({ socket: freshName(), routes, ...(options as object) }), RangeError));
  }

  for (const options of [
    { routes: undefined },
    { routes: {} },
    { authorize: ["root"] },
    { authorize: true },
    { onError: "console" },
    { interceptors: () => {} },
    { interceptors: [undefined] },
    { acceptCompression: "gzip" },
    { acceptCompression: ["gzip"] },
  ]) {
    it(`is refused of a server, by the option's name: ${show(options)}`, () =>
      assert.rejects(serve({ socket: freshName(), routes, ...(options as object) }), {
        name: "TypeError",
        message: new RegExp(`^${Object.keys(options)[0]} must be a`),
      }));
  }

  it("is shown as it was given", async () => {
    const refused = serve({ socket: freshName(), routes, graceMs: "10" as unknown as number });
    await assert.rejects(refused, { message: 'graceMs must be 0 or more, not "10"' });
  });

  for (const socket of ["", 5, null, undefined, {}, { fd: null }, { fd: 1.5 }, [], true]) {
    it(`is refused as a server's address: ${JSON.stringify(socket)}`, () =>
      assert.rejects(serve({ socket: socket as string, routes }), AddressError));
  }

  for (const options of [
    ...[Number.NaN, -1, "5s"].flatMap((ms) => [{ keepAliveIntervalMs: ms }, { keepAliveTimeoutMs: ms }]),
    ...[Number.NaN, -1, 0, "5"].flatMap((bytes) => [{ readMaxBytes: bytes }, { writeMaxBytes: bytes }]),
    ...[Number.NaN, -1, "5"].map((compressMinBytes) => ({ compressMinBytes })),
    { keepAliveTimeoutMs: 0 },
    ...["x", [5]].map((interceptors) => ({ interceptors })),
    { sendCompression: "gzip" },
    ...["gzip", ["gzip"]].map((acceptCompression) => ({ acceptCompression })),
    ...[5, null, { "greet.GreetService": "5" }].map((methodTimeoutMs) => ({ methodTimeoutMs })),
    ...["1001", [null], [Number.NaN], [-1]].map((trustedUsers) => ({ trustedUsers })),
  ]) {
    it(`is refused of a channel: ${show(options)}`, () => {
      assert.throws(() => createChannel("m", options as object), /must be/);
    });
  }

  it("is refused as a user to trust whom nobody knows", () => {
    const unknown = {
      name: "RangeError",
      message: 'there is no user "nobody-by-this-name" in /etc/passwd: use the numeric id',
    };
    for (const engine of ["direct", "node", "undici"] as const) {
      assert.throws(() => createChannel("m", { engine, trustedUsers: ["nobody-by-this-name"] }), unknown);
    }
  });

  it("is refused as a time to wait", async () => {
    const channel = createChannel("m");
    for (const timeoutMs of [Number.NaN, -1, "5s"]) {
      await assert.rejects(channel.ready({ timeoutMs: timeoutMs as number }), RangeError);
    }
    await assert.rejects(channel.ready({ timeoutMs: Number.NaN, healthy: true }), RangeError);
    await channel.close();
  });
});

describe("an option that is undefined or null", () => {
  for (const engine of serverEngines) {
    it(`of a server or a call is not set, engine ${engine}`, async () => {
      const options = { interceptors: null, acceptCompression: null, readMaxBytes: null } as object;
      await using t = await setUp({ client: "direct", server: engine }, options);
      assert.equal((await t.client.unary({ text: "a" })).text, "a");
      assert.equal((await t.client.unary({ text: "b" }, null as never)).text, "b");
    });

    it(`of a service leaves the server's, engine ${engine}`, async () => {
      let intercepted = 0;
      const unset = { interceptors: undefined, readMaxBytes: undefined, maxTimeoutMs: null } as object;
      await using t = await setUp(
        { client: "direct", server: engine },
        {
          interceptors: [
            (next) => (req) => {
              intercepted++;
              return next(req);
            },
          ],
          readMaxBytes: 1_000,
          maxTimeoutMs: 20_000,
          routes: (router) => router.service(EchoService, createEcho(), unset),
        },
      );
      const inTime = { timeoutMs: 15_000 };
      await t.client.unary({ text: "a" }, inTime);
      assert.equal(intercepted, 1);
      await failure(t.client.unary({ payload: new Uint8Array(2_000) }, inTime), Code.ResourceExhausted);
      await failure(t.client.unary({}, { timeoutMs: 30_000 }), Code.InvalidArgument);
    });
  }
});

function show(options: object): string {
  return Object.entries(options)
    .map(([name, value]) => `${name} ${typeof value === "number" ? value : JSON.stringify(value)}`)
    .join();
}
