import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { Code, ConnectError, createContextKey, createContextValues, type Interceptor } from "@connectrpc/connect";
import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { createChannel, type LoggedCall, type LogLevel, logging, retry } from "@vyra/ipc";
import { telemetry } from "@vyra/ipc/telemetry";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { createEcho } from "../support/echo.js";
import { describePairs, type Pair, setUp } from "../support/engines.js";
import { all, failure, iterate, until } from "../support/expect.js";

leaveNothingBehind();

const unaryName = "vyra.test.EchoService/Unary";

/** What OpenTelemetry's SDK collects on one side. */
class Collected implements AsyncDisposable {
  readonly spans = new InMemorySpanExporter();
  readonly tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.spans)] });
  readonly #exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly #reader = new PeriodicExportingMetricReader({ exporter: this.#exporter, exportIntervalMillis: 3_600_000 });
  readonly meterProvider = new MeterProvider({ readers: [this.#reader] });

  /** The unit of each metric, and its values by their attributes. */
  async metrics(): Promise<Map<string, { unit: string; points: Map<string, number | Histogram> }>> {
    this.#exporter.reset();
    await this.#reader.forceFlush();
    const found = this.#exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((s) => s.metrics));
    return new Map(
      found.map(({ descriptor, dataPoints }) => [
        descriptor.name,
        {
          unit: descriptor.unit,
          points: new Map(
            (dataPoints as DataPoint<number | Histogram>[]).map(({ attributes, value }) => [
              Object.values(attributes).join(" "),
              value,
            ]),
          ),
        },
      ]),
    );
  }

  /** The number of values in a histogram, by attributes. */
  async counts(name: string): Promise<Record<string, number>> {
    const points = (await this.metrics()).get(name)?.points ?? new Map<string, Histogram>();
    return Object.fromEntries(
      [...points].map(([key, value]) => [key, typeof value === "number" ? value : value.count]),
    );
  }

  async ended(count: number): Promise<ReadableSpan[]> {
    await until(() => this.spans.getFinishedSpans().length >= count, `${count} spans`);
    return this.spans.getFinishedSpans();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.meterProvider.shutdown();
    await this.tracerProvider.shutdown();
  }
}

async function setUpCollected(pair: Pair, others: Interceptor[] = [], impl = createEcho()) {
  const client = new Collected();
  const server = new Collected();
  const t = await setUp(
    pair,
    { interceptors: [telemetry(server)], routes: (router) => router.service(EchoService, impl) },
    { interceptors: [telemetry(client), ...others] },
  );
  return {
    ...t,
    echo: impl,
    collected: { client, server },
    async [Symbol.asyncDispose]() {
      await t[Symbol.asyncDispose]();
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

before(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
});

after(() => {
  context.disable();
  propagation.disable();
});

describePairs("telemetry", (pair) => {
  it("measures by the names, units and attributes of gRFC A66", async () => {
    await using t = await setUpCollected(pair);
    const { client, server } = t.collected;
    await t.client.unary({ text: "12345678", responseSize: 100 });
    await failure(t.client.unary({ fault: { code: Code.NotFound } }), Code.NotFound);
    await server.ended(2);
    const target = t.server.address;
    const clientMetrics = await client.metrics();
    assert.deepEqual(
      [...clientMetrics].map(([name, { unit, points }]) => [name, unit, [...points.keys()]]),
      [
        ["grpc.client.attempt.started", "{attempt}", [`${unaryName} ${target}`]],
        ["grpc.client.attempt.duration", "s", bothStatuses(target)],
        ["grpc.client.attempt.sent_total_compressed_message_size", "By", bothStatuses(target)],
        ["grpc.client.attempt.rcvd_total_compressed_message_size", "By", bothStatuses(target)],
        ["grpc.client.call.duration", "s", bothStatuses(target)],
      ],
    );
    assert.equal(clientMetrics.get("grpc.client.attempt.started")?.points.get(`${unaryName} ${target}`), 2);
    const sizes = ["sent", "rcvd"].map((way) => {
      const metric = clientMetrics.get(`grpc.client.attempt.${way}_total_compressed_message_size`);
      return (metric?.points.get(`${unaryName} ${target} OK`) as Histogram | undefined)?.sum;
    });
    assert.deepEqual(sizes, [12, 112]); // 10 for the text, 2 for the response's size; 102 of payload and 10 of text
    const serverMetrics = await server.metrics();
    assert.deepEqual(
      [...serverMetrics].map(([name, { unit, points }]) => [name, unit, [...points.keys()]]),
      [
        ["grpc.server.call.started", "{call}", [unaryName]],
        ["grpc.server.call.duration", "s", bothStatuses()],
        ["grpc.server.call.sent_total_compressed_message_size", "By", bothStatuses()],
        ["grpc.server.call.rcvd_total_compressed_message_size", "By", bothStatuses()],
      ],
    );
    const duration = serverMetrics.get("grpc.server.call.duration")?.points.get(`${unaryName} OK`) as Histogram;
    assert.deepEqual(duration.buckets.boundaries.slice(0, 3), [0, 0.00001, 0.00005]);
  });

  it("makes a span on each side, of one trace, by the semantic conventions", async () => {
    await using t = await setUpCollected(pair);
    await t.client.unary({});
    const [clientSpan] = await t.collected.client.ended(1);
    const [serverSpan] = await t.collected.server.ended(1);
    assert.ok(clientSpan && serverSpan);
    assert.equal(clientSpan.name, unaryName);
    assert.equal(clientSpan.kind, SpanKind.CLIENT);
    assert.deepEqual(clientSpan.attributes, {
      "rpc.system.name": "grpc",
      "rpc.method": unaryName,
      "network.transport": "unix",
      "server.address": t.server.address.replace("unix:", ""),
      "rpc.response.status_code": "OK",
    });
    assert.equal(serverSpan.name, unaryName);
    assert.equal(serverSpan.kind, SpanKind.SERVER);
    assert.equal(serverSpan.attributes["rpc.response.status_code"], "OK");
    assert.equal(serverSpan.spanContext().traceId, clientSpan.spanContext().traceId);
    assert.equal(serverSpan.parentSpanContext?.spanId, clientSpan.spanContext().spanId);
    assert.equal(serverSpan.parentSpanContext?.isRemote, true);
    assert.equal(clientSpan.status.code, SpanStatusCode.UNSET);
  });

  it("carries the caller's context to the handler, baggage included, in streams as well", async () => {
    const impl = createEcho();
    const seen: unknown[] = [];
    const look = () => {
      const parent = trace.getSpanContext(context.active())?.traceId;
      seen.push([parent, propagation.getActiveBaggage()?.getEntry("user")?.value]);
    };
    await using t = await setUpCollected(pair, [], {
      ...impl,
      async unary() {
        look();
        return {};
      },
      async *bidiStream(requests) {
        look();
        for await (const { text } of requests) {
          look();
          yield { text };
        }
        look();
      },
    });
    const outer = t.collected.client.tracerProvider.getTracer("test").startSpan("outer");
    const baggage = propagation.createBaggage({ user: { value: "me" } });
    await context.with(propagation.setBaggage(trace.setSpan(context.active(), outer), baggage), async () => {
      await t.client.unary({});
      await all(t.client.bidiStream(iterate([{ text: "a" }, { text: "b" }])));
    });
    outer.end();
    assert.deepEqual(seen, Array(5).fill([outer.spanContext().traceId, "me"]));
    const spans = await t.collected.client.ended(3);
    assert.deepEqual(
      spans.map(({ parentSpanContext }) => parentSpanContext?.spanId),
      [outer.spanContext().spanId, outer.spanContext().spanId, undefined],
    );
  });

  it("records streams from their beginning to their end, with all their messages", async () => {
    await using t = await setUpCollected(pair);
    const { client, server } = t.collected;
    await all(t.client.serverStream({ count: 5, responseSize: 10 }));
    await t.client.clientStream(iterate([{ text: "abc" }, { text: "def" }]));
    await all(t.client.bidiStream(iterate([{ text: "abc" }, { text: "def" }])));
    await failure(all(t.client.serverStream({ count: 5, fault: { code: Code.DataLoss, after: 2 } })), Code.DataLoss);
    await server.ended(4);
    const on = (side: Collected) => ({
      sent: side === client ? "grpc.client.attempt.sent" : "grpc.server.call.rcvd",
      received: side === client ? "grpc.client.attempt.rcvd" : "grpc.server.call.sent",
    });
    for (const side of [client, server]) {
      const spans = await side.ended(4);
      assert.deepEqual(
        spans.map(({ name, attributes }) => [name.split("/")[1], attributes["rpc.response.status_code"]]),
        [
          ["ServerStream", "OK"],
          ["ClientStream", "OK"],
          ["BidiStream", "OK"],
          ["ServerStream", "DATA_LOSS"],
        ],
      );
      const metrics = await side.metrics();
      const bytes = (prefix: string, method: string, status = "OK") => {
        const { points } = metrics.get(`${prefix}_total_compressed_message_size`) ?? {};
        return [...(points ?? [])]
          .filter(([key]) => key.includes(`/${method} `) && key.endsWith(` ${status}`))
          .map(([, value]) => (value as Histogram).sum);
      };
      const { sent, received } = on(side);
      assert.deepEqual(bytes(sent, "ClientStream"), [10]);
      assert.deepEqual(bytes(received, "ClientStream"), [10]);
      assert.deepEqual(bytes(received, "ServerStream"), [12 + 4 * 14]); // the first has no index on the wire
      assert.deepEqual(bytes(sent, "BidiStream"), [10]);
      assert.deepEqual(bytes(received, "ServerStream", "DATA_LOSS"), [2]);
    }
  });

  it("says what is an error, and on which side", async () => {
    await using t = await setUpCollected(pair);
    const { client, server } = t.collected;
    await failure(t.client.unary({ fault: { code: Code.NotFound, message: "nowhere" } }), Code.NotFound);
    await failure(t.client.unary({ fault: { crash: true, message: "the password is 1234" } }), Code.Internal);
    await failure(
      t.client.unary({ fault: { hang: true, ignoreCancel: true } }, { timeoutMs: 30 }),
      Code.DeadlineExceeded,
    );
    const stop = new AbortController();
    const calls = t.echo.calls;
    const canceled = failure(t.client.unary({ fault: { hang: true } }, { signal: stop.signal }), Code.Canceled);
    await until(() => t.echo.calls > calls, "it has begun");
    stop.abort();
    await canceled;
    const clientSpans = await client.ended(4);
    assert.deepEqual(
      clientSpans.map(({ attributes, status }) => [attributes["error.type"], status.code]),
      ["NOT_FOUND", "INTERNAL", "DEADLINE_EXCEEDED", "CANCELLED"].map((code) => [code, SpanStatusCode.ERROR]),
    );
    const [notFound, crash, ...others] = await server.ended(3);
    assert.equal(notFound?.attributes["rpc.response.status_code"], "NOT_FOUND");
    assert.equal(notFound?.attributes["error.type"], undefined);
    assert.equal(notFound?.status.code, SpanStatusCode.UNSET);
    assert.equal(crash?.attributes["error.type"], "INTERNAL");
    assert.equal(crash?.status.code, SpanStatusCode.ERROR);
    assert.equal(crash?.events[0]?.attributes?.["exception.message"], "the password is 1234");
    assert.ok(!JSON.stringify(clientSpans.map(({ status }) => status)).includes("1234"));
    assert.ok(others.length > 0);
  });

  it("tells a call's attempts apart", async () => {
    let calls = 0;
    await using t = await setUpCollected(pair, [retry({ initialBackoffMs: 1, maxAttempts: 5 })], {
      ...createEcho(),
      async unaryIdempotent() {
        if (++calls < 3) {
          throw new ConnectError("not now", Code.Unavailable);
        }
        return {};
      },
    });
    await t.client.unaryIdempotent({ text: "four" });
    const { client } = t.collected;
    const key = `vyra.test.EchoService/UnaryIdempotent ${t.server.address}`;
    assert.deepEqual(await client.counts("grpc.client.attempt.started"), { [key]: 3 });
    assert.deepEqual(await client.counts("grpc.client.attempt.duration"), {
      [`${key} UNAVAILABLE`]: 2,
      [`${key} OK`]: 1,
    });
    assert.deepEqual(await client.counts("grpc.client.call.duration"), { [`${key} OK`]: 1 });
    const [span, ...more] = await client.ended(1);
    assert.equal(span?.attributes["rpc.response.status_code"], "OK");
    assert.deepEqual(more, []);
    const serverSpans = await t.collected.server.ended(3);
    assert.ok(serverSpans.every(({ parentSpanContext }) => parentSpanContext?.spanId === span?.spanContext().spanId));
  });

  it("records only the methods that it is to record, and nothing without an SDK", async () => {
    await using collected = new Collected();
    const filter = ({ name }: { name: string }) => name === "Unary";
    await using t = await setUp(
      pair,
      { interceptors: [telemetry({ ...sdkOf(collected), filter })] },
      { interceptors: [telemetry()] },
    );
    await t.client.unary({});
    await t.client.unaryIdempotent({});
    await all(t.client.serverStream({ count: 2 }));
    const spans = await collected.ended(1);
    assert.deepEqual(
      spans.map(({ name }) => name),
      [unaryName],
    );
    assert.deepEqual(await collected.counts("grpc.server.call.started"), { [unaryName]: 1 });
    assert.equal(t.echo.last?.requestHeader.get("traceparent"), null);
  });

  it("leaves the caller's context values to the caller", async () => {
    await using t = await setUpCollected(pair, [retry()]);
    const key = createContextKey(0);
    const counting: Interceptor = (next) => (req) =>
      next({ ...req, contextValues: req.contextValues.set(key, req.contextValues.get(key) + 1) });
    const channel = createChannel(t.server.address, {
      engine: pair.client,
      interceptors: [telemetry(t.collected.client), counting],
    });
    const contextValues = createContextValues();
    await Promise.all([1, 2, 3].map(() => channel.client(EchoService).unary({}, { contextValues })));
    assert.equal(contextValues.get(key), 3);
    await channel.close();
  });
});

describePairs("logging", (pair) => {
  type Line = LoggedCall & { level: LogLevel; message: string };

  function logger(lines: Line[]) {
    const at = (level: LogLevel) => (fields: object, message: string) =>
      lines.push({ level, message, ...(fields as LoggedCall) });
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }

  it("says when calls start and how they end, on both sides", async () => {
    const server: Line[] = [];
    const client: Line[] = [];
    await using t = await setUp(
      pair,
      { interceptors: [logging(logger(server))] },
      { interceptors: [logging(logger(client))] },
    );
    await t.client.unary({});
    await failure(t.client.unary({ fault: { code: Code.NotFound } }), Code.NotFound);
    await failure(t.client.unary({ fault: { crash: true, message: "oops" } }), Code.Internal);
    await all(t.client.bidiStream(iterate([{}, {}])));
    await until(() => server.length === 8, "the server has said all");
    const short = ({ level, message, method, code, requests, responses }: Line) =>
      [level, message, method.split("/")[1], code, requests, responses].filter((x) => x !== undefined).join(" ");
    assert.deepEqual(client.map(short), [
      "debug call started Unary",
      "info call succeeded Unary OK",
      "debug call started Unary",
      "warn call failed Unary NOT_FOUND",
      "debug call started Unary",
      "warn call failed Unary INTERNAL",
      "debug call started BidiStream",
      "info call succeeded BidiStream OK 2 2",
    ]);
    assert.deepEqual(
      server.map(short),
      client
        .map(short)
        .map((line) => line.replace("warn call failed Unary INTERNAL", "error call failed Unary INTERNAL")),
    );
    assert.ok(client.every(({ side, peer }) => side === "client" && peer === t.server.address));
    const [first, second] = server;
    assert.equal(first?.side, "server");
    assert.deepEqual(first.peer, { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
    assert.ok((second?.durationMs ?? 0) > 0);
    assert.equal((server[5]?.err?.cause as Error | undefined)?.message, "oops");
  });

  it("is as loud as it is told to be, and survives a logger that throws", async (test) => {
    const complaint = test.mock.method(console, "error", () => {});
    const lines: Line[] = [];
    await using t = await setUp(
      pair,
      { interceptors: [logging(logger(lines), { level: ({ code }) => (code === undefined ? undefined : "info") })] },
      {
        interceptors: [
          logging({
            ...logger([]),
            info() {
              throw new Error("disk full");
            },
          }),
        ],
      },
    );
    assert.equal((await t.client.unary({ text: "all the same" })).text, "all the same");
    await until(() => lines.length === 1, "the server has said all");
    assert.equal(lines[0]?.level, "info");
    assert.equal(complaint.mock.callCount(), 1);
  });
});

function bothStatuses(target?: string): string[] {
  return ["OK", "NOT_FOUND"].map((status) => [unaryName, target, status].filter(Boolean).join(" "));
}

function sdkOf({ tracerProvider, meterProvider }: Collected) {
  return { tracerProvider, meterProvider };
}
