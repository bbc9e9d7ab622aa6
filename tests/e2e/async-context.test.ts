import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { type ChannelOptions, createChannel, retry, type ServeOptions } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { type Setup, setUp } from "../support/engines.js";
import { all, failure, later, until } from "../support/expect.js";

leaveNothingBehind();

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const storage = new AsyncLocalStorage<string>();
const now = () => String(storage.getStore());
const direct = { client: "direct", server: "direct" } as const;
const turn = () => new Promise(setImmediate);

/** Handlers that respond with the async context in which they begin, and then enter the one that the request names. */
const entering = {
  unary({ text }: { text: string }) {
    const before = now();
    storage.enterWith(text);
    return { text: before };
  },
  async unaryIdempotent({ text }: { text: string }) {
    const before = now();
    storage.enterWith(text);
    await turn();
    return { text: `${before} ${now()}` };
  },
  async *serverStream({ text }: { text: string }) {
    const before = now();
    storage.enterWith(text);
    yield { text: before };
    yield { text: now() };
    await turn();
    yield { text: now() };
  },
  async clientStream(requests: AsyncIterable<{ text: string }>) {
    const before = now();
    storage.enterWith("entered");
    for await (const { text } of requests) {
      assert.equal(now(), "entered");
      storage.enterWith("entered");
      assert.notEqual(text, "");
    }
    return { text: `${before} ${now()}` };
  },
  async *bidiStream(requests: AsyncIterable<{ text: string }>) {
    const before = now();
    storage.enterWith("entered");
    yield { text: before };
    for await (const { text } of requests) {
      yield { text: `${text} ${now()}` };
    }
  },
};

const enter: Interceptor = (next) => (req) => {
  assert.equal(now(), "undefined");
  storage.enterWith("interceptor");
  return next(req);
};

function serving(handlers: object, options: Partial<ServeOptions> = {}, channel: ChannelOptions = {}): Promise<Setup> {
  return setUp(direct, { routes: (router) => router.service(EchoService, handlers), ...options }, channel);
}

const texts = (responses: { text: string }[]) => responses.map(({ text }) => text);

async function* two() {
  yield { text: "a" };
  await turn();
  yield { text: "b" };
}

for (const [how, options, first] of [
  ["", {}, "undefined"],
  [" behind an interceptor that enters one, too", { interceptors: [enter] }, "interceptor"],
] satisfies [string, Partial<ServeOptions>, string][]) {
  describe(`a handler's async context${how}`, () => {
    it("is not seen by other calls, neither later nor received together with it", async () => {
      await using t = await serving(entering, options);
      for (let round = 0; round < 3; round++) {
        const calls = ["admin", "root", ""].flatMap((text) => [t.client.unary({ text }), t.client.unary({ text })]);
        assert.deepEqual(texts(await Promise.all(calls)), new Array(6).fill(first));
        assert.equal((await t.client.unaryIdempotent({ text: "admin" })).text, `${first} admin`);
        const streams = ["x", "y", "z"].map((text) => all(t.client.serverStream({ text })));
        for (const [i, responses] of (await Promise.all(streams)).entries()) {
          const own = "xyz"[i] as string;
          assert.deepEqual(texts(responses), [first, own, own]);
        }
        assert.equal((await t.client.clientStream(two())).text, `${first} entered`);
        assert.deepEqual(texts(await all(t.client.bidiStream(two()))), [first, "a entered", "b entered"]);
      }
    });
  });
}

describe("a call's async context on a server", () => {
  it("is that of listeners of its signal and of what its iterator does in the end", async () => {
    const seen: string[] = [];
    const over = later();
    await using t = await serving({
      async *serverStream({ text }: { text: string }, { signal }: { signal: AbortSignal }) {
        storage.enterWith(text);
        signal.addEventListener("abort", () => {
          seen.push(`listener ${now()}`);
          storage.enterWith("listener");
        });
        yield {};
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        seen.push(`after it ${now()}`);
        over.resolve();
      },
      unary: entering.unary,
    });
    const controller = new AbortController();
    const reading = all(t.client.serverStream({ text: "alice" }, { signal: controller.signal }));
    await t.client.unary({ text: "mallory" });
    controller.abort();
    await failure(reading, Code.Canceled);
    await over.promise;
    assert.deepEqual(seen, ["listener alice", "after it alice"]);
    assert.equal((await t.client.unary({ text: "" })).text, "undefined");
  });

  it("does not see what authorize and onError enter, which see that of none or of the call", async () => {
    const seen: string[] = [];
    await using t = await serving(
      {
        unary: entering.unary,
        unaryIdempotent() {
          storage.enterWith("failing");
          throw new Error("accident");
        },
      },
      {
        authorize() {
          seen.push(`authorize ${now()}`);
          storage.enterWith("authorize");
          return true;
        },
        onError() {
          seen.push(`onError ${now()}`);
          storage.enterWith("onError");
        },
      },
    );
    for (let i = 0; i < 2; i++) {
      const channel = createChannel(t.server.address);
      const client = channel.client(EchoService);
      assert.equal((await client.unary({})).text, "undefined");
      await failure(client.unaryIdempotent({}), Code.Internal);
      assert.equal((await client.unary({})).text, "undefined");
      await channel.close();
    }
    assert.deepEqual(seen, ["authorize undefined", "onError failing", "authorize undefined", "onError failing"]);
  });

  it("is its own where Connect's protocol carries the call", async () => {
    await using t = await serving(entering);
    const http2 = await import("node:http2");
    const net = await import("node:net");
    const session = http2.connect("http://localhost", {
      createConnection: () => net.connect(t.server.address.replace("unix:", "")),
    });
    const call = async (text: string) => {
      const path = "/vyra.test.EchoService/Unary";
      const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/json" });
      stream.end(JSON.stringify({ text }));
      let body = "";
      for await (const chunk of stream) body += chunk;
      return JSON.parse(body).text;
    };
    assert.deepEqual(await Promise.all([call("admin"), call("root"), call("")]), new Array(3).fill("undefined"));
    assert.equal(await call(""), "undefined");
    session.destroy();
  });
});

for (const [how, channelOptions] of [
  ["", {}],
  [" through interceptors", { interceptors: [(next) => next, retry()] }],
] satisfies [string, ChannelOptions][]) {
  describe(`a caller's async context${how}`, () => {
    it("is that of onHeader and onTrailer, whoever dialled", async () => {
      await using t = await setUp(direct, {}, channelOptions);
      await storage.run("alice", () => t.client.unary({}));
      const seen: string[] = [];
      const options = { onHeader: () => seen.push(now()), onTrailer: () => seen.push(now()) };
      for (const client of [t.client, createClient(EchoService, t.channel.transport)]) {
        await storage.run("bob", () => client.unary({}, options));
        await storage.run("carol", () => client.clientStream(two(), options));
        await storage.run("dave", () => all(client.serverStream({ count: 2 }, options)));
        await client.unary({}, options);
      }
      const once = ["bob", "bob", "carol", "carol", "dave", "dave", "undefined", "undefined"];
      assert.deepEqual(seen, [...once, ...once]);
    });

    it("is that of the iterator which makes its requests, from the first to its end", async () => {
      const routes: ServeOptions["routes"] = (router) =>
        router.service(EchoService, {
          async clientStream(requests) {
            for await (const { text } of requests) if (text === "b") break;
            return {};
          },
          async *bidiStream(requests) {
            for await (const { text } of requests) yield { text };
            await new Promise(() => {});
          },
        });
      await using t = await setUp(direct, { routes }, channelOptions);
      const seen: Record<string, string[]> = { alice: [], bob: [], carol: [] };
      const requests = (who: string) => ({
        [Symbol.asyncIterator]() {
          const values = two();
          return {
            next() {
              seen[who]?.push(`next ${now()}`);
              return values.next();
            },
            async return() {
              seen[who]?.push(`return ${now()}`);
              return { done: true as const, value: undefined };
            },
          };
        },
      });
      // The first two wait for the connection.
      await Promise.all([
        storage.run("alice", () => t.client.clientStream(requests("alice"))),
        storage.run("bob", () => t.client.clientStream(requests("bob"))),
      ]);
      const reading = storage.run("carol", () => all(t.client.bidiStream(requests("carol"), { timeoutMs: 50 })));
      await failure(reading, Code.DeadlineExceeded);
      for (const [who, steps] of Object.entries(seen)) {
        assert.ok(steps.length >= 2);
        for (const step of steps) assert.equal(step.split(" ")[1], who, step);
      }
      assert.ok(seen.carol?.includes("return carol"));
    });

    it("is not kept by the connection and the timers that its calls have caused", async () => {
      await using t = await setUp(direct, {}, channelOptions);
      const objects = new AsyncLocalStorage<object>();
      const held: WeakRef<object>[] = [];
      const call = (options: object) => {
        const store = { large: new Uint8Array(1_000) };
        held.push(new WeakRef(store));
        return objects.run(store, () => t.client.unary({}, options));
      };
      await call({});
      await call({ timeoutMs: 3_600_000 });
      await objects.run({}, async () => {
        for await (const _ of t.client.serverStream({ count: 1 })) break;
      });
      await until(() => {
        collectGarbage();
        return held.every((ref) => ref.deref() === undefined);
      }, "the stores of calls that are over");
    });
  });
}

describe("listeners of a call's signal", () => {
  it("cost nobody else anything by what they throw, which onError is told", async () => {
    const told: string[] = [];
    const over = later();
    await using t = await serving({
      unary(_: unknown, { signal }: { signal: AbortSignal }) {
        const once = () => told.push("added twice");
        const removed = () => told.push("removed");
        signal.addEventListener("abort", () => {
          throw new Error("a function");
        });
        signal.addEventListener("abort", async () => {
          throw new Error("a promise");
        });
        signal.addEventListener("abort", {
          handleEvent({ type }: Event) {
            throw new Error(`an object's ${type}`);
          },
        });
        signal.onabort = () => {
          throw Object.create(null);
        };
        signal.addEventListener("abort", once);
        signal.addEventListener("abort", once);
        signal.addEventListener("abort", removed);
        signal.removeEventListener("abort", removed);
        assert.throws(() => signal.addEventListener("abort", "none" as never), TypeError);
        signal.addEventListener("abort", () => over.resolve());
        return new Promise(() => {});
      },
    });
    await failure(t.client.unary({}, { timeoutMs: 30 }), Code.DeadlineExceeded);
    await over.promise;
    await turn();
    assert.deepEqual(told, ["added twice"]);
    const messages = t.reported.map(({ error }) => (error instanceof Error ? error.message : typeof error));
    assert.deepEqual(messages.sort(), ["a function", "a promise", "an object's abort", "object"]);
  });

  it("of a caller's interceptor do not end the process either", async (s) => {
    const lines = s.mock.method(console, "error", () => {});
    const listening: Interceptor = (next) => (req) => {
      req.signal.addEventListener("abort", () => {
        throw new Error("mine");
      });
      return next(req);
    };
    await using t = await setUp(direct, {}, { interceptors: [listening] });
    await t.client.unary({});
    await failure(t.client.unary({ fault: { hang: true } }, { timeoutMs: 30 }), Code.DeadlineExceeded);
    assert.equal(lines.mock.callCount(), 2);
    assert.ok(lines.mock.calls.every(({ arguments: args }) => args.some((arg) => arg instanceof Error)));
    assert.ok(!lines.mock.calls.some(({ arguments: args }) => args.some((arg) => arg instanceof ConnectError)));
  });
});
