import type { DescMethod, DescMethodUnary, Message } from "@bufbuild/protobuf";
import { callMethod, streamOf } from "../../server/call-method.js";
import { type Connection, failureAt } from "../../server/connection.js";
import { interrupted, pause } from "../../terminal/interrupt.js";
import { OpenLoop } from "./open-loop.js";
import { Tally } from "./tally.js";

/** A load: the call to make, how many of them run at a time, and for how long. */
export interface Load {
  readonly connection: Connection;
  readonly method: DescMethod;
  /** The requests of each call: exactly one, unless the method takes a stream of requests. */
  readonly requests: readonly Message[];
  readonly headers: Headers;
  /** The timeout of each call, in milliseconds; undefined for none. */
  readonly timeoutMs: number | undefined;
  /** The number of calls that are open at a time; with a rate, the most that are. */
  readonly concurrency: number;
  /** Calls are started at this rate per second, whatever the earlier ones do. */
  readonly rate: number | undefined;
  /** Calls during this time do not count: meanwhile V8 compiles the code, and connections open. */
  readonly warmUpMs: number;
  readonly durationMs: number;
  /** Called about every 100 ms. */
  readonly onProgress: (progress: Progress) => void;
}

export interface Progress {
  readonly phase: "warming up" | "measuring";
  readonly elapsedMs: number;
  readonly totalMs: number;
  readonly calls: number;
  readonly errors: number;
  /** The rate since the current interval began. `p50Ms` is the median latency of the same interval. */
  readonly callsPerSecond: number;
  readonly p50Ms: number;
}

/** The number of intervals that the measured time is divided into, for the charts over time. */
const intervals = 50;

const progressEveryMs = 100;

/** When the time is up, open calls have this long to end before they are cancelled. */
const graceMs = 1_000;

/** The pause after a call that did not reach the server. Without it, most of the load would be failing calls. */
const pauseWhenUnreachableMs = 20;

/**
 * Makes calls for the given time or until Ctrl-C: at a rate, or else so that `concurrency` calls are always open, each
 * followed by the next as soon as it ends. Closes the connection at the end.
 */
export async function runLoad(load: Load): Promise<{ tally: Tally; measuredMs: number }> {
  const callOnce = callerOf(load);
  let tally = new Tally();
  let isOver = false;
  const { rate } = load;

  const workers = rate === undefined ? Promise.all(Array.from({ length: load.concurrency }, work)) : undefined;
  if (load.warmUpMs > 0) {
    await run("warming up", load.warmUpMs);
    tally = new Tally();
  }
  await run("measuring", load.durationMs);
  isOver = true;
  const measuredMs = tally.elapsedMs;
  await Promise.race([workers, new Promise((resolve) => setTimeout(resolve, graceMs))]);
  await load.connection.transport.close();
  return { tally, measuredMs };

  /** With a rate, each phase has its own schedule, so that calls that wait do not delay those of the next phase. */
  async function run(phase: Progress["phase"], totalMs: number): Promise<void> {
    const own = tally;
    const isCurrent = () => own === tally && !isOver;
    const loop = rate && new OpenLoop(rate, load.concurrency, (dueAt) => make(dueAt, isCurrent));
    await watch(phase, totalMs);
    if (loop) {
      loop.stop();
      tally.unmade = loop.unmade;
    }
  }

  async function work(): Promise<void> {
    while (!isOver) {
      await make(performance.now(), () => !isOver);
    }
  }

  /** Makes a call whose latency begins at a time, and counts it if it still matters when it ends. */
  async function make(since: number, matters: () => boolean): Promise<void> {
    try {
      const messages = await callOnce();
      if (matters()) {
        tally.succeeded(performance.now() - since, messages);
      }
    } catch (error) {
      if (matters()) {
        await failed(error); // otherwise it may have failed because the load is over
      }
    }
  }

  async function failed(error: unknown): Promise<void> {
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

/**
 * Returns a function that makes one call, waits for its end, and resolves to the number of messages received. Unary
 * calls, the common case, go straight to the transport.
 */
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
    const answer = await callMethod(connection, method, streamOf(requests), { headers, timeoutMs });
    let messages = 0;
    for await (const _ of answer.messages) {
      messages += 1;
    }
    return messages;
  };
}
