/**
 * Sets up OpenTelemetry's SDK, as each process does before anything else. Spans and figures go to standard output, one
 * a line. A real program exports them by OTLP instead, for example with @opentelemetry/exporter-trace-otlp-http.
 */
import { context, metrics, propagation, SpanKind, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { AggregationTemporality, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

/**
 * @param {string} name the process' in what is shown
 * @returns what to call in the end, so that nothing is lost
 */
export function startTelemetry(name) {
  // A server closes at a signal and then ends the process by it, unless something else listens for the signal as well.
  // This listener keeps the process alive, so that it can export what is left.
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => {});
  }

  const spans = new BatchSpanProcessor({
    export: (batch, done) => show(batch.map(spanLine), done),
    shutdown: async () => {},
  });
  const figures = new PeriodicExportingMetricReader({
    exporter: {
      export: ({ scopeMetrics }, done) =>
        show(
          scopeMetrics.flatMap(({ metrics }) => metrics.flatMap(metricLines)),
          done,
        ),
      forceFlush: async () => {},
      selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
      shutdown: async () => {},
    },
  });
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [spans] });
  const meterProvider = new MeterProvider({ readers: [figures] });

  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
  trace.setGlobalTracerProvider(tracerProvider);
  metrics.setGlobalMeterProvider(meterProvider);

  return async () => {
    await tracerProvider.shutdown();
    await meterProvider.shutdown();
  };

  /**
   * @param {string[]} lines
   * @param {(result: import("@opentelemetry/core").ExportResult) => void} done
   */
  function show(lines, done) {
    for (const line of lines) {
      console.log(`${name.padEnd(8)}  ${line}`);
    }
    done({ code: 0 });
  }
}

/** @param {import("@opentelemetry/sdk-trace-base").ReadableSpan} span */
function spanLine(span) {
  const { traceId, spanId } = span.spanContext();
  const parent = span.parentSpanContext?.spanId ?? "-";
  const [seconds, nanoseconds] = span.duration;
  const ms = (seconds * 1_000 + nanoseconds / 1_000_000).toFixed(1);
  const status = span.attributes["rpc.response.status_code"] ?? "";
  return `span ${traceId.slice(0, 8)} ${parent} > ${spanId}  ${SpanKind[span.kind]} ${span.name} ${status} ${ms} ms`;
}

/** @param {import("@opentelemetry/sdk-metrics").MetricData} metric */
function metricLines({ descriptor: { name, unit }, dataPoints }) {
  return dataPoints.map(({ attributes, value }) => {
    const figure = typeof value === "number" ? value : `${value.count} ×, ${value.sum?.toPrecision(3)} ${unit}`;
    return `metric ${name} ${Object.values(attributes).join(" ")}: ${figure}`;
  });
}
