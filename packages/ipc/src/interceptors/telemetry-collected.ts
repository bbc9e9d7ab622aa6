import type { Attributes, HrTime, ValueType } from "@opentelemetry/api";

/**
 * What OpenTelemetry's SDK calls a `CollectionResult`: metrics as a `MetricReader` collects them. The types are those
 * of `@opentelemetry/sdk-metrics`, as far as they are used here, so that this package does not depend on it.
 */
export interface CollectedMetrics {
  readonly resourceMetrics: {
    /** A resource without attributes. The reader uses that of its `MeterProvider` instead. */
    readonly resource: CollectedResource;
    /** One scope, or none if nothing has been recorded yet. */
    readonly scopeMetrics: CollectedScope[];
  };
  /** Always empty. */
  readonly errors: unknown[];
}

/** A resource of OpenTelemetry's SDK: what the metrics are about. */
export interface CollectedResource {
  readonly attributes: Attributes;
  merge(other: CollectedResource | null): CollectedResource;
  getRawAttributes(): [];
}

/** The metrics of one instrumentation scope. */
export interface CollectedScope {
  /** The name and the version of this package. */
  readonly scope: { readonly name: string; readonly version: string };
  readonly metrics: (CollectedSum | CollectedHistogram)[];
}

/** What all kinds of metrics have. */
export interface CollectedMetric {
  /** The instrument, by gRFC A66. */
  readonly descriptor: {
    readonly name: string;
    readonly unit: string;
    readonly description: string;
    readonly valueType: ValueType;
  };
  /** `AggregationTemporality.CUMULATIVE`. */
  readonly aggregationTemporality: 1;
}

/** The values of a counter. */
export interface CollectedSum extends CollectedMetric {
  /** `DataPointType.SUM`. */
  readonly dataPointType: 3;
  readonly isMonotonic: true;
  readonly dataPoints: CollectedPoint<number>[];
}

/** The values of a histogram. */
export interface CollectedHistogram extends CollectedMetric {
  /** `DataPointType.HISTOGRAM`. */
  readonly dataPointType: 0;
  readonly dataPoints: CollectedPoint<CollectedBuckets>[];
}

/** What has been recorded with one set of attributes. */
export interface CollectedPoint<T> {
  readonly attributes: Attributes;
  /** When the first value was recorded. */
  readonly startTime: HrTime;
  /** When it was collected. */
  readonly endTime: HrTime;
  readonly value: T;
}

/** The distribution of the values of a histogram, in the unit of the metric. */
export interface CollectedBuckets {
  /** How many values there are. */
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** The inclusive upper bounds of the buckets, and how many values each has; the last bucket has no bound. */
  readonly buckets: { readonly boundaries: number[]; readonly counts: number[] };
}
