import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Code } from "@connectrpc/connect";
import { type Channel, type ChannelOptions, createChannel, NotProcessedError, serve } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { createEcho } from "../support/echo.js";
import { freshName, pathOf } from "../support/engines.js";
import { all, failure, iterate, until } from "../support/expect.js";
import { rawServer } from "../support/raw.js";

leaveNothingBehind();

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Aborts calls while they wait. @returns a function that counts those of their signals that are still referenced */
async function heldAfter(channel: Channel, kind: "unary" | "bidi"): Promise<() => number> {
  const client = channel.client(EchoService);
  const startAndAbort = async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const outcome =
      kind === "unary"
        ? client.unary({ text: "waits" }, { signal, timeoutMs: 600_000 })
        : all(client.bidiStream(iterate([{ text: "waits" }]), { signal }));
    await new Promise(setImmediate);
    controller.abort();
    await failure(outcome, Code.Canceled);
    return new WeakRef(signal);
  };
  const signals: WeakRef<AbortSignal>[] = [];
  for (let i = 0; i < 50; i++) {
    signals.push(await startAndAbort());
  }
  return () => signals.filter((signal) => signal.deref() !== undefined).length;
}

async function assertNothingHeld(channel: Channel): Promise<void> {
  for (const kind of ["unary", "bidi"] as const) {
    const held = await heldAfter(channel, kind);
    await until(() => {
      collectGarbage();
      return held() <= 1; // the last may be on a stack
    }, `${kind} calls are let go`);
  }
}

/** Returns the number of handles of a kind that keep the process alive. */
function holding(kind: string): number {
  return process.getActiveResourcesInfo().filter((type) => type === kind).length;
}

describe("a call that is over while it waits", () => {
  it("for a stream, leaves nothing behind and does not hold the process", async () => {
    const name = freshName();
    await using _ = await rawServer(pathOf(name), () => {}, { settings: { maxConcurrentStreams: 0 } });
    await using channel = createChannel(name);
    const before = holding("PipeWrap");
    await channel.ready({ timeoutMs: 60_000 });
    await until(() => holding("PipeWrap") === before + 1, "only the server's end holds the process");
    const waiting = new AbortController();
    const first = channel.client(EchoService).unary({}, { signal: waiting.signal, timeoutMs: 600_000 });
    await new Promise(setImmediate);
    assert.equal(holding("PipeWrap"), before + 2, "a call that waits does");
    await assertNothingHeld(channel);
    waiting.abort();
    await failure(first, Code.Canceled);
    await until(() => holding("PipeWrap") === before + 1, "the connection holds the process no more");
  });

  it("for a connection that is being dialled, leaves nothing behind", async () => {
    const name = freshName();
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket.resume())).listen(pathOf(name));
    await once(server, "listening");
    {
      await using channel = createChannel(name);
      await assertNothingHeld(channel);
      assert.equal(sockets.length, 1);
    }
    await new Promise((resolve) => server.close(resolve));
  });

  it("for a server that is not there, leaves nothing behind, and all of them share one watch", async () => {
    await using channel = createChannel(freshName(), { waitForReady: true });
    const waiting = new AbortController();
    const { signal } = waiting;
    const calls = Array.from({ length: 100 }, () =>
      channel.client(EchoService).unary({}, { signal, timeoutMs: 600_000 }),
    );
    const outcomes = Promise.allSettled(calls);
    await until(() => holding("FSEventWrap") > 0, "the folder is watched");
    assert.equal(holding("FSEventWrap"), 1);
    await assertNothingHeld(channel);
    waiting.abort();
    await outcomes;
    await until(() => holding("FSEventWrap") === 0, "nobody waits for the server any more");
  });
});

describe("calls that wait for their turn", () => {
  it("are made in order when there is room, but for those that are over", async () => {
    const name = freshName();
    const open: (() => void)[] = [];
    const asked: string[] = [];
    await using _ = await rawServer(
      pathOf(name),
      (stream, headers) => {
        asked.push(`${headers["x-number"]}`);
        open.push(() => {
          stream.respond(
            { ":status": 200, "content-type": "application/grpc", "grpc-status": "9" },
            { endStream: true },
          );
        });
      },
      { settings: { maxConcurrentStreams: 1 } },
    );
    await using channel = createChannel(name, { timeoutMs: 60_000 });
    await channel.ready({ timeoutMs: 60_000 });
    const aborts = Array.from({ length: 30 }, () => new AbortController());
    const calls = aborts.map(({ signal }, i) =>
      channel
        .client(EchoService)
        .unary({}, { signal, headers: { "x-number": `${i}` } })
        .catch((error) => error.code as Code),
    );
    const isGone = (i: number) => i % 3 === 1;
    aborts.filter((_, i) => isGone(i)).forEach((abort) => void abort.abort());
    const expected = aborts.map((_, i) => i).filter((i) => !isGone(i));
    for (const [turn] of expected.entries()) {
      await until(() => open.length > turn, `call ${turn}`);
      open[turn]?.();
    }
    assert.deepEqual(asked, expected.map(String));
    const codes = await Promise.all(calls);
    assert.deepEqual(
      codes,
      aborts.map((_, i) => (isGone(i) ? Code.Canceled : Code.FailedPrecondition)),
    );
  });

  for (const [where, options] of [
    ["for a stream", {}],
    ["for a server", { waitForReady: true }],
  ] as [string, ChannelOptions][]) {
    it(`${where} hold no more than they may; the next fails at once and says why`, async () => {
      const name = freshName();
      const path = pathOf(name);
      const settings = { maxConcurrentStreams: 0 };
      await using server = options.waitForReady ? undefined : await rawServer(path, () => {}, { settings });
      await using channel = createChannel(name, { ...options, maxWaitingBytes: 100_000 });
      const { unary } = channel.client(EchoService);
      const waiting = new AbortController();
      const { signal } = waiting;
      const start = () => unary({ text: "x".repeat(9_000) }, { signal, timeoutMs: 600_000 });
      const codes: Code[] = [];
      const outcomes = Array.from({ length: 9 }, () => start().catch((error) => void codes.push(error.code)));
      const error = await failure(start(), Code.ResourceExhausted);
      assert.match(error.rawMessage, /^waiting calls hold 9\d\d\d\d bytes, and maxWaitingBytes is 100000$/);
      assert.ok(error.cause instanceof NotProcessedError);
      assert.deepEqual(codes, []);
      // Once they have ended, there is room again.
      waiting.abort();
      await Promise.all(outcomes);
      assert.deepEqual(codes, Array(9).fill(Code.Canceled));
      await failure(unary({ text: "x".repeat(9_000) }, { timeoutMs: 1 }), Code.DeadlineExceeded);
      if (server === undefined) {
        const late = unary({ text: "late" }, { timeoutMs: 600_000 });
        await using _ = await serve({
          socket: name,
          signals: false,
          routes: (r) => r.service(EchoService, createEcho()),
        });
        assert.equal((await late).text, "late");
      }
    });
  }
});
