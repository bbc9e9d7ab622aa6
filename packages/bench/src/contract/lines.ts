/**
 * The lines that programs write to standard output and read from standard input. A peer in any language has to know
 * nothing else except its job. Every program ends when its standard input does.
 *
 *     server <address> <job>    writes `ready` when it accepts calls; answers each line `usage` with a Usage
 *     client <address> <job>    writes a Ready line when it is connected, and answers each of these lines with a Done
 *                               line. What it holds open stays open until it ends.
 *
 *         run <ms>              does its job for this long. A job `hold` makes a single call in the first run, and
 *                               opens what it holds in the second.
 *         run <ms> <rate>       only for `calls`: starts this many calls per second, whatever the earlier calls do
 *
 * For `first-call` and `import`, the client does its job at once, and writes only a Done line.
 *
 * The i-th call of an open loop is due i/rate seconds after the start of the run. Its latency is counted from that
 * moment, even if it starts later. While `inFlight` calls are open, calls that are due wait. Calls that still wait when
 * the time is over are not made.
 */
export interface Usage {
  /** The processor time since the start, user and system, of all threads, in microseconds. */
  readonly cpuUs: number;
  /** The resident memory, after garbage collection if the job is `hold`. */
  readonly rssBytes: number;
}

export interface Ready {
  readonly at: "ready";
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
  /** Only for an open loop: the number of calls that were due but not made. */
  readonly unmade?: number;
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

export type ClientLine = Ready | Done;
