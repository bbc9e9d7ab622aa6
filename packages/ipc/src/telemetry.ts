/**
 * `telemetry()` has a module of its own because it needs the optional package `@opentelemetry/api`.
 *
 * @module @vyra/ipc/telemetry
 * @packageDocumentation
 */
export { type TelemetryOptions, telemetry } from "./interceptors/telemetry.js";
export type {
  CollectedBuckets,
  CollectedHistogram,
  CollectedMetric,
  CollectedMetrics,
  CollectedPoint,
  CollectedResource,
  CollectedScope,
  CollectedSum,
} from "./interceptors/telemetry-collected.js";
export { createMetricProducer, type MetricProducer } from "./interceptors/telemetry-producer.js";
