import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { type ChannelOptions, retry, type ServeOptions } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import {
  assertServes,
  callsOfAllKinds,
  type Pair,
  setUp,
  setUpHandlers,
  throughInterceptor,
} from "../support/engines.js";
import { all, failure } from "../support/expect.js";
import { brokenIterables, hostileIterators, hostileThings } from "../support/hostile.js";

leaveNothingBehind();

const hang = () => new Promise<never>(() => {});
/** The timeout of calls that are expected to reach their deadline, in milliseconds. */
const soonMs = 30;

// Each engine is tested once in each role. More pairs would take long and show nothing more.
const pairs: readonly Pair[] = [
  { client: "direct", server: "direct" },
  { client: "node", server: "node" },
  { client: "undici", server: "direct" },
];

for (const pair of pairs) {
  describe(`what others throw and give, ${pair.client} to ${pair.server}`, () => body(pair));
}

function body(pair: Pair): void {
  const serving = (handlers: object, options: Partial<ServeOptions> = {}) => setUpHandlers(pair, handlers, options);

  for (const [how, options] of [
    ["", {}],
    [", through an interceptor", throughInterceptor],
  ] as const) {
    it(`a handler that gives its messages by a promise, or rejects it${how}, costs its call alone`, async () => {
      const seen: unknown[] = [];
      const handlers = {
        async serverStream({ text }: { text: string }) {
          if (text === "") throw "thrown";
          return (async function* () {
            yield { text };
          })();
        },
      };
      await using t = await serving(handlers, { ...options, onError: (error) => void seen.push(error) });
      await failure(all(t.client.serverStream({})), Code.Internal);
      const [message] = await all(t.client.serverStream({ text: "resolved" }));
      assert.equal(message?.text, "resolved");
      assert.deepEqual(seen, ["thrown"]);
      await assertServes(t);
    });

    describe(`a handler's iterator${how}`, () => {
      for (const name of Object.keys(hostileIterators())) {
        it(`whose ${name} costs its call alone`, async () => {
          await using t = await serving({ serverStream: () => hostileIterators()[name] }, options);
          await failure(all(t.client.serverStream({}, { timeoutMs: soonMs })), Code.DeadlineExceeded);
          const controller = new AbortController();
          const reading = all(t.client.serverStream({}, { signal: controller.signal }));
          setTimeout(() => controller.abort(), soonMs);
          await failure(reading, Code.Canceled);
          const last = all(t.client.serverStream({}));
          await assertServes(t);
          await Promise.all([failure(last, Code.Unavailable), t.server.close()]);
        });
      }

      for (const name of Object.keys(brokenIterables())) {
        it(`${name}: Internal to the caller, and told to onError`, async () => {
          await using t = await serving({ serverStream: () => brokenIterables()[name] }, options);
          const error = await failure(all(t.client.serverStream({})), Code.Internal);
          assert.equal(error.rawMessage, "internal error");
          assert.equal(t.reported.length, 1);
          await assertServes(t);
        });
      }
    });
  }

  for (const [how, channelOptions] of [
    ["", {}],
    [", through an interceptor", throughInterceptor],
    [", with retries", { interceptors: [retry()] }],
  ] satisfies [string, ChannelOptions][]) {
    describe(`a caller's iterator${how}`, () => {
      for (const name of Object.keys(hostileIterators())) {
        it(`whose ${name} costs its call alone`, async () => {
          await using t = await setUp(
            pair,
            { routes: (r) => r.service(EchoService, { clientStream: hang }) },
            channelOptions,
          );
          const requests = () => hostileIterators()[name] as AsyncIterable<never>;
          await failure(t.client.clientStream(requests(), { timeoutMs: soonMs }), Code.DeadlineExceeded);
          const controller = new AbortController();
          const call = t.client.clientStream(requests(), { signal: controller.signal });
          setTimeout(() => controller.abort(), soonMs);
          await failure(call, Code.Canceled);
          await assertServes(t);
          await Promise.all([failure(t.client.clientStream(requests()), Code.Canceled), t.channel.close()]);
        });
      }

      for (const name of Object.keys(brokenIterables())) {
        it(`${name}: fails its call with a ConnectError`, async () => {
          await using t = await setUp(pair, {}, channelOptions);
          const requests = () => brokenIterables()[name] as AsyncIterable<never>;
          await assert.rejects(t.client.clientStream(requests()), ConnectError);
          await assert.rejects(all(t.client.bidiStream(requests())), ConnectError);
          assert.equal((await t.client.unary({ text: "still there" })).text, "still there");
        });
      }
    });
  }

  describe("what a handler throws", () => {
    for (const name of Object.keys(hostileThings())) {
      it(`${name}: reaches onError, and nothing else`, async () => {
        const things: unknown[] = [];
        const thrown = (): never => {
          const thing = hostileThings()[name];
          things.push(thing);
          throw thing;
        };
        for (const options of [{}, throughInterceptor]) {
          await using t = await serving(
            {
              unary: thrown,
              unaryIdempotent: async () => thrown(),
              async *serverStream() {
                yield {};
                thrown();
              },
              clientStream: thrown,
              bidiStream: thrown,
            },
            options,
          );
          const before = things.length;
          const { client } = t;
          const outcomes = callsOfAllKinds(client);
          for (const outcome of await Promise.allSettled(outcomes)) {
            assert.ok(outcome.status === "rejected" && outcome.reason instanceof ConnectError);
          }
          assert.equal(t.reported.length, 5);
          for (const [i, { error }] of t.reported.entries()) {
            assert.ok(
              things.slice(before).some((thing) => Object.is(thing, error)),
              `report ${i}`,
            );
          }
          await assertServes(t);
        }
      });

      it(`${name}: is written to standard error where nobody says otherwise, or onError throws it, too`, async (t) => {
        const lines: unknown[][] = [];
        t.mock.method(console, "error", (...args: unknown[]) => {
          const { inspect } = process.getBuiltinModule("node:util");
          lines.push(args.map((arg) => (typeof arg === "string" ? arg : inspect(arg)))); // as the console does it
        });
        const unary = (): never => {
          throw hostileThings()[name];
        };
        const rejecting = async () => unary();
        for (const onError of [undefined, unary, rejecting]) {
          await using s = await serving({ unary }, { onError });
          await assert.rejects(s.client.unary({}), ConnectError);
          await new Promise(setImmediate);
          assert.ok(lines.splice(0).length >= 1);
          await assertServes(s);
        }
      });
    }
  });

  describe("the reason of a caller's abort", () => {
    for (const name of Object.keys(hostileThings())) {
      it(`${name}: ends the call with Canceled`, async () => {
        for (const channelOptions of [{}, throughInterceptor, { streamIdleMs: 60_000 }] satisfies ChannelOptions[]) {
          await using t = await setUp(
            pair,
            {
              routes: (r) =>
                r.service(EchoService, {
                  unary: hang,
                  clientStream: hang,
                  serverStream: () => ({ [Symbol.asyncIterator]: () => ({ next: hang }) }),
                }),
            },
            channelOptions,
          );
          const controller = new AbortController();
          const { signal } = controller;
          const outcomes = [
            t.client.unary({}, { signal }),
            t.client.clientStream((async function* () {})(), { signal }),
            all(t.client.serverStream({}, { signal })),
          ];
          const settled = Promise.allSettled(outcomes);
          await new Promise(setImmediate);
          controller.abort(hostileThings()[name]);
          for (const [i, outcome] of (await settled).entries()) {
            assert.equal(outcome.status, "rejected");
            assert.ok(outcome.reason instanceof ConnectError, `outcome ${i} is no ConnectError`);
          }
          await assert.rejects(t.client.unary({}, { signal }), ConnectError);
          await assertServes(t);
        }
      });
    }
  });

  describe("what a caller's interceptor throws", () => {
    for (const name of Object.keys(hostileThings())) {
      it(`${name}: fails its call with a ConnectError`, async () => {
        const thrown = () => {
          throw hostileThings()[name];
        };
        for (const interceptors of [[() => thrown], [() => async () => thrown()], [retry(), () => thrown]]) {
          await using t = await setUp(pair, {}, { interceptors: interceptors as never });
          await assert.rejects(t.client.unary({}), ConnectError);
          await assert.rejects(all(t.client.serverStream({})), ConnectError);
        }
      });
    }
  });
}
