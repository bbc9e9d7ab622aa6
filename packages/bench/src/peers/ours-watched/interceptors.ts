import type { Interceptor } from "@connectrpc/connect";
import { context, propagation } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { AggregationTemporality, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { telemetry } from "@vyra/ipc/telemetry";

/**
 * Interceptors that give every call a span and all metrics. The collected data is discarded, so that no exporter is
 * measured.
 */
export function interceptorsOf(peer: string | undefined): Interceptor[] {
  if (peer !== "direct-telemetry") {
    return [];
  }
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const done = { code: 0 };
  const spans = new BatchSpanProcessor({ export: (_, exported) => exported(done), shutdown: async () => {} });
  const figures = new PeriodicExportingMetricReader({
    exporter: {
      export: (_, exported) => exported(done),
      forceFlush: async () => {},
      selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
      shutdown: async () => {},
    },
  });
  return [
    telemetry({
      tracerProvider: new BasicTracerProvider({ spanProcessors: [spans] }),
      meterProvider: new MeterProvider({ readers: [figures] }),
    }),
  ];
}
