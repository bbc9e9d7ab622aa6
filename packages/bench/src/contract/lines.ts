/**
 * What programs say on standard output, one line each, and are told on standard input. It is all that a peer in any
 * language must know besides its job. Every program ends when its standard input does.
 *
 *     server <address> <job>    says `ready` when it takes calls; answers each line `usage` with a Usage
 *     client <address> <job>    says a Warm line once warmed up and idle, waits for the line `go`, does its job, says a Done line
 *                               (for `first-call` and `import` only the latter). What it holds open stays open until it ends.
 */
export interface Usage {
  /** Processor time since the start, user and system, of all threads, in microseconds. */
  readonly cpuUs: number;
  /** Resident memory now, after garbage collection if the job is `hold`. */
  readonly rssBytes: number;
}

export interface Warm {
  readonly at: "warm";
  readonly usage: Usage;
  /** Of a server that the client has started itself, where that is how it is done. */
  readonly serverUsage?: Usage;
}

export interface Done {
  readonly at: "done";
  readonly usage: Usage;
  readonly serverUsage?: Usage;
  /** Calls, messages, or connections or streams held. */
  readonly count: number;
  /** From the first of them to the last. */
  readonly seconds: number;
  /** For `calls` and `ping-pong`. */
  readonly latencyUs?: Latency;
}

export interface Latency {
  readonly p10: number;
  readonly p25: number;
  readonly p50: number;
  readonly p75: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
}

export type ClientLine = Warm | Done;
