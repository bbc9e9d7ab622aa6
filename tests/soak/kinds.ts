import { Code, ConnectError } from "@connectrpc/connect";
import type { EchoClient } from "../faults/fault.js";
import { all, iterate } from "../support/expect.js";

/** A kind of call, and its share of all calls. Resolves when the call has ended as expected, and throws otherwise. */
export interface Kind {
  readonly name: string;
  readonly weight: number;
  run(echo: EchoClient): Promise<void>;
}

const hang = { hang: true };

export const kinds: readonly Kind[] = [
  {
    name: "unary",
    weight: 60,
    run: async (echo) => same((await echo.unary({ text: "u", payload: new Uint8Array(64) })).text, "u"),
  },
  {
    name: "large unary",
    weight: 2,
    run: async (echo) => same((await echo.unary({ responseSize: 100_000 })).payload.length, 100_000),
  },
  {
    name: "server stream",
    weight: 8,
    run: async (echo) => same((await all(echo.serverStream({ count: 5, text: "s" }))).length, 5),
  },
  {
    name: "client stream",
    weight: 5,
    run: async (echo) => same((await echo.clientStream(iterate([{ text: "a" }, { text: "b" }]))).text, "ab"),
  },
  {
    name: "bidi stream",
    weight: 5,
    run: async (echo) => same((await all(echo.bidiStream(iterate([{}, {}, {}])))).length, 3),
  },
  {
    name: "error",
    weight: 8,
    run: (echo) => ends(echo.unary({ fault: { code: Code.NotFound, message: "no" } }), Code.NotFound),
  },
  { name: "crash", weight: 2, run: (echo) => ends(echo.unary({ fault: { crash: true } }), Code.Internal) },
  {
    name: "deadline",
    weight: 3,
    run: (echo) => ends(echo.unary({ fault: hang }, { timeoutMs: 2 }), Code.DeadlineExceeded),
  },
  {
    name: "cancelled unary",
    weight: 4,
    async run(echo) {
      const controller = new AbortController();
      const call = echo.unary({ fault: hang }, { signal: controller.signal });
      setImmediate(() => controller.abort());
      await ends(call, Code.Canceled);
    },
  },
  {
    name: "cancelled stream",
    weight: 2,
    async run(echo) {
      const controller = new AbortController();
      const responses = echo.serverStream({ count: 1, fault: { after: 1, hang: true } }, { signal: controller.signal });
      await ends(
        (async () => {
          for await (const _ of responses) {
            controller.abort();
          }
        })(),
        Code.Canceled,
      );
    },
  },
  {
    name: "abandoned stream",
    weight: 1,
    async run(echo) {
      for await (const _ of echo.serverStream({ count: 200, responseSize: 1_000 })) {
        break;
      }
    },
  },
];

function same(found: unknown, expected: unknown): void {
  if (found !== expected) {
    throw new Error(`${found} instead of ${expected}`);
  }
}

async function ends(call: Promise<unknown>, code: Code): Promise<void> {
  const error = await call.then(
    () => new Error("succeeded"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConnectError && error.code === code)) {
    throw new Error(`instead of ${Code[code]}: ${error}`);
  }
}
