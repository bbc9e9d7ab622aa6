import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createContextKey, type Interceptor, type UnaryRequest } from "@connectrpc/connect";
import { deadline, logging, retry } from "@vyra/ipc";
import { FaultSchema } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { describePairs, setUp } from "../support/engines.js";
import { all, failure, iterate, until } from "../support/expect.js";
import { hostileThings } from "../support/hostile.js";

leaveNothingBehind();

type Request = Parameters<ReturnType<Interceptor>>[0];

/** The properties of Connect's requests. */
const properties = [
  "contextValues",
  "header",
  "message",
  "method",
  "requestMethod",
  "service",
  "signal",
  "stream",
  "url",
] as const;

/** Returns an interceptor that passes on what `change` makes of the request. */
function changing(change: (req: Request) => Request): Interceptor {
  return (next) => (req) => next(change(req));
}

/** Returns an interceptor that keeps what it sees. */
function seeing(seen: Request[]): Interceptor {
  return changing((req) => {
    seen.push(req);
    return req;
  });
}

/** Sets up a server and a client, one of which has these interceptors. */
function setUpOn(side: "client" | "server", pair: Parameters<typeof setUp>[0], interceptors: Interceptor[]) {
  return side === "client" ? setUp(pair, {}, { interceptors }) : setUp(pair, { interceptors });
}

describePairs("an interceptor", (pair) => {
  for (const side of ["client", "server"] as const) {
    const setUpWith = (...interceptors: Interceptor[]) => setUpOn(side, pair, interceptors);

    it(`of the ${side} sees all properties as the request's own`, async () => {
      const seen: Request[] = [];
      await using t = await setUpWith(seeing(seen));
      await t.client.unary({ text: "a" });
      const [req] = seen as [UnaryRequest];
      assert.deepEqual(Object.keys(req).sort(), properties);
      const copy = { ...req };
      for (const name of properties) {
        assert.equal(copy[name], req[name], name);
      }
      assert.ok(req.signal instanceof AbortSignal);
      assert.ok(req.header instanceof Headers);
      assert.ok(Object.create(req).signal === req.signal);
    });

    it(`of the ${side} can pass on a copy of the request`, async () => {
      await using t = await setUpWith(
        changing((req) => ({ ...req })),
        changing((req) => Object.assign({}, req)),
      );
      assert.equal((await t.client.unary({ text: "a" })).text, "a");
      assert.equal((await all(t.client.serverStream({ count: 3 }))).length, 3);
    });

    it(`of the ${side} can pass on a proxy of the request`, async () => {
      const seen: AbortSignal[] = [];
      await using t = await setUpWith(
        changing((req) => new Proxy(req, {})),
        changing((req) => {
          seen.push(req.signal, new Proxy(req, {}).signal);
          return { ...new Proxy(req, {}) };
        }),
      );
      assert.equal((await t.client.unary({ text: "a" })).text, "a");
      assert.equal((await all(t.client.serverStream({ count: 3 }))).length, 3);
      assert.equal((await t.client.clientStream(iterate([{ text: "b" }]))).text, "b");
      for (let i = 0; i < seen.length; i += 2) {
        assert.equal(seen[i], seen[i + 1]);
      }
    });

    it(`of the ${side} can add a listener that throws, which ends neither the call nor the process`, async (s) => {
      const lines = s.mock.method(console, "error", () => {});
      let told = 0;
      await using t = await setUpWith(
        changing((req) => {
          req.signal.addEventListener("abort", () => {
            told++;
            throw hostileThings()["a proxy whose traps throw"];
          });
          return req;
        }),
      );
      const limits = { timeoutMs: 50 };
      const fault = { hang: true };
      await failure(t.client.unary({ fault }, limits), Code.DeadlineExceeded);
      await failure(all(t.client.serverStream({ fault }, limits)), Code.DeadlineExceeded);
      await failure(t.client.clientStream(iterate([{ fault }]), limits), Code.DeadlineExceeded);
      await failure(all(t.client.bidiStream(iterate([{ fault }]), limits)), Code.DeadlineExceeded);
      await failure(all(t.client.serverStream({ fault: { code: Code.Aborted } })), Code.Aborted);
      const count = () => (side === "client" ? lines.mock.callCount() : t.reported.length);
      await until(() => told === 5 && count() >= 5, "the reports of all listeners");
    });

    it(`of the ${side} can replace headers, message and signal`, async () => {
      const { signal } = new AbortController();
      await using t = await setUpWith(
        changing((req) => ({ ...req, header: new Headers([...req.header, ["echo-a", "1"]]) })),
        changing((req) => {
          req.header.append("echo-a", "2");
          return req.stream
            ? req
            : { ...req, message: { ...req.message, text: "other" } as typeof req.message, signal };
        }),
      );
      let answered: string | null = null;
      const onHeader = (header: Headers) => {
        answered = header.get("echo-a");
      };
      assert.equal((await t.client.unary({ text: "a" }, { onHeader })).text, "other");
      assert.equal(answered, "1, 2");
    });

    // With Connect's own client, what `deadline()` shows the others is aborted only at the deadline.
    const isAbortedAtEnd = side === "server" || pair.client === "direct";
    const atEnd = isAbortedAtEnd ? "when the call is over" : "at the deadline, and not after success";
    it(`of the ${side} sees the signal aborted ${atEnd}`, async () => {
      const signals: AbortSignal[] = [];
      const seen: Request[] = [];
      await using t = await setUpWith(
        changing((req) => {
          signals.push(req.signal);
          return req;
        }),
        seeing(seen),
      );
      await t.client.unary({});
      const [signal] = signals as [AbortSignal];
      await until(() => signal.aborted === isAbortedAtEnd, "the end of the call");
      assert.equal(seen[0]?.signal, signal);
      await failure(t.client.unary({ fault: { hang: true } }, { timeoutMs: 50 }), Code.DeadlineExceeded);
      const late = signals[1] as AbortSignal;
      await until(() => late.aborted, "the deadline");
    });

    it(`of the ${side} reads the signal of a call that is over, if it has not read it before`, async () => {
      const seen: Request[] = [];
      await using t = await setUpWith(seeing(seen));
      await t.client.unary({});
      await until(() => (seen[0] as Request).signal.aborted === isAbortedAtEnd, "the end of the call");
    });

    it(`of the ${side} passes context values to inner ones only by the request`, async () => {
      const key = createContextKey("none");
      const found: string[] = [];
      await using t = await setUpWith(
        changing((req) => {
          req.contextValues.set(key, "outer");
          return req;
        }),
        changing((req) => {
          found.push(req.contextValues.get(key));
          req.contextValues.delete(key);
          found.push(req.contextValues.get(key));
          return req;
        }),
      );
      await t.client.unary({});
      assert.deepEqual(found, ["outer", "none"]);
    });

    it(`of the ${side} can replace the response or its parts`, async () => {
      await using t = await setUpWith((next) => async (req) => {
        const res = await next(req);
        return res.stream ? res : { ...res, message: { ...res.message, text: "changed" } as typeof res.message };
      });
      assert.equal((await t.client.unary({ text: "a" })).text, "changed");
    });

    it(`of the ${side} can change the response message in place`, async () => {
      await using t = await setUpWith((next) => async (req) => {
        const res = await next(req);
        Object.assign(res.message, { text: "changed" });
        return res;
      });
      assert.equal((await t.client.unary({ text: "a" })).text, "changed");
    });

    it(`of the ${side} that returns what cannot be read fails the call, and nothing else`, async () => {
      let returned: unknown;
      await using t = await setUpWith(
        (next) => (req) => next(req),
        logging({ debug() {}, info() {}, warn() {}, error() {} }),
        (next) => async (req) => {
          await next(req);
          return returned as never;
        },
      );
      for (const thing of Object.values(hostileThings())) {
        returned = thing;
        await Promise.allSettled([t.client.unary({})]); // some of them have a property "message"
      }
      const refuse = () => {
        throw new Error("not to be read");
      };
      returned = Object.defineProperty({ stream: false, header: new Headers(), trailer: new Headers() }, "message", {
        get: refuse,
      });
      await assert.rejects(t.client.unary({}));
    });

    it(`of the ${side} can read some responses of a stream before it passes them on`, async () => {
      const seen: unknown[] = [];
      await using t = await setUpWith((next) => async (req) => {
        const res = await next(req);
        if (!res.stream) {
          return res;
        }
        async function* counted(messages: AsyncIterable<object>) {
          for await (const message of messages) {
            seen.push((message as { $typeName?: string }).$typeName);
            yield message;
          }
        }
        return { ...res, message: counted(res.message) } as typeof res;
      });
      assert.equal((await all(t.client.serverStream({ count: 3 }))).length, 3);
      assert.deepEqual(seen, Array(3).fill("vyra.test.EchoResponse"));
    });
  }

  it("can make several attempts, at once and one after another", async () => {
    await using t = await setUp(
      pair,
      {},
      {
        interceptors: [
          (next) => async (req) => {
            const first = await next(req);
            assert.equal(first.stream, false);
            const [second] = await Promise.all([next(req), next(req)]);
            return second as typeof first;
          },
        ],
      },
    );
    assert.equal((await t.client.unary({ text: "a" })).text, "a");
    assert.equal(t.echo.calls, 3);
  });

  it("can return an attempt and make another one, whose failure is its own", async () => {
    let other: Promise<unknown> | undefined;
    await using t = await setUp(
      pair,
      {},
      {
        interceptors: [
          (next) => (req) => {
            const first = next(req);
            if (!req.stream) {
              const fault = create(FaultSchema, { code: Code.Aborted });
              const failing = { ...req.message, fault } as typeof req.message;
              other = next({ ...req, message: failing });
              other.catch(() => {}); // it is looked at later
            }
            return first;
          },
        ],
      },
    );
    assert.equal((await t.client.unary({ text: "a", delayMs: 30 })).text, "a");
    assert.ok(other !== undefined);
    await assert.rejects(other);
  });

  it("that returns the promise of a failing attempt fails the call, and leaves no unhandled rejection", async () => {
    await using t = await setUp(pair, {}, { interceptors: [(next) => (req) => next(req)] });
    await failure(t.client.unary({ fault: { code: Code.Aborted } }), Code.Aborted);
    await failure(
      t.client.unary({}, { signal: AbortSignal.abort(new ConnectError("no", Code.Aborted)) }),
      Code.Aborted,
    );
  });

  it("that never answers does not outlive the deadline", async () => {
    await using t = await setUp(pair, {}, { interceptors: [() => () => new Promise(() => {})] });
    await failure(t.client.unary({}, { timeoutMs: 30 }), Code.DeadlineExceeded);
  });

  it("ends all its attempts with the call", async () => {
    await using t = await setUp(
      pair,
      {},
      {
        interceptors: [(next) => async (req) => (await Promise.all([next(req), next(req)]))[0]],
      },
    );
    const controller = new AbortController();
    const call = t.client.unary({ fault: { hang: true } }, { signal: controller.signal });
    await until(() => t.echo.calls === 2, "both attempts");
    controller.abort();
    await failure(call, Code.Canceled);
    await until(
      () => Object.values(t.server.stats().methods).every(({ inFlight }) => inFlight === 0),
      "the end of both attempts",
    );
  });

  it("inside of retry() changes only the headers of its attempt", async () => {
    const counts: (string | null)[] = [];
    const outside: (string | null)[] = [];
    await using t = await setUp(
      pair,
      {},
      {
        interceptors: [
          (next) => async (req) => {
            try {
              return await next(req);
            } finally {
              outside.push(req.header.get("x-attempt"));
            }
          },
          retry({ maxAttempts: 3, initialBackoffMs: 1, retryableCodes: [Code.Aborted] }),
          changing((req) => {
            req.header.append("x-attempt", "1");
            counts.push(req.header.get("x-attempt"));
            return req;
          }),
        ],
      },
    );
    await failure(t.client.unaryIdempotent({ fault: { code: Code.Aborted } }), Code.Aborted);
    assert.deepEqual(counts, ["1", "1", "1"]);
    assert.deepEqual(outside, [null]);
  });
});

describe("the request that the direct engine passes to interceptors", () => {
  const pair = { client: "direct", server: "direct" } as const;

  it("takes another signal by assignment, as an object of a program without types", async () => {
    const controller = new AbortController();
    await using t = await setUp(
      pair,
      {},
      {
        interceptors: [
          changing((req) => Object.assign(req, { signal: controller.signal })),
          retry(), // which passes on a request with other headers
          changing((req) => {
            assert.equal(req.signal, controller.signal);
            return req;
          }),
        ],
      },
    );
    const call = t.client.unary({ fault: { hang: true } });
    await until(() => t.echo.calls === 1, "the call");
    controller.abort(new ConnectError("enough", Code.Aborted));
    await failure(call, Code.Aborted);
  });

  for (const side of ["client", "server"] as const) {
    it(`of a ${side} keeps its signal when it is frozen`, async () => {
      const interceptors = [
        changing((req) => {
          Object.freeze(req);
          assert.throws(() => Object.assign(req, { signal: AbortSignal.abort() }), TypeError);
          assert.equal(req.signal.aborted, false);
          return req;
        }),
      ];
      await using t = await setUpOn(side, pair, interceptors);
      assert.equal((await t.client.unary({ text: "a" })).text, "a");
    });

    it(`of a ${side} takes another signal by assignment to a proxy of it`, async () => {
      const mine = new AbortController().signal;
      const interceptors = [
        changing((req) => {
          Object.assign(new Proxy(req, {}), { signal: mine });
          return req;
        }),
        retry(), // which passes on a request with other headers
        changing((req) => {
          assert.equal(req.signal, mine);
          return req;
        }),
      ];
      await using t = await setUpOn(side, pair, interceptors);
      assert.equal((await t.client.unary({ text: "a" })).text, "a");
    });

    it(`of a ${side} has its signal aborted at the end of a call inside of deadline()`, async () => {
      const signals: AbortSignal[] = [];
      const interceptors = [
        deadline({ timeoutMs: 60_000 }),
        changing((req) => {
          signals.push(req.signal);
          return req;
        }),
      ];
      await using t = await setUpOn(side, pair, interceptors);
      await t.client.unary({});
      await failure(t.client.unary({ fault: { code: Code.Aborted } }), Code.Aborted);
      await until(() => signals.length === 2 && signals.every(({ aborted }) => aborted), "the end of both calls");
    });
  }

  it("may be passed on without a signal", async () => {
    const without = changing((req) => ({ ...req, signal: undefined as never }));
    await using t = await setUp(pair, {}, { interceptors: [without] });
    assert.equal((await t.client.unary({ text: "a" })).text, "a");
    assert.equal((await all(t.client.serverStream({ count: 3 }))).length, 3);
    await using late = await setUp(
      pair,
      {},
      {
        interceptors: [
          (next) => async (req) => next(await Promise.resolve({ ...req, signal: undefined as never })),
          without,
        ],
      },
    );
    assert.equal((await late.client.unary({ text: "a" })).text, "a");
  });

  it("sends the remaining time with each attempt", async () => {
    const waits = [0, 300];
    const got: number[] = [];
    await using t = await setUp(
      pair,
      {},
      {
        interceptors: [
          (next) => async (req) => {
            let res: Awaited<ReturnType<typeof next>> | undefined;
            for (const ms of waits) {
              await new Promise((resolve) => setTimeout(resolve, ms));
              res = await next(req);
              got.push(t.echo.last?.timeoutMs() ?? 0);
            }
            return res as NonNullable<typeof res>;
          },
        ],
      },
    );
    await t.client.unary({}, { timeoutMs: 60_000 });
    const [first, second] = got as [number, number];
    assert.ok(first <= 60_000 && second <= 59_701 && second > 0, `${got}`);
  });
});
