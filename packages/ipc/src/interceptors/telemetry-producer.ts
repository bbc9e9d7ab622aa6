import { type Attributes, type HrTime, ValueType } from "@opentelemetry/api";
import { packageName, packageVersion } from "../gen/version.js";
import type {
  CollectedHistogram,
  CollectedMetrics,
  CollectedPoint,
  CollectedResource,
  CollectedScope,
  CollectedSum,
} from "./telemetry-collected.js";
import {
  attemptInstruments,
  clientCallDuration,
  type ExchangeInstruments,
  type HistogramInstrument,
  type Instrument,
  serverCallInstruments,
} from "./telemetry-instruments.js";
import type { ClientMetrics, ExchangeMetrics, MetricsBySide } from "./telemetry-metrics.js";
import { Aggregate, SeriesByAttributes } from "./telemetry-series.js";

/**
 * Aggregates the metrics of calls for the readers of OpenTelemetry's SDK. It is a `MetricProducer` of that SDK, to be
 * passed to a `MetricReader` as one of its `metricProducers`:
 * https://opentelemetry.io/docs/specs/otel/metrics/sdk/#metricproducer.
 */
export interface MetricProducer {
  /**
   * Resolves with all that has been recorded since the producer was created (cumulative temporality), so that any
   * number of readers may collect. It never rejects.
   */
  collect(): Promise<CollectedMetrics>;
}

/**
 * Creates a producer of metrics, for the option `metricProducer` of `telemetry()`. Several interceptors may share one.
 *
 * ```ts
 * const metricProducer = createMetricProducer();
 * const reader = new PeriodicExportingMetricReader({ exporter, metricProducers: [metricProducer] });
 * const channel = createChannel("my_module", { interceptors: [telemetry({ metricProducer })] });
 * ```
 */
export function createMetricProducer(): MetricProducer {
  return new AggregatedMetrics();
}

/** Records by adding to sums and histograms of its own. */
export class AggregatedMetrics implements MetricProducer, MetricsBySide {
  readonly client = new AggregatedClient();
  readonly server = new AggregatedExchanges(serverCallInstruments);

  async collect(): Promise<CollectedMetrics> {
    const endTime = hrTime(Date.now());
    const metrics = [...this.client.collect(endTime), ...this.server.collect(endTime)].filter(
      ({ dataPoints }) => dataPoints.length > 0,
    );
    const scopeMetrics =
      metrics.length === 0 ? [] : [{ scope: { name: packageName, version: packageVersion }, metrics }];
    return { resourceMetrics: { resource: noResource, scopeMetrics }, errors: [] };
  }
}

class AggregatedClient implements ClientMetrics {
  readonly attempts = new AggregatedExchanges(attemptInstruments);
  readonly #callDurations = new SeriesByAttributes(() => new Aggregate(clientCallDuration.bounds));

  endCall(attributes: Attributes, seconds: number): void {
    this.#callDurations.of(attributes).record(seconds);
  }

  collect(endTime: HrTime): CollectedScope["metrics"] {
    return [
      ...this.attempts.collect(endTime),
      histogram(
        clientCallDuration,
        points(this.#callDurations, endTime, (duration) => duration),
      ),
    ];
  }
}

class AggregatedExchanges implements ExchangeMetrics {
  readonly #instruments: ExchangeInstruments;
  readonly #started = new SeriesByAttributes(() => ({ count: 0 }));
  readonly #ended: SeriesByAttributes<EndedExchanges>;

  constructor(instruments: ExchangeInstruments) {
    this.#instruments = instruments;
    this.#ended = new SeriesByAttributes(() => new EndedExchanges(instruments));
  }

  start(attributes: Attributes): void {
    this.#started.of(attributes).count++;
  }

  end(attributes: Attributes, seconds: number, sentBytes: number, receivedBytes: number): void {
    const ended = this.#ended.of(attributes);
    ended.duration.record(seconds);
    ended.sentBytes.record(sentBytes);
    ended.receivedBytes.record(receivedBytes);
  }

  collect(endTime: HrTime): CollectedScope["metrics"] {
    const { started, duration, sentBytes, receivedBytes } = this.#instruments;
    return [
      sum(
        started,
        points(this.#started, endTime, ({ count }) => count),
      ),
      histogram(
        duration,
        points(this.#ended, endTime, (ended) => ended.duration),
      ),
      histogram(
        sentBytes,
        points(this.#ended, endTime, (ended) => ended.sentBytes),
      ),
      histogram(
        receivedBytes,
        points(this.#ended, endTime, (ended) => ended.receivedBytes),
      ),
    ];
  }
}

/** The exchanges of one method that have ended with one status. */
class EndedExchanges {
  readonly duration: Aggregate;
  readonly sentBytes: Aggregate;
  readonly receivedBytes: Aggregate;

  constructor({ duration, sentBytes, receivedBytes }: ExchangeInstruments) {
    this.duration = new Aggregate(duration.bounds);
    this.sentBytes = new Aggregate(sentBytes.bounds);
    this.receivedBytes = new Aggregate(receivedBytes.bounds);
  }
}

function points<T, V>(series: SeriesByAttributes<T>, endTime: HrTime, value: (recorded: T) => V): CollectedPoint<V>[] {
  return series.all().map((each) => ({
    attributes: each.attributes,
    startTime: hrTime(each.startedAt),
    endTime,
    value: value(each.value),
  }));
}

function sum(instrument: Instrument, dataPoints: CollectedPoint<number>[]): CollectedSum {
  return { ...described(instrument), dataPointType: 3, isMonotonic: true, dataPoints };
}

function histogram(instrument: HistogramInstrument, found: CollectedPoint<Aggregate>[]): CollectedHistogram {
  const dataPoints = found.map((point) => {
    const { counts, ...totals } = point.value.snapshot();
    return { ...point, value: { ...totals, buckets: { boundaries: instrument.bounds, counts } } };
  });
  return { ...described(instrument), dataPointType: 0, dataPoints };
}

function described({ name, unit, description }: Instrument) {
  return { descriptor: { name, unit, description, valueType: ValueType.DOUBLE }, aggregationTemporality: 1 } as const;
}

function hrTime(ms: number): HrTime {
  return [Math.trunc(ms / 1_000), Math.round((ms % 1_000) * 1_000_000)];
}

const noResource: CollectedResource = {
  attributes: {},
  merge: (other) => other ?? noResource,
  getRawAttributes: () => [],
};
