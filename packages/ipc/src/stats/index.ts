/**
 * Counts of the calls of a server or channel. Their cost is low: a call takes two increments, and no clock is read
 * until statistics have been requested for the first time. Only counting belongs here; reporting belongs to
 * `services/stats` and `interceptors`.
 *
 * Code that runs calls must tell the `MethodCalls` of the method when a call starts and when it ends.
 */
import type { DescMethod } from "@bufbuild/protobuf";
import type { Code, Interceptor } from "@connectrpc/connect";
import { methodName, type StatusName, statusNames } from "../grpc/index.js";
import { observed } from "../interceptors/observe.js";
import { performance } from "../time/real-timers.js";
import { Histogram, type LatencyStats } from "./histogram.js";

export { type LatencyStats, latencyBoundsMs } from "./histogram.js";

/** The counts of a channel's or server's calls. */
export interface CallStats {
  /** The number of calls that have started and not yet ended. */
  readonly inFlight: number;
  /** The methods that have been called, by full name, `package.Service/Method`. */
  readonly methods: Readonly<Record<string, MethodStats>>;
}

/** The counts of one method. */
export interface MethodStats {
  /** The number of calls that have started, including those in flight. */
  readonly started: number;
  /** The number of calls that have started and not yet ended. */
  readonly inFlight: number;
  /** The number of calls that have ended, by the name of their status as gRPC writes it: `OK`, `DEADLINE_EXCEEDED`. */
  readonly ended: Readonly<Partial<Record<StatusName, number>>>;
  /** The latency of those calls that started after statistics were first requested; undefined if there are none. */
  readonly latency: LatencyStats | undefined;
}

/** The memory in which data wait on a server's or channel's connections, in bytes, including V8's overhead. */
export interface MemoryStats {
  /** Messages that have been received and not yet read. */
  readonly unreadBytes: number;
  /** Messages that are incomplete or being decompressed. */
  readonly unfinishedBytes: number;
  /** Messages that wait to be sent because the peer does not read. */
  readonly waitingBytes: number;
  /** Header fields of open calls, if they are long. */
  readonly fieldBytes: number;
  /** The limit of the sum: `maxHeldBytes` of a server, and `maxUnreadBytes` for each connection of a channel. */
  readonly limitBytes: number;
}

/** The counts of a server. */
export interface ServerStats extends CallStats {
  /** The time since the server was created, in milliseconds. */
  readonly uptimeMs: number;
  /** The number of connections that are open now. */
  readonly connections: number;
  /** The number of connections that have been accepted so far. */
  readonly acceptedConnections: number;
  /** The memory in which data wait; undefined with engine `"node"`, where Node.js holds them and does not report it. */
  readonly memory: MemoryStats | undefined;
}

/** Counts calls by method. */
export class CallCounter {
  readonly #methods = new Map<string, MethodCalls>();
  readonly #clock = { isRunning: false };

  of(method: DescMethod): MethodCalls {
    const fullName = methodName(method);
    let calls = this.#methods.get(fullName);
    if (calls === undefined) {
      calls = new MethodCalls(this.#clock);
      this.#methods.set(fullName, calls);
    }
    return calls;
  }

  /** Returns the counts so far. From now on calls are timed as well. */
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
  /** The counts by status code. Integers of 32 bits would overflow within a day. */
  readonly #ended = new Float64Array(statusNames.length);
  #latency: Histogram | undefined;

  constructor(private readonly clock: { readonly isRunning: boolean }) {}

  /** Counts a call that starts. Returns its start time for `end()`; 0 while calls are not timed. */
  start(): number {
    this.#started++;
    return this.clock.isRunning ? performance.now() : 0;
  }

  /** Counts a call that has ended; code 0 is OK. */
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

/**
 * Creates an interceptor that counts calls.
 *
 * @param unexpectedCode the status code for thrown values that are not a ConnectError
 */
export function counting(counter: CallCounter, unexpectedCode: Code): Interceptor {
  return (next) => (req) => {
    const calls = counter.of(req.method);
    const startedAt = calls.start();
    return observed(next, req, unexpectedCode, { onEnd: (error) => calls.end(error?.code ?? 0, startedAt) });
  };
}
