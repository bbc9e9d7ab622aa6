import {
  type Attributes,
  type Context,
  type Counter,
  createNoopMeter,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics,
} from "@opentelemetry/api";
import { packageName, packageVersion } from "../gen/version.js";
import { queueMicrotask } from "../time/real-timers.js";
import { logToStderr } from "../user-code/log-to-stderr.js";
import {
  attemptInstruments,
  clientCallDuration,
  type ExchangeInstruments,
  type HistogramInstrument,
  serverCallInstruments,
} from "./telemetry-instruments.js";
import type { ClientMetrics, ExchangeMetrics, MetricsBySide } from "./telemetry-metrics.js";

/** Records with the instruments of a meter, which are created when they are needed. */
export class MeteredMetrics implements MetricsBySide {
  #meterProvider: MeterProvider | undefined;
  #meter: Meter | undefined;
  #client: ClientMetrics | undefined;
  #server: ExchangeMetrics | undefined;

  /** @param meterProvider the provider of the meter; the global one if it is undefined */
  constructor(private readonly meterProvider: MeterProvider | undefined) {}

  get client(): ClientMetrics | undefined {
    if (this.#client === undefined && this.#hasMeter()) {
      this.#client = new MeteredClient(this.#meter as Meter);
    }
    return this.#client;
  }

  get server(): ExchangeMetrics | undefined {
    if (this.#server === undefined && this.#hasMeter()) {
      this.#server = new MeteredExchanges(this.#meter as Meter, serverCallInstruments);
    }
    return this.#server;
  }

  /** Looks for a meter that collects. A global provider may be set after the first calls. */
  #hasMeter(): boolean {
    const provider = this.meterProvider ?? metrics.getMeterProvider();
    if (provider !== this.#meterProvider) {
      this.#meter = provider.getMeter(packageName, packageVersion);
      this.#meterProvider = provider;
    }
    return this.#meter !== createNoopMeter();
  }
}

class MeteredClient implements ClientMetrics {
  readonly attempts: ExchangeMetrics;
  readonly #callDuration: Histogram;

  constructor(meter: Meter) {
    this.attempts = new MeteredExchanges(meter, attemptInstruments);
    this.#callDuration = histogram(meter, clientCallDuration);
  }

  endCall(attributes: Attributes, seconds: number): void {
    this.#callDuration.record(seconds, attributes);
  }
}

class MeteredExchanges implements ExchangeMetrics {
  readonly #started: Counter;
  readonly #duration: Histogram;
  readonly #sentBytes: Histogram;
  readonly #receivedBytes: Histogram;
  /** The attributes and the context of starts that have not been added yet, and their number. */
  #starting: Attributes | undefined;
  #startingIn: Context | undefined;
  #starts = 0;

  constructor(meter: Meter, { started, duration, sentBytes, receivedBytes }: ExchangeInstruments) {
    this.#started = meter.createCounter(started.name, { unit: started.unit, description: started.description });
    this.#duration = histogram(meter, duration);
    this.#sentBytes = histogram(meter, sentBytes);
    this.#receivedBytes = histogram(meter, receivedBytes);
  }

  /**
   * Counts a start. Those that follow one another with the same attributes in the same context are added together,
   * at the end of the microtasks that are queued, so that no collection misses them: the SDK takes as long for adding
   * one as for adding many.
   */
  start(attributes: Attributes, active: Context): void {
    if (this.#starting !== attributes || this.#startingIn !== active) {
      this.#addStarted();
      this.#starting = attributes;
      this.#startingIn = active;
      queueMicrotask(this.#addStarted);
    }
    this.#starts++;
  }

  readonly #addStarted = (): void => {
    const [attributes, active, starts] = [this.#starting, this.#startingIn, this.#starts];
    this.#starting = this.#startingIn = undefined;
    this.#starts = 0;
    if (attributes !== undefined) {
      try {
        this.#started.add(starts, attributes, active);
      } catch (error) {
        logToStderr("telemetry failed", error);
      }
    }
  };

  end(attributes: Attributes, seconds: number, sentBytes: number, receivedBytes: number): void {
    try {
      this.#duration.record(seconds, attributes);
      this.#sentBytes.record(sentBytes, attributes);
      this.#receivedBytes.record(receivedBytes, attributes);
    } catch (error) {
      logToStderr("telemetry failed", error);
    }
  }
}

function histogram(meter: Meter, { name, unit, description, bounds }: HistogramInstrument): Histogram {
  return meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries: bounds } });
}
