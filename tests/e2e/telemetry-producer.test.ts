import assert from "node:assert/strict";
import { it } from "node:test";
import { Code } from "@connectrpc/connect";
import type { Attributes } from "@opentelemetry/api";
import {
  AggregationTemporality,
  type Histogram,
  MeterProvider,
  type MetricProducer,
  MetricReader,
} from "@opentelemetry/sdk-metrics";
import { retry } from "@vyra/ipc";
import { createMetricProducer, telemetry } from "@vyra/ipc/telemetry";
import { leaveNothingBehind } from "../support/clean.js";
import { describePairs, setUp } from "../support/engines.js";
import { all, failure, iterate, until } from "../support/expect.js";

leaveNothingBehind();

type Points = Record<string, Record<string, number | Partial<Histogram>>>;

/** Collects from the SDK and from a producer when a test asks for it. */
class Reader extends MetricReader {
  /** @param producer the assignment is the test that it is one of the SDK's type */
  constructor(producer: MetricProducer, temporality = AggregationTemporality.CUMULATIVE) {
    super({ metricProducers: [producer], aggregationTemporalitySelector: () => temporality });
  }

  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}

  /** The values of each metric by their attributes, of the SDK's instruments and then of the producer. */
  async scopes(): Promise<Points[]> {
    const { resourceMetrics } = await this.collect();
    return resourceMetrics.scopeMetrics.map(({ metrics }) =>
      Object.fromEntries(
        metrics.map(({ descriptor, dataPoints }) => [
          descriptor.name,
          Object.fromEntries(
            (dataPoints as { attributes: Attributes; value: number | Histogram }[]).map(({ attributes, value }) => [
              Object.values(attributes).join(" "),
              typeof value === "object" && descriptor.unit === "s" ? { count: value.count } : value,
            ]),
          ),
        ]),
      ),
    );
  }

  async ended(calls: number): Promise<void> {
    let found = 0;
    const look = () => {
      void this.scopes().then((scopes) => {
        found = Math.min(...scopes.map((points) => total(points["grpc.server.call.duration"])));
      });
      return found === calls;
    };
    await until(look, `${calls} calls have ended`);
  }
}

function total(points: Points[string] = {}): number {
  return Object.values(points).reduce<number>((sum, value) => sum + ((value as Histogram).count ?? 0), 0);
}

describePairs("a metric producer of telemetry", (pair) => {
  it("has the same counts and sizes of all kinds of calls, on both sides, as the SDK's instruments", async () => {
    const sides = [createMetricProducer(), createMetricProducer()].map((metricProducer) => {
      const reader = new Reader(metricProducer);
      const meterProvider = new MeterProvider({ readers: [reader] });
      return { reader, options: { metricProducer }, metered: { meterProvider } };
    });
    const [client, server] = sides as [(typeof sides)[0], (typeof sides)[0]];
    const calls = async (way: "options" | "metered") => {
      await using t = await setUp(
        pair,
        { interceptors: [telemetry(server[way])], socket: `${socket}` },
        { interceptors: [telemetry(client[way]), retry({ initialBackoffMs: 1 })] },
      );
      await t.client.unary({ text: "x".repeat(2_000) });
      await t.client.unaryIdempotent({ text: "y" });
      await failure(t.client.unaryIdempotent({ fault: { code: Code.Unavailable } }), Code.Unavailable);
      await failure(t.client.unary({ fault: { code: Code.DataLoss } }), Code.DataLoss);
      await all(t.client.serverStream({ count: 3, responseSize: 10 }));
      await t.client.clientStream(iterate([{ text: "abc" }, { text: "def" }]));
      await all(t.client.bidiStream(iterate([{ text: "abc" }])));
    };
    const socket = `producer_${process.pid}_${pair.client}_${pair.server}`;
    await calls("metered");
    await calls("options");
    const onServer = 6 + attemptsOfRetry;
    await server.reader.ended(onServer);
    for (const { reader } of sides) {
      const [sdk, ours] = await reader.scopes();
      assert.ok(sdk !== undefined && ours !== undefined);
      assert.deepEqual(ours, sdk);
    }
  });

  it("gives each of several readers everything, whatever their temporality", async () => {
    const metricProducer = createMetricProducer();
    const readers = [new Reader(metricProducer), new Reader(metricProducer, AggregationTemporality.DELTA)];
    const providers = readers.map((reader) => new MeterProvider({ readers: [reader] }));
    await using t = await setUp(pair, {}, { interceptors: [telemetry({ metricProducer })] });
    for (let calls = 1; calls <= 2; calls++) {
      await t.client.unary({});
      for (const reader of readers) {
        const [ours, ...more] = await reader.scopes();
        assert.deepEqual(more, []);
        assert.equal(total(ours?.["grpc.client.call.duration"]), calls);
        const { resourceMetrics } = await reader.collect();
        const temporalities = resourceMetrics.scopeMetrics[0]?.metrics.map((data) => data.aggregationTemporality);
        assert.deepEqual([...new Set(temporalities)], [AggregationTemporality.CUMULATIVE]);
      }
    }
    await Promise.all(providers.map((provider) => provider.shutdown()));
  });

  it("takes the place of the meter provider, and is shared by both sides and several channels", async () => {
    const metricProducer = createMetricProducer();
    const reader = new Reader(metricProducer);
    const interceptors = [telemetry({ metricProducer, meterProvider: new MeterProvider({ readers: [reader] }) })];
    await using one = await setUp(pair, { interceptors }, { interceptors });
    await using other = await setUp(pair, {}, { interceptors: [telemetry({ metricProducer })] });
    await one.client.unary({});
    await other.client.unary({});
    await reader.ended(1);
    const [points, ...more] = await reader.scopes();
    assert.deepEqual(more, []);
    assert.deepEqual(
      Object.keys(points?.["grpc.client.call.duration"] ?? {}),
      [one, other].map(({ server }) => `vyra.test.EchoService/Unary ${server.address} OK`),
    );
    assert.equal(Object.keys(points ?? {}).length, 9);
  });
});

it("telemetry refuses a metric producer of another origin", () => {
  const foreign = { collect: async () => createMetricProducer().collect() };
  assert.throws(() => telemetry({ metricProducer: foreign }), {
    name: "TypeError",
    message: "metricProducer must be one that createMetricProducer() has returned",
  });
});

/** How many attempts `retry()` makes by default. */
const attemptsOfRetry = 4;
