import { type DescMessage, type DescMethod, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Code, type Interceptor } from "@connectrpc/connect";
import {
  context,
  createNoopMeter,
  type MeterProvider,
  metrics,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  type TextMapPropagator,
  type Tracer,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import { packageName, packageVersion } from "../gen/version.js";
import { methodName } from "../grpc/index.js";
import { performance } from "../time/real-timers.js";
import { logToStderr } from "../user-code/log-to-stderr.js";
import { type AttemptObserver, attemptsKey } from "./attempts.js";
import { withValue } from "./context-value.js";
import { type AnyRequest, observed } from "./observe.js";
import { targetKey } from "./target.js";
import { createMetrics, type Exchange, type Metrics } from "./telemetry-metrics.js";
import { endSpan, headerGetter, headerSetter, spanAttributes } from "./telemetry-span.js";

/** The options of `telemetry()`. */
export interface TelemetryOptions {
  /** The provider of tracers. Default: the global one. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** The provider of meters. Default: the global one. */
  readonly meterProvider?: MeterProvider | undefined;
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

type Next = Parameters<Interceptor>[0];

/**
 * Creates an interceptor that records calls with OpenTelemetry on either side: metrics by gRFC A66, spans by the
 * semantic conventions for RPC, and the trace context in metadata. Put it first on a server, and before `retry()` on a
 * client, so that it can record the attempts of a call. Without an OpenTelemetry SDK it records nothing.
 */
export function telemetry(options: TelemetryOptions = {}): Interceptor {
  const { filter = () => true } = options;
  const propagator = options.propagator ?? propagation;
  let recorder: Recorder | undefined;
  return (next) => (req) => {
    if (!filter(req.method)) {
      return next(req);
    }
    const target = req.contextValues.get(targetKey);
    try {
      recorder ??= createRecorder(options);
      return (options.side ?? (target === undefined ? "server" : "client")) === "client"
        ? callFromClient(next, req, target, recorder, propagator)
        : callOnServer(next, req, recorder, propagator);
    } catch (error) {
      // The recording has failed, not the call; a failed call would reject a promise.
      logToStderr("telemetry failed", error);
      return next(req);
    }
  };
}

interface Recorder {
  readonly tracer: Tracer;
  /** Undefined if nobody collects metrics, since determining the size of messages has a cost. */
  readonly metrics: Metrics | undefined;
}

function createRecorder({ tracerProvider, meterProvider }: TelemetryOptions): Recorder {
  const meter = (meterProvider ?? metrics.getMeterProvider()).getMeter(packageName, packageVersion);
  return {
    tracer: (tracerProvider ?? trace.getTracerProvider()).getTracer(packageName, packageVersion),
    metrics: meter === createNoopMeter() ? undefined : createMetrics(meter),
  };
}

function callFromClient(
  next: Next,
  req: AnyRequest,
  target: string | undefined,
  { tracer, metrics }: Recorder,
  propagator: TextMapPropagator | typeof propagation,
): ReturnType<Next> {
  const { method } = req;
  const name = methodName(method);
  const outer = context.active();
  const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes: spanAttributes(name, target) }, outer);
  const inner = trace.setSpan(outer, span);
  propagator.inject(inner, req.header, headerSetter);
  const nextInside: Next = (r) => context.with(inner, () => next(r));
  if (metrics === undefined) {
    return observed(nextInside, req, Code.Unknown, { onEnd: (error) => endSpan(span, false, error) });
  }
  const startedAt = performance.now();
  const attributes = { "grpc.method": name, "grpc.target": target ?? "" };
  let attempt: Exchange | undefined = metrics.startAttempt(attributes);
  let requestBytes = 0;
  const attempts: AttemptObserver = {
    onFailed(error) {
      attempt?.end(error);
      attempt = undefined;
    },
    onAgain() {
      attempt = metrics.startAttempt(attributes);
      attempt.sent(requestBytes);
    },
  };
  const contextValues = withValue(req.contextValues, attemptsKey, attempts);
  return observed(nextInside, { ...req, contextValues }, Code.Unknown, {
    onRequest(message) {
      const bytes = sizeOf(method.input, message);
      requestBytes += bytes;
      attempt?.sent(bytes);
    },
    onResponse: (message) => attempt?.received(sizeOf(method.output, message)),
    onEnd(error) {
      attempt?.end(error);
      metrics.endCall(attributes, startedAt, error);
      endSpan(span, false, error);
    },
  });
}

function callOnServer(
  next: Next,
  req: AnyRequest,
  { tracer, metrics }: Recorder,
  propagator: TextMapPropagator | typeof propagation,
): ReturnType<Next> {
  const { method } = req;
  const name = methodName(method);
  const outer = propagator.extract(ROOT_CONTEXT, req.header, headerGetter);
  const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes: spanAttributes(name, undefined) }, outer);
  const inner = trace.setSpan(outer, span);
  const call = metrics?.startServerCall({ "grpc.method": name });
  return observed(next, req, Code.Internal, {
    ...(call && {
      onRequest: (message) => call.received(sizeOf(method.input, message)),
      onResponse: (message) => call.sent(sizeOf(method.output, message)),
    }),
    onEnd(error) {
      call?.end(error);
      endSpan(span, true, error);
    },
    run: (step) => context.with(inner, step),
  });
}

/**
 * Returns a message's uncompressed size on the wire, in bytes; 0 for an invalid message, which fails its call later.
 */
function sizeOf(type: DescMessage, message: object): number {
  try {
    return toBinary(type, message as MessageShape<DescMessage>).length;
  } catch {
    return 0;
  }
}
