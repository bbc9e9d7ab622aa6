import type { DescMethod, DescMethodUnary, Message } from "@bufbuild/protobuf";
import { callMethod } from "../../server/call-method.js";
import { type Connection, failureAt } from "../../server/connection.js";
import { interrupted, pause } from "../../terminal/interrupt.js";
import { Tally } from "./tally.js";

/** What to do, how often at a time, and for how long. */
export interface Load {
  readonly connection: Connection;
  readonly method: DescMethod;
  /** The requests of each call; one, but for a stream of requests. */
  readonly requests: readonly Message[];
  readonly headers: Headers;
  /** The time limit of each call; undefined for none. */
  readonly timeoutMs: number | undefined;
  readonly concurrency: number;
  /** Calls in this time do not count: code gets compiled, connections get opened. */
  readonly warmUpMs: number;
  readonly durationMs: number;
  /** Told several times a second. */
  readonly onProgress: (progress: Progress) => void;
}

export interface Progress {
  readonly phase: "warming up" | "measuring";
  readonly elapsedMs: number;
  readonly totalMs: number;
  readonly calls: number;
  readonly errors: number;
  /** In the current stretch of time. */
  readonly callsPerSecond: number;
  readonly p50Ms: number;
}

/** How many stretches the time is divided into, for curves over time. */
const intervals = 50;

const progressEveryMs = 100;

/** How long calls that are under way when the time is up may take to end before they are cancelled, in milliseconds. */
const graceMs = 1_000;

/** After a call that did not reach the server: else the load would be on the making of errors. */
const pauseWhenUnreachableMs = 20;

/**
 * Makes calls, so many at a time, each as soon as the one before it has ended, for the time given or until Ctrl-C. Ends the
 * connection when it is done.
 */
export async function runLoad(load: Load): Promise<{ tally: Tally; measuredMs: number }> {
  const callOnce = callerOf(load);
  let tally = new Tally();
  let isOver = false;

  const workers = Promise.all(Array.from({ length: load.concurrency }, work));
  if (load.warmUpMs > 0) {
    await watch("warming up", load.warmUpMs);
    tally = new Tally();
  }
  await watch("measuring", load.durationMs);
  isOver = true;
  const measuredMs = tally.elapsedMs;
  await Promise.race([workers, new Promise((resolve) => setTimeout(resolve, graceMs))]);
  await load.connection.transport.close();
  return { tally, measuredMs };

  async function work(): Promise<void> {
    while (!isOver) {
      const startedAt = performance.now();
      try {
        const messages = await callOnce();
        if (!isOver) {
          tally.succeeded(performance.now() - startedAt, messages);
        }
      } catch (error) {
        await failed(error);
      }
    }
  }

  async function failed(error: unknown): Promise<void> {
    if (isOver) {
      return; // perhaps by our own doing
    }
    const { kind, status, message } = failureAt(load.connection, error);
    if (kind === "unreachable") {
      tally.failedWith("UNREACHABLE", message);
      await pause(pauseWhenUnreachableMs);
    } else {
      tally.failedWith(status?.code ?? kind, status?.message ?? message);
    }
  }

  async function watch(phase: Progress["phase"], totalMs: number): Promise<void> {
    const intervalMs = Math.max(progressEveryMs, totalMs / intervals);
    while (tally.elapsedMs < totalMs && !interrupted.aborted) {
      await pause(Math.min(progressEveryMs, totalMs - tally.elapsedMs));
      const { fromMs, toMs, calls, p50Ms } = tally.current();
      const callsPerSecond = (calls / (toMs - fromMs)) * 1_000;
      const { elapsedMs, failed: errors } = tally;
      load.onProgress({ phase, elapsedMs, totalMs, calls: tally.calls, errors, callsPerSecond, p50Ms });
      if (toMs - fromMs >= Math.min(intervalMs, totalMs) - progressEveryMs / 2) {
        tally.closeInterval();
      }
    }
  }
}

/** One call, to its end; tells how many messages came back. Unary calls, which are the most, take the shortest way. */
function callerOf({ connection, method, requests, headers, timeoutMs }: Load): () => Promise<number> {
  if (method.methodKind === "unary") {
    const { transport } = connection;
    const [request] = requests;
    const header = [...headers].length === 0 ? undefined : headers;
    return async () => {
      await transport.unary(method as DescMethodUnary, undefined, timeoutMs, header, request as Message);
      return 1;
    };
  }
  return async () => {
    const answer = await callMethod(connection, method, each(requests), { headers, timeoutMs });
    let messages = 0;
    for await (const _ of answer.messages) {
      messages += 1;
    }
    return messages;
  };
}

async function* each(requests: readonly Message[]): AsyncIterable<Message> {
  yield* requests;
}
