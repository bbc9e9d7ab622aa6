import type { DescMethod } from "@bufbuild/protobuf";
import { Code, type Interceptor } from "@connectrpc/connect";
import {
  type Context,
  context,
  type MeterProvider,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  type TextMapPropagator,
  type Tracer,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import { packageName, packageVersion } from "../gen/version.js";
import { logToStderr } from "../user-code/log-to-stderr.js";
import { attemptsKey, serverAttemptKey } from "./attempts.js";
import { withValue } from "./context-value.js";
import { type CallObserver, type Next, observed } from "./observe.js";
import { type AnyRequest, derive } from "./request.js";
import { targetKey } from "./target.js";
import { KnownMethods } from "./telemetry-attributes.js";
import { RecordedClientCall, RecordedServerCall } from "./telemetry-call.js";
import { MeteredMetrics } from "./telemetry-meter.js";
import type { MetricsBySide } from "./telemetry-metrics.js";
import { AggregatedMetrics, type MetricProducer } from "./telemetry-producer.js";
import { contextWith, endSpan, headerGetter, headerSetter } from "./telemetry-span.js";

/** The options of `telemetry()`. */
export interface TelemetryOptions {
  /** The provider of tracers. Default: the global one. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** The provider of meters. Default: the global one. */
  readonly meterProvider?: MeterProvider | undefined;
  /**
   * Collects the metrics in place of a meter, at a fraction of what a meter of the SDK takes. It is created by
   * `createMetricProducer()`, and may be shared. Default: none.
   */
  readonly metricProducer?: MetricProducer | undefined;
  /**
   * How the trace context is written to and read from metadata. Default: the global propagator, which OpenTelemetry's
   * SDK sets to W3C Trace Context.
   */
  readonly propagator?: TextMapPropagator | undefined;
  /** Selects the methods to record. Default: all. */
  readonly filter?: ((method: DescMethod) => boolean) | undefined;
  /**
   * The side on which the interceptor runs. Default: determined by the channel or server, which works with those of
   * this package; set it for other transports.
   */
  readonly side?: "client" | "server" | undefined;
}

/**
 * Creates an interceptor that records calls with OpenTelemetry on either side: metrics by gRFC A66, spans by the
 * semantic conventions for RPC, and the trace context in metadata. Put it first on a server, and before `retry()` on a
 * client, so that it can record the attempts of a call. Without an OpenTelemetry SDK it records nothing.
 *
 * @throws {TypeError} if `metricProducer` is not one of `createMetricProducer()`
 */
export function telemetry(options: TelemetryOptions = {}): Interceptor {
  const { filter = () => true } = options;
  const recorder = new Recorder(options);
  return (next) => (req) => {
    if (!filter(req.method)) {
      return next(req);
    }
    let call: Recording;
    try {
      const target = req.contextValues.get(targetKey);
      const side = options.side ?? (target === undefined ? "server" : "client");
      call = side === "client" ? recorder.startClientCall(req, target) : recorder.startServerCall(req);
    } catch (error) {
      // The recording has failed, not the call; a failed call would reject a promise.
      logToStderr("telemetry failed", error);
      return next(req);
    }
    const { request, inner, code, observer } = call;
    const nextInside: Next = inner === undefined ? next : (r) => context.with(inner, next, undefined, r);
    return observer === undefined ? nextInside(request) : observed(nextInside, request, code, observer);
  };
}

/** A call whose recording has begun. */
interface Recording {
  readonly request: AnyRequest;
  /** The context in which the inner interceptors run; undefined if it is the one that is active anyway. */
  readonly inner: Context | undefined;
  /** The status code for thrown values that are not a ConnectError. */
  readonly code: Code;
  /** Undefined if nothing is recorded. */
  readonly observer: CallObserver | undefined;
}

/** Begins the recordings of one interceptor. */
class Recorder {
  readonly #tracerProvider: TracerProvider | undefined;
  #knownTracer: Tracer | undefined;
  readonly #metrics: MetricsBySide;
  readonly #propagator: TextMapPropagator | typeof propagation;
  readonly #clientMethods = new KnownMethods(SpanKind.CLIENT);
  readonly #serverMethods = new KnownMethods(SpanKind.SERVER);

  constructor(options: TelemetryOptions) {
    this.#tracerProvider = options.tracerProvider;
    this.#metrics = metricsOf(options);
    this.#propagator = options.propagator ?? propagation;
  }

  startClientCall(req: AnyRequest, target: string | undefined): Recording {
    const metrics = this.#metrics.client;
    const attributes = this.#clientMethods.attributesOf(req.method, target);
    const outer = context.active();
    const span = this.#tracer.startSpan(attributes.name, attributes.span, outer);
    const inner = contextWith(span, outer);
    this.#propagator.inject(inner, req.header, headerSetter);
    let request = req;
    let observer: CallObserver | undefined;
    if (metrics !== undefined) {
      const call = new RecordedClientCall(req, attributes, span, metrics, outer);
      request = derive(req, { contextValues: withValue(req.contextValues, attemptsKey, call) });
      observer = call;
    } else if (span.isRecording()) {
      observer = { onEnd: (error) => endSpan(span, false, error) };
    }
    return { request, inner: inner === outer ? undefined : inner, code: Code.Unknown, observer };
  }

  startServerCall(req: AnyRequest): Recording {
    const metrics = this.#metrics.server;
    const attributes = this.#serverMethods.attributesOf(req.method, undefined);
    const outer = this.#propagator.extract(ROOT_CONTEXT, req.header, headerGetter);
    const span = this.#tracer.startSpan(attributes.name, attributes.span, outer);
    const own = contextWith(span, outer);
    const active = context.active();
    const inner = own === active ? undefined : own;
    // A handler of a stream runs in its context step by step, as its messages are taken.
    const run: CallObserver["run"] =
      inner !== undefined && req.stream
        ? (step, argument) => context.with(inner, step, undefined, argument)
        : undefined;
    let request = req;
    let observer: CallObserver | undefined;
    if (metrics !== undefined) {
      const call = new RecordedServerCall(req, attributes, span, metrics, active);
      call.run = run;
      request = derive(req, { contextValues: withValue(req.contextValues, serverAttemptKey, call) });
      observer = call;
    } else if (span.isRecording()) {
      observer = { onEnd: (error) => endSpan(span, true, error), run };
    } else if (run !== undefined) {
      observer = { onEnd() {}, run };
    }
    return { request, inner, code: Code.Internal, observer };
  }

  /** The tracer, which is looked up when it is needed. The global one records as soon as a provider is set. */
  get #tracer(): Tracer {
    this.#knownTracer ??= (this.#tracerProvider ?? trace.getTracerProvider()).getTracer(packageName, packageVersion);
    return this.#knownTracer;
  }
}

/** Returns where metrics are recorded. */
function metricsOf({ metricProducer, meterProvider }: TelemetryOptions): MetricsBySide {
  if (metricProducer == null) {
    return new MeteredMetrics(meterProvider);
  }
  if (!(metricProducer instanceof AggregatedMetrics)) {
    throw new TypeError("metricProducer must be one that createMetricProducer() has returned");
  }
  return metricProducer;
}
