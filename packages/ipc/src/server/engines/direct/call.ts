import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  ErrorCode,
  HeaderBlock,
  type HeaderList,
  HeaderListSizeError,
  NO_FIELDS,
  type RequestHandler,
  type ServerStream,
  type StreamError,
} from "@vyra/http2";
import { codeFromResetCode, encodingHeader, fieldsOf, methodName, statusFields } from "../../../grpc/index.js";
import type { AttemptObserver } from "../../../interceptors/attempts.js";
import { type Encoded, encodedAs } from "../../../messages/encoded.js";
import type { Run } from "../../../messages/run.js";
import { completed } from "../../../protobuf/codec.js";
import { recycle } from "../../../protobuf/slab.js";
import { deadlines, Timed } from "../../../time/deadline-queue.js";
import { deadlineExceeded } from "../../../time/signal-deadline.js";
import { isInstance } from "../../../user-code/thrown.js";
import type { Caller } from "../../caller.js";
import { HeadersSentError } from "../../send-headers.js";
import { errorForCaller, internalError, isExpected } from "../guard.js";
import { type ContextSource, LazyContext } from "./context.js";
import type { RequestFacts } from "./route.js";
import type { CheckedCall } from "./unfinished-requests.js";

/**
 * A call, from its headers to its status. It is answered once, in `end()`: with the handler's result, at its deadline,
 * or when the server shuts down, whatever the handler does then.
 */
export abstract class ServerCall extends Timed implements RequestHandler, ContextSource, CheckedCall {
  isOver = false;
  reason: unknown;
  protected readonly context = new LazyContext(this);
  protected isAnswerBegun = false;
  /** The handler's headers that were sent before the first message. */
  #sentEarly: readonly string[] | undefined;
  /** Set when the headers were sent because their time was up and nothing else has been sent yet. */
  protected isAnswerEarly = false;
  lastUnfinished: unknown;
  checks = 0;
  #startedAt = 0;

  constructor(
    protected readonly stream: ServerStream,
    protected readonly facts: RequestFacts,
    readonly caller: Caller,
    readonly requestFields: readonly string[],
    readonly requestExtra: readonly string[],
  ) {
    super();
  }

  get desc(): DescMethod {
    return this.facts.route.desc;
  }

  get url(): string {
    return this.facts.route.requestKind.url;
  }

  abstract get unfinished(): unknown;
  abstract onData(stream: ServerStream, buffer: Uint8Array, start: number, end: number, endStream: boolean): void;
  /** Called when the request has ended, by trailers or by its last frame. */
  protected abstract onRequestEnd(): void;

  begin(endStream: boolean): void {
    const { timeoutMs } = this.facts;
    const problem = this.caller.refusal ?? this.facts.problem;
    this.#startedAt = this.facts.route.calls.start();
    if (problem !== undefined) {
      this.fail(problem);
      return;
    }
    if (timeoutMs !== undefined) {
      deadlines.start(this, timeoutMs);
    }
    if (endStream) {
      this.onRequestEnd();
    }
  }

  onTrailers(_: ServerStream, __: HeaderList, ___: readonly string[]): void {
    if (!this.isOver) {
      this.onRequestEnd();
    }
  }

  /** Called when the caller has cancelled or is gone. */
  onReset(_: ServerStream, error: StreamError): void {
    if (!this.isOver) {
      const code =
        error.origin === "peer" && error.cause === undefined ? codeFromResetCode(error.errorCode) : Code.Canceled;
      this.end(new ConnectError("the caller went away", code, undefined, undefined, error));
    }
  }

  onBodySent(_: ServerStream, body: Uint8Array): void {
    recycle(body);
  }

  onListenerError(error: unknown): void {
    this.facts.route.onError(error, { method: methodName(this.desc) });
  }

  onDeadline(): void {
    this.fail(deadlineExceeded("deadline", this.facts.timeoutMs ?? 0));
  }

  /** Answers with an error: in trailers, or, if nothing was sent yet, as a Trailers-Only response. */
  fail(error: ConnectError): void {
    if (this.isOver) {
      return;
    }
    let answer = error;
    let status: string[];
    try {
      status = statusFields(error);
    } catch (problem) {
      // The details of the error cannot be encoded, for example.
      this.facts.route.onError(problem, { method: methodName(this.desc) });
      answer = internalError(problem);
      status = statusFields(answer);
    }
    this.end(answer);
    try {
      this.#sendStatus(status);
    } catch (problem) {
      this.concludeWithout(problem);
    }
    this.stream.dropRequest();
  }

  #sendStatus(status: readonly string[]): void {
    const fields = [...status, ...this.trailerExtra()];
    const header = LazyContext.responseHeaderOf(this.context);
    if (!this.isAnswerBegun && header !== undefined && !header.keys().next().done) {
      // Headers that the handler has set arrive as headers.
      this.stream.respond(this.facts.format.headers, this.headerExtra());
      this.isAnswerBegun = true;
    }
    if (this.isAnswerBegun) {
      this.stream.trailers(nothing, fields);
    } else {
      this.stream.respond(this.facts.format.headers, fields, true);
    }
  }

  /**
   * Ends the call when its status could not be sent. If the fields exceed the caller's limit, it gets a short status
   * that says so; if even that exceeds the limit, the stream is reset. Neither affects anything else.
   */
  protected concludeWithout(problem: unknown): void {
    if (problem instanceof HeaderListSizeError) {
      try {
        this.#sendShortStatus(tooManyFields(problem));
        return;
      } catch {
        // The caller's limit is smaller than any response.
      }
    } else {
      this.facts.route.onError(problem, { method: methodName(this.desc) });
    }
    this.stream.reset(ErrorCode.INTERNAL_ERROR);
  }

  #sendShortStatus(error: ConnectError): void {
    if (this.isAnswerBegun) {
      this.stream.trailers(nothing, statusFields(error));
    } else {
      this.stream.respond(this.facts.format.headers, statusFields(error), true);
    }
  }

  /** Answers with what the handler threw, or with the error of sending its result. */
  protected failBy(error: unknown): void {
    if (isInstance(error, HeaderListSizeError)) {
      this.fail(tooManyFields(error));
      return;
    }
    if (!isExpected(error, { aborted: this.isOver, reason: this.reason })) {
      this.facts.route.onError(error, { method: methodName(this.desc) });
    }
    if (!this.isOver) {
      this.fail(errorForCaller(error, notAborted));
    }
  }

  protected end(reason: ConnectError | undefined): void {
    this.isOver = true;
    this.reason = reason;
    this.facts.route.calls.end(reason?.code ?? 0, this.#startedAt);
    deadlines.stop(this);
    LazyContext.end(this.context, reason);
  }

  /** Returns the header fields that the handler has set, and the compression of the messages. */
  protected headerExtra(): readonly string[] {
    const header = LazyContext.responseHeaderOf(this.context);
    const { responseEncoding } = this.facts;
    if (header === undefined && responseEncoding === null) {
      return NO_FIELDS;
    }
    const fields = header === undefined ? [] : fieldsOf(header);
    if (responseEncoding !== null) {
      fields.push(encodingHeader, responseEncoding.name);
    }
    return fields;
  }

  /**
   * Returns the handler's trailers, and the headers that it has set after the headers were sent, so that they are not
   * lost.
   */
  protected trailerExtra(): readonly string[] {
    const trailer = LazyContext.responseTrailerOf(this.context);
    const fields = trailer === undefined ? NO_FIELDS : fieldsOf(trailer);
    return this.#sentEarly === undefined ? fields : [...fields, ...fieldsBeyond(this.#sentEarly, this.headerExtra())];
  }

  /** @internal Implements `sendHeaders()`. @throws {HeadersSentError | HeaderListSizeError} */
  sendHeaders(): void {
    if (this.isOver) {
      return;
    }
    if (!this.isAnswerBegun) {
      this.openEarly();
    } else if (!this.isAnswerEarly) {
      throw new HeadersSentError(methodName(this.desc));
    }
    this.isAnswerEarly = false;
  }

  /** Sends the headers before the first message. @throws {HeaderListSizeError} */
  protected openEarly(): void {
    const extra = this.headerExtra();
    this.stream.respond(this.facts.format.headers, extra);
    this.isAnswerBegun = true;
    this.#sentEarly = extra;
  }

  /**
   * Encodes a response message; returns a promise if it is compressed. @throws {ConnectError} for a message that is too
   * large, {Error} for an invalid one.
   *
   * @param observer is told the size of the message
   */
  protected encode(init: unknown, observer?: AttemptObserver): Encoded | Promise<Encoded> {
    const { route, format, responseEncoding } = this.facts;
    let bytes: Uint8Array;
    try {
      bytes = format.output.serialize(completed(route.desc.output, init as never));
    } catch (cause) {
      throw unencodable(route.desc, cause);
    }
    observer?.onSent(bytes.length);
    return encodedAs(bytes, route, responseEncoding);
  }

  /**
   * Adds a response message to a run. Returns the message in the form in which it is sent by itself if it cannot be
   * part of the run; a promise if it is compressed. @throws like `encode()`
   */
  protected addTo(run: Run | undefined, init: unknown): Encoded | Promise<Encoded> | undefined {
    const { route, format, responseEncoding } = this.facts;
    if (run === undefined || responseEncoding !== null) {
      return this.encode(init);
    }
    let written: number | Uint8Array;
    try {
      written = run.write(format.output, completed(route.desc.output, init as never));
    } catch (cause) {
      throw unencodable(route.desc, cause);
    }
    return run.add(written, route);
  }
}

/** Returns the fields that are not among others. */
function fieldsBeyond(others: readonly string[], fields: readonly string[]): string[] {
  const beyond: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const [name, value] = [fields[i] as string, fields[i + 1] as string];
    if (!others.some((_, at) => at % 2 === 0 && others[at] === name && others[at + 1] === value)) {
      beyond.push(name, value);
    }
  }
  return beyond;
}

/** Creates a response message from what a handler has returned. @throws {Error} if that is impossible. */
export function completedResponse(desc: DescMethod, init: unknown): object {
  try {
    return completed(desc.output, init as never);
  } catch (cause) {
    throw unencodable(desc, cause);
  }
}

/**
 * Creates an unexpected error of the handler, since the text of its cause may contain values that the caller must not
 * see.
 */
function unencodable(desc: DescMethod, cause: unknown): Error {
  return new Error(`the handler of ${methodName(desc)} returned a message that cannot be encoded`, { cause });
}

/** Creates the error of fields that exceed the caller's limit, without judging which of both is unreasonable. */
function tooManyFields({ size, limit }: HeaderListSizeError): ConnectError {
  const message = `header fields of ${size} bytes exceed the caller's limit of ${limit}`;
  return new ConnectError(message, Code.ResourceExhausted);
}

const notAborted = { aborted: false, reason: undefined };
const nothing = HeaderBlock.of([]);
/** The trailers of a successful call. */
export const okTrailers = HeaderBlock.of(["grpc-status", "0"]);
