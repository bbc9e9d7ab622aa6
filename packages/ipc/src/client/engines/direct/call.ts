import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import {
  type ClientStream,
  ErrorCode,
  type HeaderBlock,
  type HeaderList,
  HeaderListSizeError,
  NO_FIELDS,
  RequestRefusedError,
  type ResponseHandler,
  type StreamError,
} from "@vyra/http2";
import {
  compressionNamed,
  errorOf,
  fieldOf,
  formatTimeout,
  hasStatus,
  headersOf,
  incompleteMessage,
  timeoutHeader,
} from "../../../grpc/index.js";
import { deadlines, Timed } from "../../../time/deadline-queue.js";
import { type Abortable, LazySignal } from "../../../time/lazy-signal.js";
import { deadlineExceeded, remainingMs } from "../../../time/signal-deadline.js";
import { allowManyListeners } from "../../../user-code/shared-signal.js";
import { connectErrorFrom, isInstance } from "../../../user-code/thrown.js";
import { channelClosed, connectionLost, refused } from "../../errors.js";
import { type CallQueue, callBytes, signalBytes } from "./call-queue.js";
import type { CallSpec } from "./call-spec.js";
import type { Core } from "./core.js";
import type { Method } from "./method.js";
import { factsOf, type ResponseFields, resetError } from "./response.js";
import type { DirectSession, PendingCall } from "./session.js";

/** How often a call is retried on another connection after the server has not processed it, before the call fails. */
const maxTransparentRetries = 16;

/**
 * A call, from its first attempt to get a stream to its outcome. It ends once, in `end()`; later events are ignored.
 */
export abstract class ClientCall extends Timed implements ResponseHandler, ResponseFields, PendingCall {
  isOver = false;
  protected stream: ClientStream | undefined;
  headerFields: readonly string[] = NO_FIELDS;
  headerExtra: readonly string[] = NO_FIELDS;
  trailerFields: readonly string[] = NO_FIELDS;
  trailerExtra: readonly string[] = NO_FIELDS;
  /** The compression of the received messages. */
  protected encoding: Compression | null = null;
  protected hasBody = false;
  #session: DirectSession | undefined;
  #timeoutMs: number | undefined;
  /** Set when the call has waited for a session, so that less than the full timeout remains. */
  #hasWaited = false;
  #transparentRetries = 0;
  #wasRefused = false;
  #startedAt = 0;
  /** Whether the event loop may turn until the answer arrives. */
  #isExpected = false;
  /** The queue in which the call waits, or has waited last. */
  #queue: CallQueue<PendingCall> | undefined;

  protected readonly method: Method;
  #signal: Abortable | undefined;
  readonly #signalTimeoutMs: number | undefined;
  readonly #metadata: readonly string[];
  readonly #waitsForReady: boolean;

  constructor(
    protected readonly core: Core,
    spec: CallSpec,
  ) {
    super();
    this.method = spec.method;
    this.#signal = spec.signal;
    this.#timeoutMs = spec.timeoutMs;
    this.#signalTimeoutMs = spec.signalTimeoutMs;
    this.#metadata = spec.metadata;
    this.#waitsForReady = spec.waitForReady;
  }

  /** Opens the stream with the request or its beginning. */
  protected abstract send(session: DirectSession, block: HeaderBlock, extra: readonly string[]): ClientStream;
  /** Called when the response has begun. */
  protected abstract onAnswer(): void;
  abstract onData(stream: ClientStream, buffer: Uint8Array, start: number, end: number, endStream: boolean): void;
  /** Tells whether the body ended between two messages. */
  protected abstract isBodyWhole(): boolean;
  /** Called when the server reports success. */
  protected abstract succeed(): void;
  /**
   * Called when the call has failed. `isOurs` is set if this side ended it, so that nobody waits for what has already
   * been received.
   */
  protected abstract reject(error: ConnectError, isOurs: boolean): void;
  /** Returns the memory of the request while it waits, in bytes. */
  protected abstract requestBytes(): number;
  /** Tells whether the same request can be sent again. */
  protected abstract mayRetry(): boolean;

  begin(): void {
    this.#startedAt = this.method.calls.start();
    if (this.#signal !== undefined && !this.#listen(this.#signal)) {
      return;
    }
    if (this.#timeoutMs !== undefined) {
      deadlines.start(this, this.#timeoutMs);
    }
    this.acquire();
  }

  /** Listens to the caller's signal. Returns whether the call continues: the signal is valid and not aborted yet. */
  #listen(signal: Abortable): boolean {
    try {
      if (!signal.aborted) {
        if (!(signal instanceof LazySignal)) {
          allowManyListeners(signal as AbortSignal);
        }
        signal.addEventListener("abort", this);
        return true;
      }
    } catch (error) {
      this.#signal = undefined; // it is not a signal that can be listened to
      this.fail(requestError(error));
      return false;
    }
    this.handleEvent();
    return false;
  }

  acquire(): void {
    const session = this.core.session();
    if (session instanceof Promise) {
      this.#hasWaited = true;
      this.waitIn(this.core.pendingCalls.forSession(session));
    } else {
      session.run(this);
      this.#hasWaited = true;
    }
  }

  waitIn(queue: CallQueue<PendingCall>): void {
    const bytes = callBytes + (this.#signal === undefined ? 0 : signalBytes) + this.requestBytes();
    if (queue.join(this, bytes)) {
      this.#queue = queue;
    } else {
      this.fail(this.core.pendingCalls.budget.exceeded());
    }
  }

  open(session: DirectSession): void {
    let metadata = this.#metadata;
    const hasOwnUserAgent = metadata.length > 0 && fieldOf("user-agent", NO_FIELDS, metadata) !== undefined;
    // Timeouts that many calls share are part of a header block that is compressed once.
    const timeoutMs = this.#hasWaited || hasOwnUserAgent ? undefined : this.#sharedTimeoutMs();
    const leftMs = timeoutMs === undefined ? this.#leftMs() : undefined;
    if (leftMs !== undefined) {
      metadata = [timeoutHeader, formatTimeout(Math.max(0, leftMs)), ...metadata];
    }
    const block = hasOwnUserAgent ? this.method.blockWithoutUserAgent : this.method.block(timeoutMs);
    try {
      this.stream = this.send(session, block, metadata);
      this.#session = session;
      session.enter();
      this.expectAnswer();
    } catch (error) {
      if (error instanceof RequestRefusedError) {
        this.#retryTransparently(error);
      } else {
        this.fail(requestError(error));
      }
    }
  }

  onUnreachable(error: ConnectError): void {
    if (!this.#waitsForReady || error.code !== Code.Unavailable) {
      this.fail(error);
    } else {
      this.waitIn(this.core.pendingCalls.forServer());
    }
  }

  leaveSession(): void {
    this.#retryTransparently(new RequestRefusedError("closing", "the connection takes no more calls"));
  }

  onHeaders(_: ClientStream, list: HeaderList, extra: readonly string[], endStream: boolean): void {
    if (this.isOver) {
      return;
    }
    this.headerFields = list.fields;
    this.headerExtra = extra;
    const { problem, encoding } = factsOf(list, extra, this.method.isBinary);
    if (endStream) {
      this.#concludeAtOnce(list, extra, problem);
      return;
    }
    try {
      if (problem !== undefined) {
        throw problem;
      }
      if (encoding !== undefined) {
        this.encoding = responseCompression(encoding, this.core.options.acceptCompression);
      }
    } catch (error) {
      this.abandon(connectErrorFrom(error));
      return;
    }
    this.onAnswer();
  }

  onTrailers(_: ClientStream, list: HeaderList, extra: readonly string[]): void {
    if (!this.isOver) {
      this.trailerFields = list.fields;
      this.trailerExtra = extra;
      this.#conclude(list, extra);
    }
  }

  /** Called when the body has ended without trailers. */
  protected onEndWithoutTrailers(): void {
    // A status in the headers counts only if nothing else was received.
    if (!this.hasBody && hasStatus(this.headerFields, this.headerExtra)) {
      this.#concludeFrom(this.headerFields, this.headerExtra);
      return;
    }
    this.fail(
      this.isBodyWhole()
        ? new ConnectError("protocol error: missing trailers", Code.Internal, this.#responseMetadata())
        : incompleteMessage(),
    );
  }

  onReset(_: ClientStream, error: StreamError): void {
    if (this.isOver) {
      return;
    }
    if (this.core.isShutDown) {
      this.fail(channelClosed(this.core.address, error), true);
    } else if (error.notProcessed) {
      // gRFC A6: a call that the server refuses is retried once; it may be more than the server can take.
      if (error.errorCode === ErrorCode.REFUSED_STREAM && error.origin === "peer" && this.#wasRefused) {
        this.fail(refused(this.core.address, error));
      } else {
        this.#wasRefused ||= error.errorCode === ErrorCode.REFUSED_STREAM;
        this.#retryTransparently(error);
      }
    } else if (error.origin === "socket" || error.cause !== undefined) {
      this.fail(connectionLost(this.core.address, error));
    } else if (error.errorCode === ErrorCode.CANCEL && this.#isPastDeadline()) {
      // grpc-go ends a call by CANCEL at its deadline, which may arrive before this side's timer fires, since that is
      // late under load.
      this.fail(deadlineExceeded("deadline", this.#timeoutMs ?? 0));
    } else {
      this.fail(resetError(error));
    }
  }

  /** Returns the timeout if it is one that many calls share; undefined otherwise. */
  #sharedTimeoutMs(): number | undefined {
    const ms = this.#timeoutMs ?? this.#signalTimeoutMs;
    return this.#timeoutMs !== undefined || Number.isInteger(ms) ? ms : undefined;
  }

  /** Returns the time left for the server to answer, in milliseconds; undefined without a deadline. */
  #leftMs(): number | undefined {
    if (this.#timeoutMs !== undefined) {
      return this.leftMs();
    }
    const leftMs = this.#signalTimeoutMs;
    return leftMs !== undefined && this.#hasWaited ? ((this.#signal && remainingMs(this.#signal)) ?? leftMs) : leftMs;
  }

  /** Tells whether the deadline has passed, by the call's own clock or by that of the interceptor that enforces it. */
  #isPastDeadline(): boolean {
    const leftMs = this.leftMs() ?? (this.#signal && remainingMs(this.#signal));
    return leftMs !== undefined && leftMs <= 0;
  }

  onDeadline(): void {
    this.abandon(deadlineExceeded("deadline", this.#timeoutMs ?? 0));
  }

  /** Called when the caller's signal is aborted. */
  handleEvent(): void {
    this.abandon(connectErrorFrom(this.#signal?.reason, Code.Canceled));
  }

  /** Fails the call and cancels it on the server. */
  protected abandon(error: ConnectError): void {
    if (!this.isOver) {
      this.stream?.reset(ErrorCode.CANCEL);
      this.fail(error, true);
    }
  }

  fail(error: ConnectError, isOurs = false): void {
    if (!this.isOver) {
      this.end(error.code);
      this.reject(error, isOurs);
    }
  }

  protected end(code: Code | 0 = 0): void {
    this.isOver = true;
    this.method.calls.end(code, this.#startedAt);
    deadlines.stop(this);
    this.#signal?.removeEventListener("abort", this);
    this.#queue?.leave(this);
    this.#session?.leave();
    this.#session = undefined;
    this.expectNoAnswer();
  }

  /** Called when a request was sent, so that an answer is expected as soon as the method usually gives it. */
  protected expectAnswer(): void {
    if (!this.#isExpected) {
      this.#isExpected = this.method.answers?.expect(this) ?? false;
    }
  }

  /** Called when an answer has arrived, or when none is expected any more. */
  protected expectNoAnswer(): void {
    this.method.answers?.expectNoMore(this, this.#isExpected);
    this.#isExpected = false;
  }

  /** Ends a call whose response consists of trailers only, or is not a gRPC response. */
  #concludeAtOnce(list: HeaderList, extra: readonly string[], problem: ConnectError | undefined): void {
    if (problem !== undefined && !hasStatus(list.fields, extra)) {
      this.fail(problem);
    } else {
      this.#conclude(list, extra);
    }
  }

  /** Ends the call as the status in these fields says. */
  #conclude(list: HeaderList, extra: readonly string[]): void {
    if (extra.length === 0 && isSuccess(list) && this.isBodyWhole()) {
      this.succeed();
    } else {
      this.#concludeFrom(list.fields, extra);
    }
  }

  #concludeFrom(fields: readonly string[], extra: readonly string[]): void {
    const error = errorOf(fields, extra, () => this.#responseMetadata());
    if (error !== undefined) {
      this.fail(error);
    } else if (!this.isBodyWhole()) {
      this.fail(incompleteMessage());
    } else {
      this.succeed();
    }
  }

  /** Retries a call that the server has not processed, possibly on another connection. */
  #retryTransparently(error: Error): void {
    this.#session?.leave();
    this.#session = this.stream = undefined;
    this.expectNoAnswer();
    if (this.#transparentRetries++ < maxTransparentRetries && this.mayRetry()) {
      this.acquire();
    } else {
      this.fail(refused(this.core.address, error));
    }
  }

  #responseMetadata(): Headers {
    const metadata = headersOf(this.headerFields, this.headerExtra);
    for (const [name, value] of headersOf(this.trailerFields, this.trailerExtra)) {
      metadata.append(name, value);
    }
    return metadata;
  }
}

/** Tells whether trailers report success; the result is stored with lists of fields that are received repeatedly. */
function isSuccess(list: HeaderList): boolean {
  list.memo ??= fieldOf("grpc-status", list.fields, NO_FIELDS) === "0" ? succeeded : failed;
  return list.memo === succeeded;
}

const succeeded = { status: 0 };
const failed = { status: undefined };

function responseCompression(encoding: string, accepted: readonly Compression[]): Compression | null {
  let known: Compression | null;
  try {
    known = compressionNamed(encoding, accepted);
  } catch (error) {
    // The server is at fault, since it uses a compression that was not accepted.
    throw new ConnectError(connectErrorFrom(error).rawMessage, Code.Internal);
  }
  return known && { name: known.name, compress: known.compress, decompress: decompression(known) };
}

/** Wraps a compression so that malformed data count as the server's fault, unless the message is too large. */
function decompression(known: Compression): Compression["decompress"] {
  return async (bytes, readMaxBytes) => {
    try {
      return await known.decompress(bytes, readMaxBytes);
    } catch (cause) {
      const { rawMessage, code } = connectErrorFrom(cause, Code.Internal);
      const isTooLarge = code === Code.ResourceExhausted;
      throw new ConnectError(rawMessage, isTooLarge ? code : Code.Internal, undefined, undefined, cause);
    }
  };
}

/**
 * Creates the error of a call whose request cannot be sent: Internal, as in Connect and grpc-js, and ResourceExhausted
 * for header fields that are too large.
 */
export function requestError(error: unknown): ConnectError {
  return isInstance(error, HeaderListSizeError)
    ? new ConnectError(error.message, Code.ResourceExhausted, undefined, undefined, error)
    : connectErrorFrom(error, Code.Internal);
}
