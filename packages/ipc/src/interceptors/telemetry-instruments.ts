/**
 * The instruments of gRFC A66, with its names, units and bounds of buckets:
 * https://github.com/grpc/proposal/blob/master/A66-otel-stats.md.
 */
export interface Instrument {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
}

export interface HistogramInstrument extends Instrument {
  /** The inclusive upper bounds of the buckets but the last, which has none. */
  readonly bounds: number[];
}

/** The instruments of what goes over the wire: calls on a server, attempts on a client. */
export interface ExchangeInstruments {
  readonly started: Instrument;
  readonly duration: HistogramInstrument;
  readonly sentBytes: HistogramInstrument;
  readonly receivedBytes: HistogramInstrument;
}

const latencyBounds = [
  0, 0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.013,
  0.016, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 2, 5, 10,
  20, 50, 100,
];
const sizeBounds = [
  0, 1024, 2048, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864, 268435456, 1073741824, 4294967296,
];

export const attemptInstruments = exchangeInstruments("grpc.client.attempt", "attempt", "RPC attempt");
export const serverCallInstruments = exchangeInstruments("grpc.server.call", "call", "RPC");
export const clientCallDuration = duration(
  "grpc.client.call.duration",
  "Time an RPC takes, from the application's view.",
);

function exchangeInstruments(prefix: string, unit: string, what: string): ExchangeInstruments {
  return {
    started: {
      name: `${prefix}.started`,
      unit: `{${unit}}`,
      description: `Number of ${what}s started, including those that have not completed.`,
    },
    duration: duration(`${prefix}.duration`, `Time an ${what} takes, from end to end.`),
    sentBytes: size(`${prefix}.sent_total_compressed_message_size`, `Bytes of messages sent per ${what}.`),
    receivedBytes: size(`${prefix}.rcvd_total_compressed_message_size`, `Bytes of messages received per ${what}.`),
  };
}

function duration(name: string, description: string): HistogramInstrument {
  return { name, unit: "s", description, bounds: latencyBounds };
}

function size(name: string, description: string): HistogramInstrument {
  return { name, unit: "By", description, bounds: sizeBounds };
}
