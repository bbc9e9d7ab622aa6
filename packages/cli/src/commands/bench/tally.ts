import { Histogram } from "./histogram.js";

/** The calls that failed with one status code. */
export interface ErrorCount {
  /** gRPC's name of the code, or `UNREACHABLE`. */
  readonly code: string;
  readonly count: number;
  /** The message of the first of them. */
  readonly message: string;
}

/** A part of the measured time. */
export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
  readonly calls: number;
  readonly errors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Counts how calls ended, in total and for each interval. */
export class Tally {
  /** The latencies of the calls that succeeded. */
  readonly latency = new Histogram();
  readonly intervals: Interval[] = [];
  /** The number of messages received. It is greater than the number of calls if the method answers with a stream. */
  messages = 0;
  failed = 0;
  /** The number of calls of a given rate that were due but not made, since too many others were open. */
  unmade = 0;
  readonly #startedAt = performance.now();
  readonly #errors = new Map<string, ErrorCount>();
  readonly #recent = new Histogram();
  #recentFailed = 0;
  #recentFromMs = 0;

  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  get calls(): number {
    return this.latency.count;
  }

  /** The failed calls by code, the most frequent code first. */
  get errors(): ErrorCount[] {
    return [...this.#errors.values()].sort((a, b) => b.count - a.count);
  }

  succeeded(ms: number, messages: number): void {
    this.latency.record(ms);
    this.#recent.record(ms);
    this.messages += messages;
  }

  failedWith(code: string, message: string): void {
    const { count, message: first } = this.#errors.get(code) ?? { count: 0, message };
    this.#errors.set(code, { code, count: count + 1, message: first });
    this.failed += 1;
    this.#recentFailed += 1;
  }

  /** The interval that is still open. */
  current(): Interval {
    return {
      fromMs: this.#recentFromMs,
      toMs: this.elapsedMs,
      calls: this.#recent.count,
      errors: this.#recentFailed,
      p50Ms: this.#recent.quantileMs(0.5),
      p99Ms: this.#recent.quantileMs(0.99),
    };
  }

  closeInterval(): void {
    const interval = this.current();
    this.intervals.push(interval);
    this.#recent.reset();
    this.#recentFailed = 0;
    this.#recentFromMs = interval.toMs;
  }
}
