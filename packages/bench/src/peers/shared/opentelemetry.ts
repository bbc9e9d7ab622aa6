import { createRequire } from "node:module";
import type { Addition } from "../../contract/additions.js";

type MetricProducer = import("@opentelemetry/sdk-metrics").MetricProducer;

const require = createRequire(import.meta.url);

/** The parts of OpenTelemetry's SDK that an addition has. */
export interface Telemetry {
  readonly tracerProvider?: import("@opentelemetry/api").TracerProvider;
  readonly meterProvider?: import("@opentelemetry/api").MeterProvider;
}

/**
 * Sets up the SDK of OpenTelemetry for an addition, or returns undefined if it needs none. What it collects is
 * discarded, so that no exporter is measured. The packages are loaded here only, so that other programs do not have
 * them in memory.
 *
 * @param producer is read together with the meters
 */
export function startTelemetry(addition: Addition | undefined, producer?: MetricProducer): Telemetry | undefined {
  switch (addition) {
    case "metrics":
      return { meterProvider: meters() };
    case "metric-producer":
      return { meterProvider: meters(producer) };
    case "sampled-out":
      return { tracerProvider: tracers(false) };
    case "spans":
      return { tracerProvider: tracers(true) };
    case "telemetry":
      return { tracerProvider: tracers(true), meterProvider: meters() };
    default:
      return undefined;
  }
}

const done = { code: 0 };

function tracers(isSampled: boolean) {
  const { context, propagation } = require("@opentelemetry/api") as typeof import("@opentelemetry/api");
  const { AsyncLocalStorageContextManager } =
    require("@opentelemetry/context-async-hooks") as typeof import("@opentelemetry/context-async-hooks");
  const { W3CTraceContextPropagator } = require("@opentelemetry/core") as typeof import("@opentelemetry/core");
  const sdk = require("@opentelemetry/sdk-trace-base") as typeof import("@opentelemetry/sdk-trace-base");
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const spans = new sdk.BatchSpanProcessor({ export: (_, exported) => exported(done), shutdown: async () => {} });
  const sampler = isSampled ? new sdk.AlwaysOnSampler() : new sdk.AlwaysOffSampler();
  return new sdk.BasicTracerProvider({ sampler, spanProcessors: [spans] });
}

function meters(producer?: MetricProducer) {
  const sdk = require("@opentelemetry/sdk-metrics") as typeof import("@opentelemetry/sdk-metrics");
  const reader = new sdk.PeriodicExportingMetricReader({
    metricProducers: producer === undefined ? [] : [producer],
    exporter: {
      export: (_, exported) => exported(done),
      forceFlush: async () => {},
      selectAggregationTemporality: () => sdk.AggregationTemporality.CUMULATIVE,
      shutdown: async () => {},
    },
  });
  return new sdk.MeterProvider({ readers: [reader] });
}
