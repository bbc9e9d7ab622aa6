import type { Attributes, Context } from "@opentelemetry/api";

/** Where the metrics of what goes over the wire are recorded: calls on a server, attempts on a client. */
export interface ExchangeMetrics {
  /** Counts a start, in the context that is active then. */
  start(attributes: Attributes, active: Context): void;
  end(attributes: Attributes, seconds: number, sentBytes: number, receivedBytes: number): void;
}

/** Where the metrics of a client are recorded. */
export interface ClientMetrics {
  readonly attempts: ExchangeMetrics;
  /** Records the duration of a call with all its attempts. */
  endCall(attributes: Attributes, seconds: number): void;
}

/** Where the metrics of each side are recorded; undefined as long as nobody collects them. */
export interface MetricsBySide {
  readonly client: ClientMetrics | undefined;
  readonly server: ExchangeMetrics | undefined;
}
