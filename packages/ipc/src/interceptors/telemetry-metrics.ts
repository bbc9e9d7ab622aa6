import type { Attributes, Context, Counter, Histogram, Meter } from "@opentelemetry/api";
import { queueMicrotask } from "../time/real-timers.js";
import { logToStderr } from "../user-code/log-to-stderr.js";

/**
 * The bounds of histogram buckets, from gRFC A66, as are the names and units below:
 * https://github.com/grpc/proposal/blob/master/A66-otel-stats.md.
 */
const latencyBuckets = [
  0, 0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.013,
  0.016, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 2, 5, 10,
  20, 50, 100,
];
const sizeBuckets = [
  0, 1024, 2048, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864, 268435456, 1073741824, 4294967296,
];

/** The instruments of what goes over the wire: calls on a server, attempts on a client. */
export class ExchangeMetrics {
  readonly #started: Counter;
  readonly #duration: Histogram;
  readonly #sentBytes: Histogram;
  readonly #receivedBytes: Histogram;
  /** The attributes and the context of starts that have not been added yet, and their number. */
  #starting: Attributes | undefined;
  #startingIn: Context | undefined;
  #starts = 0;

  constructor(meter: Meter, prefix: "grpc.client.attempt" | "grpc.server.call") {
    const [unit, what] = prefix === "grpc.client.attempt" ? ["attempt", "RPC attempt"] : ["call", "RPC"];
    this.#started = meter.createCounter(`${prefix}.started`, {
      unit: `{${unit}}`,
      description: `Number of ${what}s started, including those that have not completed.`,
    });
    this.#duration = duration(meter, `${prefix}.duration`, `Time an ${what} takes, from end to end.`);
    this.#sentBytes = size(
      meter,
      `${prefix}.sent_total_compressed_message_size`,
      `Bytes of messages sent per ${what}.`,
    );
    this.#receivedBytes = size(
      meter,
      `${prefix}.rcvd_total_compressed_message_size`,
      `Bytes of messages received per ${what}.`,
    );
  }

  /**
   * Counts a start. Those that follow one another with the same attributes in the same context are added together,
   * at the end of the microtasks that are queued, so that no collection misses them: the SDK takes as long for adding
   * one as for adding many.
   */
  start(attributes: Attributes, active: Context): void {
    if (this.#starting !== attributes || this.#startingIn !== active) {
      this.#addStarted();
      this.#starting = attributes;
      this.#startingIn = active;
      queueMicrotask(this.#addStarted);
    }
    this.#starts++;
  }

  readonly #addStarted = (): void => {
    const [attributes, active, starts] = [this.#starting, this.#startingIn, this.#starts];
    this.#starting = this.#startingIn = undefined;
    this.#starts = 0;
    if (attributes !== undefined) {
      try {
        this.#started.add(starts, attributes, active);
      } catch (error) {
        logToStderr("telemetry failed", error);
      }
    }
  };

  end(attributes: Attributes, seconds: number, sentBytes: number, receivedBytes: number): void {
    try {
      this.#duration.record(seconds, attributes);
      this.#sentBytes.record(sentBytes, attributes);
      this.#receivedBytes.record(receivedBytes, attributes);
    } catch (error) {
      logToStderr("telemetry failed", error);
    }
  }
}

/** The instruments of a client. */
export class ClientMetrics {
  readonly attempts: ExchangeMetrics;
  readonly callDuration: Histogram;

  constructor(meter: Meter) {
    this.attempts = new ExchangeMetrics(meter, "grpc.client.attempt");
    this.callDuration = duration(meter, "grpc.client.call.duration", "Time an RPC takes, from the application's view.");
  }
}

function duration(meter: Meter, name: string, description: string): Histogram {
  return meter.createHistogram(name, {
    unit: "s",
    description,
    advice: { explicitBucketBoundaries: latencyBuckets },
  });
}

function size(meter: Meter, name: string, description: string): Histogram {
  return meter.createHistogram(name, { unit: "By", description, advice: { explicitBucketBoundaries: sizeBuckets } });
}
