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

/** How often a call goes to another connection because the server said it had not looked at it, before its caller is told. */
const maxTransparentRetries = 16;

/**
 * One call, from its first attempt to get a stream to its outcome. It ends once, in `end()`; whatever is said of it later is
 * ignored.
 */
export abstract class ClientCall extends Timed implements ResponseHandler, ResponseFields, PendingCall {
  isOver = false;
  protected stream: ClientStream | undefined;
  headerFields: readonly string[] = NO_FIELDS;
  headerExtra: readonly string[] = NO_FIELDS;
  trailerFields: readonly string[] = NO_FIELDS;
  trailerExtra: readonly string[] = NO_FIELDS;
  /** How the messages that come are compressed. */
  protected encoding: Compression | null = null;
  protected hasBody = false;
  #session: DirectSession | undefined;
  #timeoutMs: number | undefined;
  /** Has waited for a session: less than the whole time remains. */
  #hasWaited = false;
  #transparentRetries = 0;
  #wasRefused = false;
  #startedAt = 0;
  /** Where it waits, or has waited. */
  #queue: CallQueue<PendingCall> | undefined;

  protected readonly method: Method;
  #signal: AbortSignal | undefined;
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

  /** Opens the stream: the request, or its beginning. */
  protected abstract send(session: DirectSession, block: HeaderBlock, extra: readonly string[]): ClientStream;
  /** The answer has begun. */
  protected abstract onAnswer(): void;
  abstract onData(stream: ClientStream, buffer: Uint8Array, start: number, end: number, endStream: boolean): void;
  /** Whether the body ended between two messages. */
  protected abstract isBodyWhole(): boolean;
  /** The server says that the call succeeded. */
  protected abstract succeed(): void;
  /** The call failed. `isOurs`: by our own doing, so that nobody waits for what has already come. */
  protected abstract reject(error: ConnectError, isOurs: boolean): void;
  /** How much the request holds while it waits, in bytes. */
  protected abstract requestBytes(): number;
  /** Whether the same request can be sent once more. */
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

  /** Whether the call goes on: its signal is one, and not aborted yet. */
  #listen(signal: AbortSignal): boolean {
    try {
      if (!signal.aborted) {
        allowManyListeners(signal);
        signal.addEventListener("abort", this);
        return true;
      }
    } catch (error) {
      this.#signal = undefined; // there is nothing to be heard from it
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
    // A limit that many calls have is part of a block that is compressed once.
    const timeoutMs = this.#hasWaited || hasOwnUserAgent ? undefined : this.#timeoutMs;
    const leftMs = timeoutMs === undefined ? this.#leftMs() : undefined;
    if (leftMs !== undefined) {
      metadata = [timeoutHeader, formatTimeout(Math.max(0, leftMs)), ...metadata];
    }
    const block = hasOwnUserAgent ? this.method.blockWithoutUserAgent : this.method.block(timeoutMs);
    try {
      this.stream = this.send(session, block, metadata);
      this.#session = session;
      session.enter();
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

  /** The body ended, and no trailers came. */
  protected onEndWithoutTrailers(): void {
    // A status in headers counts only where nothing else came.
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
      // gRFC A6: what the server has refused is sent again once; it may be more than it can take.
      if (error.errorCode === ErrorCode.REFUSED_STREAM && error.origin === "peer" && this.#wasRefused) {
        this.fail(refused(this.core.address, error));
      } else {
        this.#wasRefused ||= error.errorCode === ErrorCode.REFUSED_STREAM;
        this.#retryTransparently(error);
      }
    } else if (error.origin === "socket" || error.cause !== undefined) {
      this.fail(connectionLost(this.core.address, error));
    } else if (error.errorCode === ErrorCode.CANCEL && this.#isPastDeadline()) {
      // grpc-go ends a call by CANCEL at its deadline; that may come before our own timer, which is late under load.
      this.fail(deadlineExceeded("deadline", this.#timeoutMs ?? 0));
    } else {
      this.fail(resetError(error));
    }
  }

  /** What is left for the server to answer, in milliseconds; undefined where there is no limit. */
  #leftMs(): number | undefined {
    if (this.#timeoutMs !== undefined) {
      return this.leftMs();
    }
    const leftMs = this.#signalTimeoutMs;
    return leftMs !== undefined && this.#hasWaited ? ((this.#signal && remainingMs(this.#signal)) ?? leftMs) : leftMs;
  }

  /** By its own clock, or by that of the interceptor that limits it. */
  #isPastDeadline(): boolean {
    const leftMs = this.leftMs() ?? (this.#signal && remainingMs(this.#signal));
    return leftMs !== undefined && leftMs <= 0;
  }

  onDeadline(): void {
    this.abandon(deadlineExceeded("deadline", this.#timeoutMs ?? 0));
  }

  /** The caller's signal was aborted. */
  handleEvent(): void {
    this.abandon(connectErrorFrom(this.#signal?.reason, Code.Canceled));
  }

  /** Gives the call up, and tells the server so. */
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
  }

  /** A response of nothing but trailers, or no answer in gRPC at all. */
  #concludeAtOnce(list: HeaderList, extra: readonly string[], problem: ConnectError | undefined): void {
    if (problem !== undefined && !hasStatus(list.fields, extra)) {
      this.fail(problem);
    } else {
      this.#conclude(list, extra);
    }
  }

  /** Fields with a status have come: the call is over, as they say. */
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

  /** The server never looked at the call: another connection may. */
  #retryTransparently(error: Error): void {
    this.#session?.leave();
    this.#session = this.stream = undefined;
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

/** Trailers that come again and again say the same each time. */
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
    // That we did not ask for it makes it the server's fault.
    throw new ConnectError(connectErrorFrom(error).rawMessage, Code.Internal);
  }
  return known && { name: known.name, compress: known.compress, decompress: decompression(known) };
}

/** What cannot be decompressed is the server's fault as well, unless it is too large. */
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

/** The error of a call whose request cannot be sent as the caller has it: Internal, as Connect and grpc-js have it. */
export function requestError(error: unknown): ConnectError {
  return isInstance(error, HeaderListSizeError)
    ? new ConnectError(error.message, Code.ResourceExhausted, undefined, undefined, error)
    : connectErrorFrom(error, Code.Internal);
}
