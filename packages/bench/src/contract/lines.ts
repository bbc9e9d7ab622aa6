/**
 * The lines that programs write to standard output and read from standard input. A peer in any language has to know
 * nothing else except its job. Every program ends when its standard input does.
 *
 *     server <address> <job>    writes `ready` when it accepts calls; answers each line `usage` with a Usage
 *     client <address> <job>    writes a Warm line when it is warm and idle, waits for the line `go`, does its
 *                               job, writes a Done line (for `first-call` and `import` only the latter).
 *                               What it holds open stays open until it ends.
 */
export interface Usage {
  /** The processor time since the start, user and system, of all threads, in microseconds. */
  readonly cpuUs: number;
  /** The resident memory, after garbage collection if the job is `hold`. */
  readonly rssBytes: number;
}

export interface Warm {
  readonly at: "warm";
  readonly usage: Usage;
  /** The usage of the server, if the client itself started it. */
  readonly serverUsage?: Usage;
}

export interface Done {
  readonly at: "done";
  readonly usage: Usage;
  readonly serverUsage?: Usage;
  /** The number of calls, messages, or open connections or streams. */
  readonly count: number;
  /** The duration from the first of them to the last. */
  readonly seconds: number;
  /** Only for `calls` and `ping-pong`. */
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
