import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CallOptions, Code, ConnectError, createClient } from "@connectrpc/connect";
import type { ServeOptions } from "@vyra/ipc";
import { EchoRequestSchema, EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { assertServes, callsOfAllKinds, setUp, setUpHandlers, throughInterceptor } from "../support/engines.js";
import { all, failure, iterate } from "../support/expect.js";
import { hostileThings } from "../support/hostile.js";

leaveNothingBehind();

const direct = { client: "direct", server: "direct" } as const;
const serving = (handlers: object, options: Partial<ServeOptions> = {}) => setUpHandlers(direct, handlers, options);

/** The error that each of these fails with. */
async function reasonsOf(outcomes: Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(outcomes);
  return settled.map((outcome) => (outcome.status === "rejected" ? outcome.reason : "it succeeded"));
}

const unencodable: Record<string, () => object> = {
  "a value of another type": () => ({ index: {} }),
  "a number out of range": () => ({ index: 2 ** 40 }),
  "a text of a lone surrogate and a secret": () => ({ text: "secret \ud800", index: "secret" }),
  "a property that throws": () => ({
    get text(): string {
      throw new Error("secret");
    },
  }),
  "a property that throws a ConnectError": () => ({
    get text(): string {
      throw new ConnectError("secret", Code.NotFound);
    },
  }),
  "a proxy whose traps throw": () =>
    new Proxy(
      {},
      {
        get(_, name) {
          if (name === "then") return undefined;
          throw new Error("secret");
        },
      },
    ),
};

for (const [how, options] of [
  ["", {}],
  [", through an interceptor", throughInterceptor],
] satisfies [string, Partial<ServeOptions>][]) {
  describe(`what a handler gives that cannot be encoded${how}`, () => {
    for (const [name, value] of Object.entries(unencodable)) {
      it(`(${name}) is Internal without its text, and told to onError`, async () => {
        await using t = await serving(
          {
            unary: value,
            unaryIdempotent: async () => value(),
            async *serverStream() {
              yield {};
              yield value();
            },
            clientStream: value,
            async *bidiStream() {
              yield value();
            },
          },
          options,
        );
        const { client } = t;
        const outcomes = callsOfAllKinds(client);
        for (const error of await reasonsOf(outcomes)) {
          assert.ok(error instanceof ConnectError);
          assert.equal(error.message, "[internal] internal error");
        }
        assert.equal(t.reported.length, outcomes.length);
        await assertServes(t);
      });
    }
  });
}

describe("an error of a handler's that is none of gRPC's", () => {
  for (const code of [0, 17, -1, 1.5, Number.NaN, "5", 2 ** 32 + 5]) {
    it(`(code ${JSON.stringify(code)}) is Unknown, and told to onError`, async () => {
      const thrown = (): never => {
        throw new ConnectError("not done", code as Code);
      };
      for (const options of [{}, throughInterceptor]) {
        await using t = await serving(
          {
            unary: thrown,
            async *serverStream() {
              yield {};
              thrown();
            },
            clientStream: async () => thrown(),
          },
          options,
        );
        await failure(t.client.unary({}), Code.Unknown);
        await failure(all(t.client.serverStream({})), Code.Unknown);
        const error = await failure(t.client.clientStream((async function* () {})()), Code.Unknown);
        assert.equal(error.rawMessage, "not done");
        assert.equal(t.reported.length, 3);
        assert.equal(t.server.stats().inFlight, 0);
        assert.equal(t.server.stats().methods["vyra.test.EchoService/Unary"]?.ended.UNKNOWN, 1);
      }
    });
  }

  it("(its details cannot be encoded) is Internal, and told to onError", async () => {
    const error = new ConnectError("secret", Code.NotFound);
    error.details = [{ desc: EchoRequestSchema, value: { count: "x" } as never }];
    const unary = (): never => {
      throw error;
    };
    await using t = await serving({ unary });
    const received = await failure(t.client.unary({}), Code.Internal);
    assert.equal(received.rawMessage, "internal error");
    assert.equal(t.reported.length, 1);
    await assertServes(t);
  });
});

describe("what a caller gives that cannot be sent", () => {
  it("is an error of the caller's: Internal, and nothing is sent", async () => {
    for (const channelOptions of [{}, throughInterceptor]) {
      await using t = await setUp(direct, {}, channelOptions);
      const connect = createClient(EchoService, t.channel.transport);
      for (const client of [t.client, connect]) {
        const bad = [
          ["a value of another type", { count: "x" }, {}],
          ["a number out of range", { count: 2 ** 40 }, {}],
          ["a property that throws", unencodable["a property that throws"]?.(), {}],
          ["a name that is no header's", {}, { headers: { "no name": "x" } }],
          ["a value that is no header's", {}, { headers: { name: "a\nb" } }],
          ["headers that are none", {}, { headers: 5 }],
          ["a signal that is none", {}, { signal: { aborted: false } }],
          ["context values that are none", {}, { contextValues: {} }],
        ] as [string, never, CallOptions][];
        for (const [what, message, options] of bad) {
          const outcomes = [
            client.unary(message, options),
            all(client.serverStream(message, options)),
            client.clientStream(iterate([message]), options),
          ];
          for (const error of await reasonsOf(outcomes)) {
            assert.ok(error instanceof ConnectError, `${what}: ${error}`);
            const isThrown = what === "a property that throws";
            assert.ok(isThrown || error.code === Code.Internal, `${what}: ${error}`);
          }
        }
      }
      assert.equal(t.channel.stats().inFlight, 0);
      assert.equal((await t.client.unary({ text: "still there" })).text, "still there");
    }
  });
});

describe("what a caller's interceptor gives that is no response", () => {
  for (const [name, value] of Object.entries({
    nothing: undefined,
    "a number": 5,
    null: null,
    "an empty object": {},
  })) {
    it(`(${name}) fails its call with a ConnectError`, async () => {
      for (const result of [() => value, async () => value]) {
        await using t = await setUp(direct, {}, { interceptors: [() => result as never] });
        const connect = createClient(EchoService, t.channel.transport);
        for (const client of [t.client, connect]) {
          await assert.rejects(client.unary({}), ConnectError);
        }
        await assert.rejects(all(t.client.serverStream({})), ConnectError);
      }
    });
  }
});

describe("what a server's interceptor gives that is no response", () => {
  for (const [name, value] of Object.entries({
    nothing: undefined,
    "a number": 5,
    null: null,
    "a proxy whose traps throw": hostileThings()["a proxy whose traps throw"],
    "headers that are none": { header: 5, trailer: 5, message: {}, stream: false },
  })) {
    it(`(${name}) is Internal, and told to onError`, async () => {
      for (const result of [() => value, async () => value]) {
        await using t = await setUp(direct, { interceptors: [() => result as never] });
        await failure(t.client.unary({}), Code.Internal);
        await failure(all(t.client.serverStream({})), Code.Internal);
        assert.equal(t.reported.length, 2);
        await failure(t.client.unary({}), Code.Internal);
      }
    });
  }
});
