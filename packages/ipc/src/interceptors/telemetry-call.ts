import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { type Context, context, type Span } from "@opentelemetry/api";
import { binaryCodec } from "../protobuf/codec.js";
import { recycle } from "../protobuf/slab.js";
import { performance } from "../time/real-timers.js";
import type { AttemptObserver } from "./attempts.js";
import type { CallObserver } from "./observe.js";
import type { AnyRequest } from "./request.js";
import type { MethodAttributes } from "./telemetry-attributes.js";
import type { ClientMetrics, ExchangeMetrics } from "./telemetry-metrics.js";
import { endSpan } from "./telemetry-span.js";

/** Records an exchange over the wire: a call on a server, or one attempt after another on a client. */
abstract class RecordedCall implements CallObserver, AttemptObserver {
  isMeasured = false;
  protected startedAt = performance.now();
  protected sentBytes = 0;
  protected receivedBytes = 0;

  constructor(
    protected readonly request: AnyRequest,
    protected readonly attributes: MethodAttributes,
    protected readonly span: Span,
    protected readonly exchanges: ExchangeMetrics,
    active: Context,
  ) {
    exchanges.start(attributes.started, active);
  }

  abstract onRequest(message: object): void;
  abstract onResponse(message: object): void;
  abstract onEnd(error: ConnectError | undefined): void;

  onSent(bytes: number): void {
    this.sentBytes += bytes;
  }

  onReceived(bytes: number): void {
    this.receivedBytes += bytes;
  }

  onOver(): void {}
  onFailed(_: ConnectError): void {}
  onAgain(): void {}

  protected endExchange(error: ConnectError | undefined, endedAt: number): void {
    const seconds = (endedAt - this.startedAt) / 1000;
    this.exchanges.end(this.attributes.ended(error), seconds, this.sentBytes, this.receivedBytes);
  }
}

export class RecordedClientCall extends RecordedCall {
  readonly #callStartedAt = this.startedAt;
  /** What an attempt sends, in bytes, if the engine does not report it. */
  #requestBytes = 0;
  #isInAttempt = true;

  constructor(
    request: AnyRequest,
    attributes: MethodAttributes,
    span: Span,
    private readonly metrics: ClientMetrics,
    active: Context,
  ) {
    super(request, attributes, span, metrics.attempts, active);
  }

  onRequest(message: object): void {
    // Whether the engine measures a unary call shows only when it has ended.
    if (this.request.stream && !this.isMeasured) {
      const bytes = sizeOf(this.request.method.input, message);
      this.#requestBytes += bytes;
      this.sentBytes += bytes;
    }
  }

  onResponse(message: object): void {
    if (!this.isMeasured) {
      this.receivedBytes += sizeOf(this.request.method.output, message);
    }
  }

  override onFailed(error: ConnectError): void {
    this.#endAttempt(error, performance.now());
  }

  override onAgain(): void {
    this.exchanges.start(this.attributes.started, context.active());
    this.startedAt = performance.now();
    this.sentBytes = this.#requestBytes;
    this.receivedBytes = 0;
    this.#isInAttempt = true;
  }

  onEnd(error: ConnectError | undefined): void {
    const endedAt = performance.now();
    if (this.#isInAttempt) {
      this.#endAttempt(error, endedAt);
    }
    this.metrics.endCall(this.attributes.ended(error), (endedAt - this.#callStartedAt) / 1000);
    endSpan(this.span, false, error);
  }

  #endAttempt(error: ConnectError | undefined, endedAt: number): void {
    this.#isInAttempt = false;
    if (!this.request.stream && !this.isMeasured) {
      this.sentBytes = sizeOf(this.request.method.input, this.request.message);
    }
    this.endExchange(error, endedAt);
  }
}

export class RecordedServerCall extends RecordedCall {
  /** When the interceptors inside have returned the response of a unary call, whose size is not known yet. */
  #answeredAt: number | undefined;
  #isOver = false;
  run: CallObserver["run"];

  onRequest(message: object): void {
    if (this.request.stream && !this.isMeasured) {
      this.receivedBytes += sizeOf(this.request.method.input, message);
    }
  }

  onResponse(message: object): void {
    if (!this.isMeasured) {
      this.sentBytes += sizeOf(this.request.method.output, message);
    }
  }

  onEnd(error: ConnectError | undefined): void {
    endSpan(this.span, true, error);
    const endedAt = performance.now();
    if (!this.isMeasured && !this.request.stream) {
      this.receivedBytes = sizeOf(this.request.method.input, this.request.message);
    }
    if (this.isMeasured && !this.#isOver && !this.request.stream && error === undefined) {
      this.#answeredAt = endedAt;
    } else {
      this.endExchange(error, endedAt);
    }
  }

  override onOver(): void {
    this.#isOver = true;
    if (this.#answeredAt !== undefined) {
      this.endExchange(undefined, this.#answeredAt);
    }
  }
}

/**
 * Returns a message's uncompressed size on the wire, in bytes; 0 for an invalid message, which fails its call later.
 */
function sizeOf(type: DescMessage, message: object): number {
  try {
    const bytes = binaryCodec(type, {}).serialize(message as MessageShape<DescMessage>);
    recycle(bytes);
    return bytes.length;
  } catch {
    return 0;
  }
}
