import assert from "node:assert/strict";
import { connect } from "node:net";
import { it } from "node:test";
import { Code } from "@connectrpc/connect";
import { resolveSocket } from "@vyra/ipc";
import { leaveNothingBehind } from "../support/clean.js";
import { describePairs, freshName, setUp } from "../support/engines.js";
import { all, failure, until } from "../support/expect.js";
import { envelope, rawRequest, rawSession } from "../support/raw.js";

leaveNothingBehind();

const hang = { hang: true };

describePairs("a cancelled call", (pair) => {
  it("fails with Canceled, and its handler is told", async () => {
    await using t = await setUp(pair);
    for (const start of [
      (signal: AbortSignal) => t.client.unary({ fault: hang }, { signal }),
      (signal: AbortSignal) => all(t.client.serverStream({ count: 1, fault: hang }, { signal })),
    ]) {
      const controller = new AbortController();
      const calls = t.echo.calls;
      const outcome = failure(start(controller.signal), Code.Canceled);
      await until(() => t.echo.calls > calls, "the handler has begun");
      const context = t.echo.last;
      controller.abort();
      await outcome;
      await until(() => context?.signal.aborted === true, "the handler's signal");
    }
    assert.deepEqual(t.reported, [], "a handler that ends as told is no surprise");
  });

  it("fails at once if it was cancelled before it began", async () => {
    await using t = await setUp(pair);
    await failure(t.client.unary({}, { signal: AbortSignal.abort() }), Code.Canceled);
    assert.equal(t.echo.calls, 0);
  });

  it("does not disturb the others", async () => {
    await using t = await setUp(pair);
    const controller = new AbortController();
    const cancelled = Array.from({ length: 50 }, () =>
      failure(t.client.unary({ fault: hang }, { signal: controller.signal }), Code.Canceled),
    );
    const others = Array.from({ length: 50 }, (_, i) => t.client.unary({ text: String(i), delayMs: 5 }));
    await until(() => t.echo.calls === 100, "all have begun");
    controller.abort();
    await Promise.all(cancelled);
    assert.deepEqual(
      (await Promise.all(others)).map((r) => r.text),
      Array.from({ length: 50 }, (_, i) => String(i)),
    );
  });

  it("by a client that vanishes in the middle of a stream ends its handler, and the server goes on", async () => {
    await using t = await setUp(pair, { socket: freshName() });
    const { path } = resolveSocket(t.server.address);
    const socket = connect({ path });
    const session = rawSession(path, socket);
    const vanished = rawRequest(session, { ":path": "/vyra.test.EchoService/BidiStream" }, envelope(new Uint8Array()), {
      end: false,
    });
    await until(() => t.echo.calls === 1, "the handler has begun");
    const context = t.echo.last;
    socket.destroy();
    await until(() => context?.signal.aborted === true, "the handler's signal");
    await vanished;
    assert.equal((await t.client.unary({ text: "next" })).text, "next");
    assert.deepEqual(t.reported, []);
  });
});
