import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { createChannel } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { describePairs, pathOf, serverEngines, setUp } from "../support/engines.js";
import { all, until } from "../support/expect.js";

leaveNothingBehind();

/**
 * How many messages all streams together may send, and how many waiting messages may be taken, in a turn of the event
 * loop, according to constants of the packages.
 */
const sentATurn = 1_024;
const takenATurn = 8_192;
/** How many messages each stream may handle before it checks whether the turn is over. */
const slice = 16;

/** Returns the largest increase of a count in one turn of the event loop, until a condition holds. */
async function mostInATurn(count: () => number, end: Promise<unknown>): Promise<number> {
  let isOver = false;
  const stop = () => {
    isOver = true;
  };
  end.then(stop, stop);
  let most = 0;
  for (let before = count(); !isOver; before = count()) {
    await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, count() - before);
  }
  return most;
}

/** Responds with messages without end, and counts them. */
function endless() {
  const counter = { made: 0, ended: 0 };
  const implementation = async function* () {
    try {
      for (;;) {
        counter.made++;
        yield { text: "tick", index: counter.made };
      }
    } finally {
      counter.ended++;
    }
  };
  return { counter, implementation };
}

describePairs("a stream that always has a next message", (pair) => {
  it("ends soon after its caller has taken one and cancelled", async () => {
    const { counter, implementation } = endless();
    await using t = await setUp(pair, {
      routes: (router) => router.rpc(EchoService.method.serverStream, implementation),
    });
    for (let round = 1; round <= 3; round++) {
      counter.made = 0;
      const controller = new AbortController();
      const read = async () => {
        for await (const _ of t.client.serverStream({}, { signal: controller.signal })) {
          controller.abort();
        }
      };
      await assert.rejects(read(), (error) => ConnectError.from(error).code === Code.Canceled);
      await until(() => counter.ended === round, "the handler has been told");
      // The message and then the cancellation take a few turns of the event loop, which client and server share here.
      assert.ok(counter.made <= 10 * sentATurn, `${counter.made} messages made`);
    }
  });

  it("ends at its deadline, and lets other calls in meanwhile", async () => {
    const { counter, implementation } = endless();
    await using t = await setUp(pair, {
      routes: (router) => {
        router.rpc(EchoService.method.serverStream, implementation);
        router.rpc(EchoService.method.unary, () => ({ text: String(counter.made) }));
      },
    });
    const streams = Array.from({ length: 10 }, () =>
      all(t.client.serverStream({}, { timeoutMs: 300 })).then(
        () => Code.Unknown,
        (error) => ConnectError.from(error).code,
      ),
    );
    await until(() => counter.made > 0, "the streams have begun");
    const before = counter.made;
    const during = Number((await t.client.unary({})).text) - before;
    assert.ok(during <= 20 * (sentATurn + 10 * slice), `${during} messages made before a call was answered`);
    assert.deepEqual(new Set(await Promise.all(streams)), new Set([Code.DeadlineExceeded]));
    await until(() => counter.ended === 10, "the handlers have been told");
  });
});

const direct = { client: "direct", server: "direct" } as const;

describe("the streams of a server", () => {
  it("send so many messages in a turn, all together", async () => {
    const { counter, implementation } = endless();
    await using t = await setUp(direct, {
      routes: (router) => router.rpc(EchoService.method.serverStream, implementation),
    });
    const controller = new AbortController();
    const channels = Array.from({ length: 20 }, () => createChannel(t.server.address));
    const reading = channels.map((channel) =>
      all(channel.client(EchoService).serverStream({}, { signal: controller.signal })).catch(() => {}),
    );
    await until(() => counter.made > 20, "they have begun");
    setTimeout(() => controller.abort(), 200);
    const most = await mostInATurn(() => counter.made, Promise.all(reading));
    assert.ok(most <= 2 * (sentATurn + channels.length * slice), `${most} messages in a turn`);
    await Promise.all(channels.map((channel) => channel.close()));
  });

  it("each send some in every turn, however many they are", async () => {
    const made = new Array<number>(100).fill(0);
    await using t = await setUp(direct, {
      routes: (router) =>
        router.rpc(EchoService.method.serverStream, async function* ({ count }) {
          for (;;) {
            made[count] = (made[count] as number) + 1;
            yield {};
          }
        }),
    });
    const controller = new AbortController();
    const reading = made.map((_, count) =>
      all(t.client.serverStream({ count }, { signal: controller.signal })).catch(() => {}),
    );
    while (Math.min(...made) < 200) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const least = Math.min(...made);
    const most = Math.max(...made);
    assert.ok(most < 3 * least + sentATurn, `${least} messages of one, ${most} of another`);
    controller.abort();
    await Promise.all(reading);
  });
});

describe("the requests of a stream", () => {
  it("are made so many in a turn, and given up soon after the call has been", async () => {
    let made = 0;
    let taken = 0;
    await using t = await setUp(direct, {
      routes: (router) =>
        router.rpc(EchoService.method.clientStream, async (requests) => {
          for await (const _ of requests) {
            if (++taken === 100_000) {
              throw new ConnectError("enough", Code.ResourceExhausted);
            }
          }
          return {};
        }),
    });
    async function* requests() {
      for (;;) {
        made++;
        yield { text: "tick" };
      }
    }
    const call = t.client.clientStream(requests()).catch((error) => ConnectError.from(error).code);
    const most = await mostInATurn(() => made, call);
    assert.equal(await call, Code.ResourceExhausted);
    assert.ok(most <= 2 * (sentATurn + slice), `${most} requests in a turn`);
    const before = made;
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    assert.equal(made, before);
  });
});

describePairs("messages that have come while nobody read", (pair) => {
  it("are taken so many in a turn, all of them and in order", async () => {
    const isDirect = pair.client === "direct" && pair.server === "direct";
    const count = isDirect ? 120_000 : 6_000;
    let made = 0;
    await using t = await setUp(pair, {
      routes: (router) =>
        router.rpc(EchoService.method.serverStream, async function* () {
          for (let index = 0; index < count; index++) {
            made++;
            yield { index };
          }
        }),
    });
    const messages = t.client.serverStream({})[Symbol.asyncIterator]();
    let at = 0;
    const take = ({ done, value }: Awaited<ReturnType<typeof messages.next>>) => {
      assert.ok(done || value.index === at++);
      return done !== true;
    };
    // A reader that keeps up for a while is sent more at once.
    while (at < count / 2) {
      take(await messages.next());
    }
    // Then the client stops reading, and the server sends as much as it may.
    for (let before = made, stillTurns = 0; stillTurns < 100; stillTurns = made === before ? stillTurns + 1 : 0) {
      before = made;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const come = made - at;
    const reading = (async () => {
      // If two readers wait at once, each gets the message that it asked for, in order.
      for (let isGoingOn = true; isGoingOn; ) {
        const [one, two] = await Promise.all([messages.next(), messages.next()]);
        isGoingOn = take(one) && take(two);
      }
    })();
    const most = await mostInATurn(() => at, reading);
    await reading;
    assert.equal(at, count);
    if (isDirect) {
      assert.ok(come > 3 * takenATurn, `only ${come} had come`);
      assert.ok(most <= 2 * (takenATurn + slice), `${most} messages in a turn`);
    }
  });
});

for (const server of serverEngines) {
  describe(`a stream without end over other protocols, from the ${server} server`, () => {
    for (const httpVersion of ["1.1", "2"] as const) {
      for (const [name, create] of [
        ["Connect", createConnectTransport],
        ["gRPC-Web", createGrpcWebTransport],
      ] as const) {
        it(`ends soon after its caller has taken one and cancelled: ${name} over HTTP/${httpVersion}`, async () => {
          const { counter, implementation } = endless();
          await using t = await setUp(
            { client: "direct", server },
            { routes: (router) => router.rpc(EchoService.method.serverStream, implementation) },
          );
          const path = pathOf(t.server.address);
          const manager = new Http2SessionManager("http://localhost", {}, { createConnection: () => connect(path) });
          const transport =
            httpVersion === "2"
              ? create({ httpVersion, baseUrl: "http://localhost", sessionManager: manager })
              : create({ httpVersion, baseUrl: "http://localhost", nodeOptions: { socketPath: path } });
          const controller = new AbortController();
          const reading = (async () => {
            let isFirst = true;
            for await (const _ of createClient(EchoService, transport).serverStream(
              {},
              { signal: controller.signal },
            )) {
              if (isFirst) {
                setImmediate(() => controller.abort());
              }
              isFirst = false;
            }
          })().catch(() => {});
          const most = await mostInATurn(() => counter.made, reading);
          await until(() => counter.ended === 1, "the handler has been told");
          assert.ok(most <= 2 * (sentATurn + slice), `${most} messages in a turn`);
          assert.ok(counter.made <= 20 * sentATurn, `${counter.made} messages made`);
          manager.abort();
        });
      }
    }
  });
}
