/**
 * What has been counted of the calls of a server or a channel, for whoever asks. Nothing is paid for what nobody reads: a call
 * costs two increments, and no clock is looked at until somebody has asked for the first time.
 *
 * Whoever runs calls tells the `MethodCalls` of the method when one starts and when it ends.
 */
import type { DescMethod } from "@bufbuild/protobuf";
import type { Code, Interceptor } from "@connectrpc/connect";
import { type StatusName, statusNames } from "../grpc/index.js";
import { observed } from "../interceptors/observe.js";
import { performance } from "../time/real-timers.js";
import { Histogram, type LatencyStats } from "./histogram.js";

export { type LatencyStats, latencyBoundsMs } from "./histogram.js";

/** What has been counted of calls. */
export interface CallStats {
  /** Calls that have started and not ended yet. */
  readonly inFlight: number;
  /** Each method that has been called, by its full name, `package.Service/Method`. */
  readonly methods: Readonly<Record<string, MethodStats>>;
}

export interface MethodStats {
  /** Calls that have started, those in flight included. */
  readonly started: number;
  readonly inFlight: number;
  /** Calls that have ended, by the name of their status, as gRPC writes it: `OK`, `DEADLINE_EXCEEDED`. */
  readonly ended: Readonly<Partial<Record<StatusName, number>>>;
  /** How long those took that started after stats were first asked for; undefined as long as there are none. */
  readonly latency: LatencyStats | undefined;
}

/** What a server holds in memory of what waits, in bytes, with what V8 needs to hold it. */
export interface MemoryStats {
  /** Messages that have come and that no handler has read yet. */
  readonly unreadBytes: number;
  /** Messages that are not whole yet, or are being decompressed. */
  readonly unfinishedBytes: number;
  /** Answers that callers do not take yet. */
  readonly waitingBytes: number;
  /** The fields of open calls, where those are long. */
  readonly fieldBytes: number;
  /** What all of it together may be: `maxHeldBytes`. */
  readonly limitBytes: number;
}

/** What has been counted of a server. */
export interface ServerStats extends CallStats {
  /** How long it has been there. */
  readonly uptimeMs: number;
  /** Connections that are open now. */
  readonly connections: number;
  readonly acceptedConnections: number;
  /** What it holds of what waits; undefined with engine `"node"`, where Node.js holds it and does not tell. */
  readonly memory: MemoryStats | undefined;
}

/** Counts calls, each method's on their own. */
export class CallCounter {
  readonly #methods = new Map<string, MethodCalls>();
  readonly #clock = { isRunning: false };

  of({ parent, name }: DescMethod): MethodCalls {
    const fullName = `${parent.typeName}/${name}`;
    let calls = this.#methods.get(fullName);
    if (calls === undefined) {
      calls = new MethodCalls(this.#clock);
      this.#methods.set(fullName, calls);
    }
    return calls;
  }

  /** What has been counted. From now on calls are timed as well. */
  snapshot(): CallStats {
    this.#clock.isRunning = true;
    const methods: Record<string, MethodStats> = {};
    let inFlight = 0;
    for (const [name, calls] of this.#methods) {
      const stats = calls.snapshot();
      if (stats.started > 0) {
        methods[name] = stats;
        inFlight += stats.inFlight;
      }
    }
    return { inFlight, methods };
  }
}

/** Counts the calls of one method. */
export class MethodCalls {
  #started = 0;
  /** By status code. No integers of 32 bits, which would be full within a day. */
  readonly #ended = new Float64Array(statusNames.length);
  #latency: Histogram | undefined;

  constructor(private readonly clock: { readonly isRunning: boolean }) {}

  /** A call has started. Returns when, for `end()`; 0 as long as nobody wants to know how long it takes. */
  start(): number {
    this.#started++;
    return this.clock.isRunning ? performance.now() : 0;
  }

  /** It has ended; 0 is OK. */
  end(code: Code | 0, startedAt: number): void {
    this.#ended[code] = (this.#ended[code] as number) + 1;
    if (startedAt !== 0) {
      this.#latency ??= new Histogram();
      this.#latency.add(performance.now() - startedAt);
    }
  }

  snapshot(): MethodStats {
    const ended: Partial<Record<StatusName, number>> = {};
    let inFlight = this.#started;
    for (const [code, name] of statusNames.entries()) {
      const count = this.#ended[code] as number;
      if (count > 0) {
        ended[name] = count;
        inFlight -= count;
      }
    }
    return { started: this.#started, inFlight, ended, latency: this.#latency?.snapshot() };
  }
}

/** Counts calls that go through interceptors. */
export function counting(counter: CallCounter, unexpectedCode: Code): Interceptor {
  return (next) => (req) => {
    const calls = counter.of(req.method);
    const startedAt = calls.start();
    return observed(next, req, unexpectedCode, { onEnd: (error) => calls.end(error?.code ?? 0, startedAt) });
  };
}
