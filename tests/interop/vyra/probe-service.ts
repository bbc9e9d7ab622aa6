import { setTimeout as delay } from "node:timers/promises";
import { type Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { ErrorReasonSchema, type FailRequest, type ProbeService } from "../../gen/grpc/testing/vyra/probe_pb.js";
import { entriesOf } from "./metadata.js";

/** How long `Ended` waits until a handler has noticed the end of its call, in milliseconds. */
const patienceMs = 2_000;

/** What a server of ours sees of a call. */
export function createProbe(): ServiceImpl<typeof ProbeService> {
  const ended = new Set<string>();

  async function hang(key: string, { signal }: HandlerContext): Promise<never> {
    if (!signal.aborted) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    }
    ended.add(key);
    throw signal.reason;
  }

  return {
    observe(_request, ctx) {
      echo(ctx);
      return observe(ctx);
    },
    async *observeStream(requests, ctx) {
      echo(ctx);
      for await (const _ of requests) {
        yield observe(ctx);
      }
    },
    fail(request, ctx) {
      echo(ctx);
      throw failure(request);
    },
    async *failStream(request, ctx) {
      echo(ctx);
      for (let i = 0; i < request.after; i++) {
        yield {};
      }
      throw failure(request);
    },
    hang: (request, ctx) => hang(request.key, ctx),
    async *hangStream(requests, ctx) {
      let key = "";
      try {
        for await (const request of requests) {
          key = request.key;
          yield {};
        }
        await hang(key, ctx);
      } finally {
        // The stream of requests fails when the call is cancelled. Otherwise its reader stops early.
        ended.add(key);
      }
    },
    async ended({ key }) {
      const giveUpAt = Date.now() + patienceMs;
      while (!ended.has(key) && Date.now() < giveUpAt) {
        await delay(10);
      }
      return { ended: ended.has(key) };
    },
  };
}

function echo(ctx: HandlerContext): void {
  for (const [key, value] of ctx.requestHeader) {
    if (key.startsWith("x-head-")) {
      ctx.responseHeader.append(key, value);
    }
    if (key.startsWith("x-tail-")) {
      ctx.responseTrailer.append(key, value);
    }
  }
}

function observe(ctx: HandlerContext) {
  const metadata = entriesOf(ctx.requestHeader)
    .filter(([key]) => key.startsWith("x-"))
    .map(([key, value]) => ({ key, value }));
  const timeoutMs = ctx.timeoutMs();
  return timeoutMs === undefined ? { metadata } : { metadata, timeoutMs: BigInt(Math.round(timeoutMs)) };
}

function failure({ code, message, detail }: FailRequest): ConnectError {
  const details = detail === undefined ? [] : [{ desc: ErrorReasonSchema, value: detail }];
  return new ConnectError(message, code as Code, undefined, details);
}
