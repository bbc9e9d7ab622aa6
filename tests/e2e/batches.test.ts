import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { compressionGzip } from "@connectrpc/connect-node";
import { batches, createChannel, inBatches } from "@vyra/ipc";
import { type EchoRequest, type EchoResponse, EchoResponseSchema, EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { describePairs, freshName, pathOf, setUp, setUpHandlers, throughInterceptor } from "../support/engines.js";
import { all, failure, iterate, until } from "../support/expect.js";
import { envelope, rawServer } from "../support/raw.js";

leaveNothingBehind();

/** The limits of a batch that `batches()` documents. */
const maxMessages = 1_024;
const maxBytes = 65_536;

const direct = { client: "direct", server: "direct" } as const;
const sizes = [0, 1, 3, 0, 0, 1_500, 2]; // one of them is larger than a batch
const count = sizes.reduce((sum, size) => sum + size, 0);

/** Returns messages with indexes from 0 on, in arrays of these sizes. */
async function* arrays(payload = new Uint8Array(0)) {
  let index = 0;
  for (const size of sizes) {
    yield Array.from({ length: size }, () => ({ text: "x", payload, index: index++ }));
  }
}

/** The echo service whose streams are read and written in arrays. */
const batched = {
  serverStream: () => inBatches(arrays()),
  async clientStream(requests: AsyncIterable<EchoRequest>) {
    let index = 0;
    for await (const batch of batches(requests)) {
      assert.ok(batch.length > 0);
      index += batch.length;
    }
    return { index };
  },
  bidiStream(requests: AsyncIterable<EchoRequest>) {
    async function* echoes() {
      for await (const batch of batches(requests)) {
        yield batch.map(({ text, count }) => ({ text, index: count }));
      }
    }
    return inBatches(echoes());
  },
};

/** Reads what a stream returns before its error, and the error. */
async function untilError<T>(stream: AsyncIterable<T[]>): Promise<{ items: T[]; error: ConnectError }> {
  const items: T[] = [];
  try {
    for await (const batch of stream) {
      items.push(...batch);
    }
  } catch (error) {
    return { items, error: ConnectError.from(error) };
  }
  return assert.fail("the stream ended without an error");
}

async function* requestArrays() {
  let index = 0;
  for (const size of sizes) {
    yield Array.from({ length: size }, () => ({ text: "y", count: index++ }));
  }
}

describePairs("messages in arrays", (pair) => {
  for (const [how, options] of Object.entries({ directly: {}, "through interceptors": throughInterceptor })) {
    it(`all arrive in order ${how}`, async () => {
      await using t = await setUpHandlers(pair, batched, options);
      const channel = createChannel(t.server.address, { engine: pair.client, timeoutMs: 60_000, ...options });
      const client = channel.client(EchoService);
      const responses = (await all(batches(client.serverStream({})))).flat();
      assert.deepEqual(
        responses.map(({ index }) => index),
        Array.from({ length: count }, (_, i) => i),
      );
      assert.equal((await client.clientStream(inBatches(requestArrays()))).index, count);
      const echoes = (await all(batches(client.bidiStream(inBatches(requestArrays()))))).flat();
      assert.deepEqual(
        echoes.map(({ index }) => index),
        Array.from({ length: count }, (_, i) => i),
      );
      await channel.close();
    });
  }

  it("are single messages to those who read them one by one, and the reverse", async () => {
    await using t = await setUpHandlers(pair, batched);
    assert.equal((await all(t.client.serverStream({}))).length, count);
    await using plain = await setUp(pair);
    const responses = await all(batches(plain.client.serverStream({ count: 100, text: "z" })));
    assert.equal(responses.flat().length, 100);
    assert.equal(
      (await plain.client.clientStream(inBatches(iterate([[{ text: "a" }], [], [{ text: "b" }]])))).text,
      "ab",
    );
  });

  it("precede an error of their source", async () => {
    async function* failing() {
      yield [{ index: 0 }, { index: 1 }];
      yield [{ index: 2 }];
      throw new ConnectError("enough", Code.OutOfRange);
    }
    await using t = await setUpHandlers(pair, { serverStream: () => inBatches(failing()) });
    const { items, error } = await untilError(batches(t.client.serverStream({})));
    assert.deepEqual([items.length, error.code], [3, Code.OutOfRange]);
  });

  it("end with an error if an item of their source is not an array", async () => {
    async function* wrong() {
      yield [{ index: 0 }];
      yield { index: 1 };
    }
    await using t = await setUpHandlers(pair, { serverStream: () => inBatches(wrong() as never) });
    const { items, error } = await untilError(batches(t.client.serverStream({})));
    assert.deepEqual([items.length, error.code], [1, Code.Internal]);
    assert.match(String(t.reported[0]?.error), /yielded an object/);
    assert.throws(() => inBatches([] as never), TypeError);
    assert.throws(() => batches(undefined as never), TypeError);
  });

  it("end with an error if an array has promises, whose rejections do no harm", async () => {
    async function* wrong() {
      yield [{ index: 0 }];
      yield Array.from({ length: 3 }, () => Promise.reject(new Error("nobody handles it")));
    }
    await using t = await setUpHandlers(pair, {
      serverStream: () => inBatches(wrong() as never),
      clientStream: async (requests: AsyncIterable<EchoRequest>) => ({ index: (await all(requests)).length }),
    });
    const { items, error } = await untilError(batches(t.client.serverStream({})));
    assert.deepEqual([items.length, Code[error.code]], [1, "Internal"]);
    assert.match(inspect(t.reported[0]?.error), /not a promise/);
    await assert.rejects(t.client.clientStream(inBatches(wrong() as never)), /not a promise/);
  });

  it("stop when the reader leaves its loop", async () => {
    let isClosed = false;
    async function* endless() {
      try {
        for (;;) {
          yield Array.from({ length: 100 }, () => ({ text: "more" }));
        }
      } finally {
        isClosed = true;
      }
    }
    await using t = await setUpHandlers(pair, { serverStream: () => inBatches(endless()) });
    for await (const _ of batches(t.client.serverStream({}))) {
      break;
    }
    await until(() => isClosed, "the source has been closed");
  });

  it("close a source that is silent, or yields something that is not an array, when the call ends", async () => {
    const wakeUps: (() => void)[] = []; // They keep the sources reachable.
    for (const first of [[{ text: "first" }], "no array"]) {
      const closed: string[] = [];
      const source = (side: string): AsyncIterable<never[]> => {
        let isFirst = true;
        return {
          [Symbol.asyncIterator]: () => ({
            next() {
              const result = { done: false, value: first as never };
              return new Promise((resolve) => {
                wakeUps.push(() => resolve(result));
                if (isFirst) {
                  isFirst = false;
                  resolve(result);
                }
              });
            },
            async return() {
              closed.push(side);
              return { done: true, value: undefined };
            },
          }),
        };
      };
      await using t = await setUpHandlers(pair, {
        serverStream: () => inBatches(source("server")),
        async *bidiStream(requests: AsyncIterable<EchoRequest>) {
          for await (const { text } of requests) {
            yield { text };
          }
        },
      });
      const leave = new AbortController();
      const responses = [
        t.client.serverStream({}, { signal: leave.signal }),
        t.client.bidiStream(inBatches(source("client")), { signal: leave.signal }),
      ];
      for (const stream of responses) {
        const iterator = stream[Symbol.asyncIterator]();
        await iterator.next().catch(() => {}); // a value that is not an array ends the call
      }
      leave.abort();
      await until(() => closed.includes("server") && closed.includes("client"), "both sources have been closed");
    }
  });

  it("stop at the deadline, even if the source yields nothing but empty arrays", async () => {
    let isOver = false;
    async function* nothing(_: unknown, { signal }: HandlerContext) {
      try {
        while (!signal.aborted) {
          yield [];
        }
      } finally {
        isOver = true;
      }
    }
    await using t = await setUpHandlers(pair, {
      serverStream: (request: unknown, context: HandlerContext) => inBatches(nothing(request, context)),
    });
    await failure(all(batches(t.client.serverStream({}, { timeoutMs: 100 }))), Code.DeadlineExceeded);
    await until(() => isOver, "the source has been told");
  });

  it("come decompressed", async () => {
    const payload = new Uint8Array(5_000).fill(7);
    await using t = await setUpHandlers(
      pair,
      { serverStream: () => inBatches(arrays(payload)) },
      { compressMinBytes: 100 },
    );
    const options = { acceptCompression: [compressionGzip], engine: pair.client, timeoutMs: 60_000 };
    const channel = createChannel(t.server.address, options);
    let index = 0;
    for await (const batch of batches(channel.client(EchoService).serverStream({}))) {
      for (const message of batch) {
        assert.equal(message.index, index++);
        assert.ok(message.payload.length === 5_000 && message.payload.every((byte) => byte === 7));
      }
    }
    assert.equal(index, count);
    await channel.close();
  });
});

describe("messages in arrays, on the engine direct,", () => {
  it("come together, within the limits of a batch", async () => {
    for (const payload of [new Uint8Array(0), new Uint8Array(200), new Uint8Array(20_000)]) {
      await using t = await setUpHandlers(direct, { serverStream: () => inBatches(arrays(payload)) });
      const received = await all(batches(t.client.serverStream({})));
      const largest = Math.max(...received.map((batch) => batch.length));
      assert.equal(received.flat().length, count);
      assert.ok(largest > 1 && largest <= maxMessages, `${largest} messages`);
      const size = payload.length + 10;
      assert.ok((largest - 1) * size <= maxBytes, `${largest} messages of ${size} bytes`);
    }
  });

  it("precede the one that cannot be sent", async () => {
    for (const [init, code] of [
      [{ payload: new Uint8Array(2_000) }, Code.ResourceExhausted],
      [{ index: 1.5 }, Code.Internal],
      [
        {
          get text() {
            throw new ConnectError("no text", Code.Aborted);
          },
        },
        Code.Internal,
      ],
    ] as const) {
      const source = iterate([[{ index: 0 }, { index: 1 }, init, { index: 3 }]]);
      const serverStream = () => inBatches(source as never);
      await using t = await setUpHandlers(direct, { serverStream }, { writeMaxBytes: 1_000 });
      const { items, error } = await untilError(batches(t.client.serverStream({})));
      assert.deepEqual([items.map(({ index }) => index), Code[error.code]], [[0, 1], Code[code]]);
    }
  });

  it("precede the one that does not parse", async () => {
    const message = (index: number) =>
      envelope(toBinary(EchoResponseSchema, create(EchoResponseSchema, { text: "x", index })));
    const body = Buffer.concat([message(0), message(1), envelope(Uint8Array.of(0xff, 0xff, 0xff)), message(3)]);
    const socket = freshName();
    await using _server = await rawServer(pathOf(socket), (stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.write(body);
    });
    const channel = createChannel(socket);
    const { items, error } = await untilError(batches(channel.client(EchoService).serverStream({})));
    assert.deepEqual([items.map(({ index }) => index), Code[error.code]], [[0, 1], "Internal"]);
    await channel.close();
  });

  it("come in order to several readers that wait at once", async () => {
    const messages = Array.from({ length: 2_000 }, (_, index) =>
      envelope(toBinary(EchoResponseSchema, create(EchoResponseSchema, { index }))),
    );
    let send = () => {};
    const socket = freshName();
    await using _server = await rawServer(pathOf(socket), (stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      send = () => stream.write(Buffer.concat(messages)); // in one frame, and more than one batch
    });
    const channel = createChannel(socket);
    for (const order of [
      ["batch", "batch"],
      ["batch", "single"],
      ["single", "batch"],
    ]) {
      let isOpen = false;
      const onHeader = () => {
        isOpen = true;
      };
      const responses = channel.client(EchoService).serverStream({}, { onHeader })[Symbol.asyncIterator]();
      const together = batches({ [Symbol.asyncIterator]: () => responses });
      const single = async () => [(await responses.next()).value];
      const several = async () => (await together.next()).value as EchoResponse[];
      const waiting = order.map((kind) => (kind === "batch" ? several() : single()));
      await until(() => isOpen, "both readers wait for messages");
      send();
      const indexes = (await Promise.all(waiting)).flat().map(({ index }) => index);
      assert.ok(indexes.length > maxMessages);
      while (indexes.length < messages.length) {
        indexes.push(...(await several()).map(({ index }) => index));
      }
      assert.deepEqual(indexes, [...messages.keys()], order.join());
      await together.return?.();
    }
    await channel.close();
  });

  it("wait for their reader, however large the arrays are", async () => {
    let made = 0;
    async function* endless() {
      for (;;) {
        made++;
        yield Array.from({ length: 10_000 }, () => ({ payload: new Uint8Array(100) }));
      }
    }
    await using t = await setUpHandlers(direct, { serverStream: () => inBatches(endless()) });
    const reader = batches(t.client.serverStream({}))[Symbol.asyncIterator]();
    await reader.next();
    let before = 0;
    for (let calm = 0; calm < 20; calm = made === before ? calm + 1 : 0) {
      before = made;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(made < 100, `${made} arrays of a megabyte each`); // the windows and the socket take a few of them
    assert.ok((t.server.stats().memory?.waitingBytes ?? 0) < 2 ** 20);
    await reader.return?.();
  });

  it("are sent one after another, also by a getter of a message that sends others", async () => {
    await using t = await setUpHandlers(direct, batched);
    const inner: Promise<{ index: number }>[] = [];
    const withGetter = {
      get text() {
        inner.push(t.client.clientStream(inBatches(iterate([[{ text: "inner" }, { text: "inner" }]]))));
        return "outer";
      },
    };
    const echoes = await all(
      t.client.bidiStream(inBatches(iterate([[{ text: "first" }, withGetter, { text: "last" }]]))),
    );
    assert.deepEqual(
      echoes.map(({ text }) => text),
      ["first", "outer", "last"],
    );
    assert.deepEqual(
      (await Promise.all(inner)).map((response) => response.index),
      inner.map(() => 2),
    );
  });

  it("may be read singly and together by turns", async () => {
    await using t = await setUpHandlers(direct, batched);
    const stream = t.client.serverStream({})[Symbol.asyncIterator]();
    const indexes: number[] = [];
    for (let isSingle = true; ; isSingle = !isSingle) {
      const next = isSingle
        ? await stream.next().then(({ done, value }) => (done ? [] : [value]))
        : await batches({ [Symbol.asyncIterator]: () => stream })
            .next()
            .then(({ value }) => value ?? []);
      if (next.length === 0) {
        break;
      }
      indexes.push(...next.map(({ index }: { index: number }) => index));
    }
    assert.deepEqual(
      indexes,
      Array.from({ length: count }, (_, i) => i),
    );
  });
});
