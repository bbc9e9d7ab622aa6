/**
 * What the programs of a peer have in addition to bare calls, each alone, as `adds` of a job names it. Everything is on
 * the client, except where it says otherwise.
 */
export const additions = {
  noop: "an interceptor that does nothing",
  "noop-3": "three interceptors that do nothing",
  header: "an interceptor that sets a request header",
  retry: "retries",
  idle: "a limit on a stream's idle time",
  logging: "a log line for each call, which is discarded",
  stats: "counts and latencies by method, on both sides",
  "server-noop": "on the server, an interceptor that does nothing",
  metrics: "metrics by OpenTelemetry, on both sides",
  "metric-producer": "metrics by OpenTelemetry that the library aggregates itself, on both sides",
  "sampled-out": "spans by OpenTelemetry that are not sampled, on both sides",
  spans: "recorded spans by OpenTelemetry, on both sides",
  telemetry: "metrics and recorded spans by OpenTelemetry, on both sides",
} as const;

export type Addition = keyof typeof additions;
