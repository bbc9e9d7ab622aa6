import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Attributes, ROOT_CONTEXT } from "@opentelemetry/api";
import { MeterProvider, type MetricData, MetricReader, type ScopeMetrics } from "@opentelemetry/sdk-metrics";
import { attemptInstruments, clientCallDuration } from "../dist/interceptors/telemetry-instruments.js";
import { MeteredMetrics } from "../dist/interceptors/telemetry-meter.js";
import type { MetricsBySide } from "../dist/interceptors/telemetry-metrics.js";
import { AggregatedMetrics } from "../dist/interceptors/telemetry-producer.js";

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** Records the same by both ways, and returns what a reader of the SDK collects of each. */
class BothWays {
  readonly #aggregated = new AggregatedMetrics();
  readonly #reader = new Reader({ metricProducers: [this.#aggregated] });
  readonly #metered = new MeteredMetrics(new MeterProvider({ readers: [this.#reader] }));

  record(record: (metrics: MetricsBySide) => void): void {
    record(this.#metered);
    record(this.#aggregated);
  }

  async collect(): Promise<readonly [sdk: ScopeMetrics, ours: ScopeMetrics]> {
    await nextTurn(); // starts are added in a microtask
    const { resourceMetrics, errors } = await this.#reader.collect();
    assert.deepEqual(errors, []);
    const [sdk, ours, ...more] = resourceMetrics.scopeMetrics;
    assert.deepEqual(more, []);
    return [sdk ?? assert.fail("the SDK has collected nothing"), ours ?? assert.fail("the producer has nothing")];
  }
}

/** What must be the same: everything but the times, and what the SDK's descriptors have for its own use. */
function comparable({ scope, metrics }: ScopeMetrics) {
  return {
    name: scope.name,
    version: scope.version,
    metrics: metrics.map(({ descriptor: { name, unit, description, valueType }, ...data }) => ({
      ...{ name, unit, description, valueType, temporality: data.aggregationTemporality, type: data.dataPointType },
      isMonotonic: "isMonotonic" in data ? data.isMonotonic : undefined,
      points: pointsOf(data as MetricData).map(({ attributes, value }) => ({ attributes, value })),
    })),
  };
}

function pointsOf(data: Pick<MetricData, "dataPoints">) {
  return data.dataPoints as { attributes: Attributes; value: unknown; startTime: unknown; endTime: unknown }[];
}

const started = Object.freeze({ "grpc.method": "a.B/C", "grpc.target": "unix:/d" });
const ended = (status: string) => Object.freeze({ ...started, "grpc.status": status });

describe("the metrics of a producer", () => {
  it("are those of the SDK's own instruments, at and around each bound of a bucket", async () => {
    const both = new BothWays();
    const [ok, failed] = [ended("OK"), ended("UNAVAILABLE")];
    const around = (bounds: readonly number[]) =>
      bounds.flatMap((bound) => [bound, bound * (1 + 1e-9), Math.max(0, bound * (1 - 1e-9)), bound + 1]);
    const seconds = around(clientCallDuration.bounds);
    const sizes = around(attemptInstruments.sentBytes.bounds);
    for (let i = 0; i < seconds.length; i++) {
      const [s, bytes] = [seconds[i] as number, sizes[i % sizes.length] as number];
      both.record(({ client, server }) => {
        client?.attempts.start(started, ROOT_CONTEXT);
        client?.attempts.end(i % 3 === 0 ? failed : ok, s, bytes, bytes / 2);
        client?.endCall(ok, s * 2);
        server?.start(started, ROOT_CONTEXT);
        server?.end(i % 5 === 0 ? failed : ok, s / 3, bytes * 2, bytes);
      });
    }
    const [sdk, ours] = await both.collect();
    assert.equal(sdk.metrics.length, 9);
    assert.deepEqual(comparable(ours), comparable(sdk));
  });

  it("are cumulative, and what was collected before does not change", async () => {
    const both = new BothWays();
    const call = () => both.record(({ client }) => client?.endCall(ended("OK"), 0.5));
    call();
    const [, first] = await both.collect();
    const copy = structuredClone(first);
    call();
    const [sdk, second] = await both.collect();
    assert.deepEqual(first, copy);
    assert.deepEqual(comparable(second), comparable(sdk));
    assert.notDeepEqual(comparable(second), comparable(first));
  });

  it("say when the first value was recorded, and when they were collected", async (t) => {
    t.mock.timers.enable({ apis: ["Date"], now: 1_700_000_000_123 });
    const both = new BothWays();
    both.record(({ server }) => server?.start(started, ROOT_CONTEXT));
    await nextTurn();
    t.mock.timers.tick(2_000);
    both.record(({ server }) => server?.end(ended("OK"), 1, 2, 3));
    t.mock.timers.tick(5_000);
    const [sdk, ours] = await both.collect();
    const times = (scope: ScopeMetrics) =>
      scope.metrics.map((data) => pointsOf(data).map(({ startTime, endTime }) => [startTime, endTime]));
    const end = [1_700_000_007, 123_000_000];
    assert.deepEqual(times(ours).slice(0, 2), [
      [[[1_700_000_000, 123_000_000], end]],
      [[[1_700_000_002, 123_000_000], end]],
    ]);
    assert.deepEqual(times(ours), times(sdk));
  });

  it("have one point for the same attributes in two objects", async () => {
    const both = new BothWays();
    both.record(({ client }) => client?.endCall(ended("OK"), 0.1));
    both.record(({ client }) => client?.endCall(ended("NOT_FOUND"), 0.1));
    both.record(({ client }) => client?.endCall(ended("OK"), 0.1));
    const [sdk, ours] = await both.collect();
    assert.deepEqual(comparable(ours), comparable(sdk));
    assert.deepEqual(
      ours.metrics.map(pointsOf).map(({ length }) => length),
      [2],
    );
  });

  it("are bounded in number like the SDK's: more sets of attributes than 2,000 are counted together", async () => {
    const both = new BothWays();
    const sets = Array.from({ length: 2_500 }, (_, i) => ({ ...started, "grpc.target": `unix:/${i}` }));
    for (const attributes of [...sets, ...sets]) {
      both.record(({ client }) => client?.endCall(attributes, 0.001));
    }
    const [sdk, ours] = await both.collect();
    assert.deepEqual(comparable(ours), comparable(sdk));
    const points = pointsOf(ours.metrics[0] ?? assert.fail());
    assert.equal(points.length, 2_000);
    const overflow = points.find(({ attributes }) => attributes["otel.metric.overflow"] === true);
    assert.equal((overflow?.value as { count: number } | undefined)?.count, 2 * 501);
  });

  it("are none as long as nothing has been recorded", async () => {
    const { resourceMetrics, errors } = await new AggregatedMetrics().collect();
    assert.deepEqual(resourceMetrics.scopeMetrics, []);
    assert.deepEqual(errors, []);
  });
});
