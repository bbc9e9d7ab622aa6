import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { describePairs, freshName, pathOf, setUp } from "../support/engines.js";
import { all, failure, iterate, until } from "../support/expect.js";
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

  it("does not look to its handler as if the requests had come to an end", async () => {
    const ends: string[] = [];
    const drain = async (requests: AsyncIterable<unknown>, name: string) => {
      try {
        for await (const _ of requests) {
          ends.push(`${name} begun`);
        }
        ends.push(`${name} complete`);
      } catch {
        ends.push(`${name} broken off`);
      }
    };
    await using t = await setUp(pair, {
      routes: (router) => {
        router.rpc(EchoService.method.clientStream, async (requests) => {
          await drain(requests, "client");
          return {};
        });
        router.rpc(EchoService.method.bidiStream, async function* (requests) {
          await drain(requests, "bidi");
          yield {};
        });
      },
    });
    for (const [name, start] of [
      ["client", (signal: AbortSignal) => t.client.clientStream(endless(), { signal })],
      ["bidi", (signal: AbortSignal) => all(t.client.bidiStream(endless(), { signal }))],
    ] as const) {
      const controller = new AbortController();
      const outcome = failure(start(controller.signal), Code.Canceled);
      await until(() => ends.includes(`${name} begun`), "the handler has begun");
      controller.abort();
      await outcome;
      await until(() => ends.at(-1) !== `${name} begun`, "the handler has been told");
      // node:http2's client ends the request before it resets the stream. If the server reads the two separately, a
      // handler cannot distinguish the cancellation from a normal end.
      const possible = pair.client === "node" ? [`${name} complete`, `${name} broken off`] : [`${name} broken off`];
      assert(possible.includes(ends.at(-1) ?? ""), ends.at(-1));
    }
  });

  it("is given up in great numbers, and leaves nothing to wait for", async () => {
    await using t = await setUp(pair);
    const outcomes = new Set<string>();
    const one = async (i: number) => {
      const options = { signal: AbortSignal.timeout(i % 10) };
      const calls = [
        () => t.client.unary({ delayMs: i % 7 }, options),
        () => all(t.client.serverStream({ count: 5, delayMs: i % 4 }, options)),
        () => t.client.clientStream(iterate([{}, {}, {}]), options),
        () => all(t.client.bidiStream(iterate([{ delayMs: i % 3 }, {}, {}]), options)),
      ];
      const call = calls[i % calls.length] as () => Promise<unknown>;
      outcomes.add(
        await call().then(
          () => "answered",
          (error) => Code[ConnectError.from(error).code] as string,
        ),
      );
    };
    await Promise.all(Array.from({ length: 400 }, (_, i) => one(i)));
    for (const outcome of outcomes) {
      assert.ok(["answered", "Canceled", "DeadlineExceeded"].includes(outcome), outcome);
    }
    assert.equal((await t.client.unary({ text: "next" }, { timeoutMs: 30_000 })).text, "next");
  });

  it("by a client that vanishes in the middle of a stream ends its handler, and the server goes on", async () => {
    await using t = await setUp(pair, { socket: freshName() });
    const path = pathOf(t.server.address);
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

/** Yields requests until the stream is cancelled. */
async function* endless() {
  for (;;) {
    yield {};
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("a call whose interceptor throws before it has a promise to reject", () => {
  it("fails with what was thrown, and lets go of the caller's signal", async () => {
    const thrown = new Error("no way through");
    const interceptor = () => () => {
      throw thrown;
    };
    await using t = await setUp({ client: "direct", server: "direct" }, {}, { interceptors: [interceptor] });
    const { signal } = new AbortController();
    const error = await failure(t.client.unary({}, { signal }), Code.Unknown);
    assert.equal(error.cause, thrown);
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });
});
