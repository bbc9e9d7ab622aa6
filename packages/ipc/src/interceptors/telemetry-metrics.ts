import type { ConnectError } from "@connectrpc/connect";
import type { Attributes, Counter, Histogram, Meter } from "@opentelemetry/api";
import { statusName } from "../grpc/index.js";
import { performance } from "../time/real-timers.js";

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

/** Records one exchange over the wire: a call on a server, or one attempt on a client. */
export interface Exchange {
  /** Adds a message's payload, in bytes. */
  sent(bytes: number): void;
  received(bytes: number): void;
  /** Ends the exchange. Called once. */
  end(error: ConnectError | undefined): void;
}

export interface Metrics {
  startAttempt(attributes: Attributes): Exchange;
  endCall(attributes: Attributes, startedAt: number, error: ConnectError | undefined): void;
  startServerCall(attributes: Attributes): Exchange;
}

/**
 * Creates the instruments. It is called when they are first needed, since a global meter provider may be set after the
 * interceptor is created.
 */
export function createMetrics(meter: Meter): Metrics {
  const attempt = exchanges(meter, "grpc.client.attempt", "attempt", "RPC attempt");
  const server = exchanges(meter, "grpc.server.call", "call", "RPC");
  const callDuration = duration(meter, "grpc.client.call.duration", "Time an RPC takes, from the application's view.");
  return {
    startAttempt: attempt,
    startServerCall: server,
    endCall(attributes, startedAt, error) {
      callDuration.record(secondsSince(startedAt), { ...attributes, "grpc.status": statusName(error) });
    },
  };
}

function exchanges(meter: Meter, prefix: string, unit: string, what: string): (attributes: Attributes) => Exchange {
  const started: Counter = meter.createCounter(`${prefix}.started`, {
    unit: `{${unit}}`,
    description: `Number of ${what}s started, including those that have not completed.`,
  });
  const taken = duration(meter, `${prefix}.duration`, `Time an ${what} takes, from end to end.`);
  const sentSize = size(meter, `${prefix}.sent_total_compressed_message_size`, `Bytes of messages sent per ${what}.`);
  const receivedSize = size(
    meter,
    `${prefix}.rcvd_total_compressed_message_size`,
    `Bytes of messages received per ${what}.`,
  );
  return (attributes) => {
    const startedAt = performance.now();
    let sentBytes = 0;
    let receivedBytes = 0;
    started.add(1, attributes);
    return {
      sent(bytes) {
        sentBytes += bytes;
      },
      received(bytes) {
        receivedBytes += bytes;
      },
      end(error) {
        const withStatus = { ...attributes, "grpc.status": statusName(error) };
        taken.record(secondsSince(startedAt), withStatus);
        sentSize.record(sentBytes, withStatus);
        receivedSize.record(receivedBytes, withStatus);
      },
    };
  };
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

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}
