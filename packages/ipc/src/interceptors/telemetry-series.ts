import type { Attributes } from "@opentelemetry/api";

/**
 * How many sets of attributes an instrument has at most, as in OpenTelemetry's SDK. The last one stands for all that
 * come after the others, and has the attribute of the specification:
 * https://opentelemetry.io/docs/specs/otel/metrics/sdk/#overflow-attribute.
 */
const maxSeries = 2_000;
const overflow: Attributes = Object.freeze({ "otel.metric.overflow": true });

/** What has been recorded with one set of attributes, and since when. */
export interface Series<T> {
  readonly attributes: Attributes;
  readonly value: T;
  /** The time of the first recording, in milliseconds since the epoch. */
  readonly startedAt: number;
}

/** What has been recorded, by attributes. */
export class SeriesByAttributes<T> {
  readonly #byContent = new Map<string, Series<T>>();
  /** Finds a series without a look at the attributes: their set is the same object in each call. */
  readonly #byIdentity = new WeakMap<Attributes, T>();
  #latest: Attributes | undefined;
  #latestValue: T | undefined;

  constructor(private readonly create: () => T) {}

  of(attributes: Attributes): T {
    if (attributes !== this.#latest) {
      this.#latestValue = this.#byIdentity.get(attributes) ?? this.#find(attributes);
      this.#latest = attributes;
    }
    return this.#latestValue as T;
  }

  all(): Series<T>[] {
    return [...this.#byContent.values()];
  }

  #find(attributes: Attributes): T {
    const content = JSON.stringify(attributes);
    const hasRoom = this.#byContent.has(content) || this.#byContent.size < maxSeries - 1;
    const { value } = hasRoom ? this.#series(content, attributes) : this.#series("", overflow);
    this.#byIdentity.set(attributes, value);
    return value;
  }

  #series(content: string, attributes: Attributes): Series<T> {
    let series = this.#byContent.get(content);
    if (series === undefined) {
      series = { attributes, value: this.create(), startedAt: Date.now() };
      this.#byContent.set(content, series);
    }
    return series;
  }
}

/** The number, sum, minimum and maximum of values, and how many of them are in each bucket. */
export class Aggregate {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  record(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    for (let end = bounds.length; bucket < end; ) {
      const middle = (bucket + end) >> 1;
      if ((bounds[middle] as number) < value) {
        bucket = middle + 1;
      } else {
        end = middle;
      }
    }
    (this.#counts[bucket] as number)++;
    this.#count++;
    this.#sum += value;
    if (value < this.#min) {
      this.#min = value;
    }
    if (value > this.#max) {
      this.#max = value;
    }
  }

  snapshot(): { counts: number[]; count: number; sum: number; min: number; max: number } {
    return { counts: [...this.#counts], count: this.#count, sum: this.#sum, min: this.#min, max: this.#max };
  }
}
