import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { context, metrics, propagation, ROOT_CONTEXT, type SpanContext, TraceFlags, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AggregationTemporality,
  createAllowListAttributesProcessor,
  type DataPoint,
  type Histogram,
  MeterProvider,
  MetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { retry } from "@vyra/ipc";
import { telemetry } from "@vyra/ipc/telemetry";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { createEcho } from "../support/echo.js";
import { describePairs, setUp } from "../support/engines.js";
import { all, failure, iterate, later, until } from "../support/expect.js";

leaveNothingBehind();

const unaryName = "vyra.test.EchoService/Unary";
const sent = "grpc.client.attempt.sent_total_compressed_message_size";
const received = "grpc.client.attempt.rcvd_total_compressed_message_size";

/** Collects when a test asks for it. */
class Reader extends MetricReader {
  constructor(temporality = AggregationTemporality.CUMULATIVE) {
    super({ aggregationTemporalitySelector: () => temporality });
  }

  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}

  /** The values of each metric by their attributes. */
  async points(): Promise<Record<string, Record<string, number | Histogram>>> {
    const { resourceMetrics } = await this.collect();
    return Object.fromEntries(
      resourceMetrics.scopeMetrics
        .flatMap(({ metrics }) => metrics)
        .map(({ descriptor, dataPoints }) => [
          descriptor.name,
          Object.fromEntries(
            (dataPoints as DataPoint<number | Histogram>[]).map(({ attributes, value }) => [
              Object.values(attributes).join(" "),
              value,
            ]),
          ),
        ]),
    );
  }

  /** The number of values of each metric, all attributes together. */
  async counts(): Promise<Record<string, number>> {
    return Object.fromEntries(
      Object.entries(await this.points()).map(([name, points]) => [
        name,
        Object.values(points).reduce<number>(
          (sum, value) => sum + (typeof value === "number" ? value : value.count),
          0,
        ),
      ]),
    );
  }

  /** Waits until a metric has this many values, as it has when the other end has answered. */
  async ended(name: string, count: number): Promise<void> {
    let found: number | undefined;
    const look = () => {
      void this.counts().then((counts) => {
        found = counts[name];
      });
      return found === count;
    };
    await until(look, `${count} values of ${name}`);
  }
}

const clientCounts = (count: number) => ({
  "grpc.client.attempt.started": count,
  "grpc.client.attempt.duration": count,
  [sent]: count,
  [received]: count,
  "grpc.client.call.duration": count,
});
const serverCounts = (count: number) => ({
  "grpc.server.call.started": count,
  "grpc.server.call.duration": count,
  "grpc.server.call.sent_total_compressed_message_size": count,
  "grpc.server.call.rcvd_total_compressed_message_size": count,
});

before(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});

after(() => {
  context.disable();
  propagation.disable();
  metrics.disable();
});

describePairs("telemetry under OpenTelemetry's SDK", (pair) => {
  it("has counted a call when it is over, and one under way when it has started", async () => {
    const reader = new Reader();
    const meterProvider = new MeterProvider({ readers: [reader] });
    await using t = await setUp(pair, {}, { interceptors: [telemetry({ meterProvider })] });
    await t.client.unary({ text: "12345678" });
    assert.deepEqual(await reader.counts(), clientCounts(1));
    const pending = t.client.unary({ text: "1234" });
    if (pair.client === "direct") {
      // It has no wait between the call and the interceptors.
      assert.deepEqual(await reader.counts(), { ...clientCounts(1), "grpc.client.attempt.started": 2 });
    }
    await pending;
    await failure(t.client.unary({ fault: { code: Code.NotFound } }), Code.NotFound);
    assert.deepEqual(await reader.counts(), clientCounts(3));
    const points = await reader.points();
    const ok = points[sent]?.[`${unaryName} ${t.server.address} OK`] as Histogram;
    assert.deepEqual([ok.count, ok.sum, ok.min, ok.max, ok.buckets.counts.slice(0, 3)], [2, 16, 6, 10, [0, 2, 0]]);
    await meterProvider.shutdown();
  });

  it("gives each of many concurrent calls exactly one value, on both sides", async () => {
    const [client, server] = [new Reader(), new Reader()];
    await using t = await setUp(
      pair,
      { interceptors: [telemetry({ meterProvider: new MeterProvider({ readers: [server] }) })] },
      { interceptors: [telemetry({ meterProvider: new MeterProvider({ readers: [client] }) }), retry()] },
    );
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        i % 10 === 0
          ? failure(t.client.unary({ fault: { code: Code.DataLoss } }), Code.DataLoss)
          : i % 2 === 0
            ? t.client.unary({ text: "x" })
            : t.client.unaryIdempotent({ text: "y" }),
      ),
    );
    assert.deepEqual(await client.counts(), clientCounts(100));
    await server.ended("grpc.server.call.duration", 100);
    assert.deepEqual(await server.counts(), serverCounts(100));
    const byStatus = (await client.points())["grpc.client.call.duration"] ?? {};
    assert.deepEqual(
      Object.entries(byStatus)
        .map(([key, value]) => [key, (value as Histogram).count])
        .sort(),
      [
        [`${unaryName} ${t.server.address} DATA_LOSS`, 10],
        [`${unaryName} ${t.server.address} OK`, 40],
        [`${unaryName}Idempotent ${t.server.address} OK`, 50],
      ],
    );
  });

  it("serves readers of different temporality, and views", async () => {
    const [cumulative, delta] = [new Reader(), new Reader(AggregationTemporality.DELTA)];
    const meterProvider = new MeterProvider({
      readers: [cumulative, delta],
      views: [
        {
          instrumentName: "grpc.client.call.duration",
          attributesProcessors: [createAllowListAttributesProcessor(["grpc.status"])],
        },
      ],
    });
    await using t = await setUp(pair, {}, { interceptors: [telemetry({ meterProvider })] });
    await t.client.unary({});
    await t.client.unary({});
    assert.deepEqual(await cumulative.counts(), clientCounts(2));
    assert.deepEqual(await delta.counts(), clientCounts(2));
    await t.client.unaryIdempotent({});
    assert.deepEqual(await cumulative.counts(), clientCounts(3));
    assert.deepEqual(await delta.counts(), clientCounts(1));
    assert.deepEqual(Object.keys((await cumulative.points())["grpc.client.call.duration"] ?? {}), ["OK"]);
  });

  it("makes the attributes of a method and status once", async () => {
    const seen = new Map<string, Set<object>>();
    const note = (name: string) => (_: number, attributes: object) => {
      seen.set(name, (seen.get(name) ?? new Set()).add(attributes));
    };
    const meterProvider = {
      getMeter: () => ({
        createCounter: (name: string) => ({ add: note(name) }),
        createHistogram: (name: string) => ({ record: note(name) }),
      }),
    } as never;
    const interceptors = [telemetry({ meterProvider })];
    await using t = await setUp(pair, { interceptors }, { interceptors });
    for (let i = 0; i < 3; i++) {
      await t.client.unary({});
    }
    await until(() => seen.size === 9, "the server has recorded");
    for (const attributes of seen.values()) {
      assert.equal(attributes.size, 1);
      assert.ok([...attributes].every((set) => Object.isFrozen(set)));
    }
  });

  it("uses a provider that is set after the first calls", async () => {
    metrics.disable();
    await using t = await setUp(pair, {}, { interceptors: [telemetry()] });
    await t.client.unary({});
    const reader = new Reader();
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    await t.client.unary({});
    assert.deepEqual(await reader.counts(), clientCounts(1));
    metrics.disable();
  });

  it("propagates the context of a trace that is sampled out, and exports nothing of it", async () => {
    const spans = new InMemorySpanExporter();
    const tracerProvider = new BasicTracerProvider({
      sampler: new AlwaysOffSampler(),
      spanProcessors: [new SimpleSpanProcessor(spans)],
    });
    const seen: (SpanContext | undefined)[] = [];
    const impl = createEcho();
    await using t = await setUp(
      pair,
      {
        interceptors: [telemetry({ tracerProvider })],
        routes: (router) =>
          router.service(EchoService, {
            ...impl,
            unary() {
              seen.push(trace.getSpanContext(context.active()));
              return {};
            },
            async *bidiStream(requests) {
              for await (const { text } of requests) {
                seen.push(trace.getSpanContext(context.active()));
                yield { text };
              }
            },
          }),
      },
      { interceptors: [telemetry({ tracerProvider })] },
    );
    const outer = tracerProvider.getTracer("test").startSpan("outer", {}, ROOT_CONTEXT);
    await context.with(trace.setSpan(ROOT_CONTEXT, outer), async () => {
      await t.client.unary({});
      await all(t.client.bidiStream(iterate([{}, {}])));
    });
    const { traceId, spanId } = outer.spanContext();
    assert.equal(seen.length, 3);
    for (const span of seen) {
      assert.equal(span?.traceId, traceId);
      assert.notEqual(span?.spanId, spanId);
      assert.equal(span?.traceFlags, TraceFlags.NONE);
    }
    assert.deepEqual(spans.getFinishedSpans(), []);
    await tracerProvider.shutdown();
  });

  it("passes on the caller's trace where no tracer is installed, and otherwise leaves the context alone", async () => {
    const impl = createEcho();
    const seen: (string | undefined)[] = [];
    const headers: (string | null)[] = [];
    await using t = await setUp(
      pair,
      {
        interceptors: [telemetry()],
        routes: (router) =>
          router.service(EchoService, {
            ...impl,
            unary(_, ctx) {
              headers.push(ctx.requestHeader.get("traceparent"));
              seen.push(trace.getSpanContext(context.active())?.spanId);
              return {};
            },
          }),
      },
      { interceptors: [telemetry()] },
    );
    await t.client.unary({});
    const spanContext = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 };
    await context.with(trace.setSpanContext(ROOT_CONTEXT, spanContext), () => t.client.unary({}));
    assert.deepEqual(headers, [null, `00-${spanContext.traceId}-${spanContext.spanId}-01`]);
    assert.deepEqual(seen, [undefined, spanContext.spanId]);
  });

  it("loses no value of a call whose response cannot be sent, or whose caller is gone", async () => {
    const reader = new Reader();
    const began = later();
    const impl = createEcho();
    await using t = await setUp(pair, {
      interceptors: [telemetry({ meterProvider: new MeterProvider({ readers: [reader] }) })],
      writeMaxBytes: 1_000,
      routes: (router) =>
        router.service(EchoService, {
          ...impl,
          unary: ({ responseSize }) => {
            began.resolve();
            return responseSize > 0 ? { payload: new Uint8Array(responseSize) } : new Promise(() => {});
          },
        }),
    });
    await failure(t.client.unary({ responseSize: 2_000 }), Code.ResourceExhausted);
    await began.promise;
    await failure(t.client.unary({}, { timeoutMs: 50 }), Code.DeadlineExceeded);
    await reader.ended("grpc.server.call.duration", 2);
    assert.deepEqual(await reader.counts(), serverCounts(2));
  });

  it("does not count the calls of a handler that passes its context values on", async () => {
    const reader = new Reader();
    await using other = await setUp(pair, {}, { interceptors: [(next) => (req) => next(req)] });
    await using t = await setUp(pair, {
      interceptors: [telemetry({ meterProvider: new MeterProvider({ readers: [reader] }) })],
      routes: (router) =>
        router.service(EchoService, {
          ...createEcho(),
          async unary(_, ctx) {
            await other.client.unary({ text: "a longer request" }, { contextValues: ctx.values });
            return {};
          },
        }),
    });
    await t.client.unary({ text: "x" });
    await reader.ended("grpc.server.call.duration", 1);
    const points = await reader.points();
    for (const [way, bytes] of [
      ["sent", 0],
      ["rcvd", 3],
    ] as const) {
      const found = points[`grpc.server.call.${way}_total_compressed_message_size`]?.[`${unaryName} OK`] as Histogram;
      assert.equal(found.sum, bytes);
    }
  });
});
