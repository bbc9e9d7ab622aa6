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
import {
  assertWritable,
  codeFromResetCode,
  completed,
  compressedFlag,
  compressInTurn,
  deadlineExceeded,
  deadlines,
  type Encoded,
  encodingHeader,
  fieldsOf,
  isInstance,
  recycle,
  statusFields,
  Timed,
} from "../../../grpc/index.js";
import type { Caller } from "../../caller.js";
import { answerFor, internalError, isExpected } from "../../guard.js";
import { nameOf, type OnError } from "../../on-error.js";
import { HeadersSentError } from "../../send-headers.js";
import { type ContextSource, LazyContext } from "./context.js";
import type { RequestFacts } from "./route.js";
import type { Reviewed } from "./unfinished-requests.js";

/**
 * One call, from its headers to its status. It is answered once, in `end()`: with what its handler made, at its deadline, or when
 * the server shuts down, whatever its handler does then.
 */
export abstract class ServerCall extends Timed implements RequestHandler, ContextSource, Reviewed {
  isOver = false;
  reason: unknown;
  protected readonly context = new LazyContext(this);
  protected isAnswerBegun = false;
  /** What of the handler's headers has left before the first message. */
  #sentEarly: readonly string[] | undefined;
  /** The headers left by themselves, and nothing else has left yet. */
  protected isAnswerEarly = false;
  lastUnfinished: unknown;
  looks = 0;
  #startedAt = 0;

  constructor(
    protected readonly onError: OnError,
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

  abstract get unfinished(): unknown;
  abstract onData(stream: ServerStream, buffer: Uint8Array, start: number, end: number, endStream: boolean): void;
  /** The request has ended, in trailers or by a last frame. */
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

  /** The caller has cancelled, or is gone. */
  onReset(_: ServerStream, error: StreamError): void {
    if (!this.isOver) {
      const code = error.origin === "peer" && error.cause === undefined ? codeFromResetCode(error.code) : Code.Canceled;
      this.end(new ConnectError("the caller went away", code, undefined, undefined, error));
    }
  }

  onBodySent(_: ServerStream, body: Uint8Array): void {
    recycle(body);
  }

  onListenerError(error: unknown): void {
    this.onError(error, { method: nameOf(this.desc) });
  }

  onDeadline(): void {
    this.fail(deadlineExceeded("deadline", this.facts.timeoutMs ?? 0));
  }

  /** Answers with an error: in trailers, or, before anything was said, in headers that are trailers as well. */
  fail(error: ConnectError): void {
    if (this.isOver) {
      return;
    }
    let answer = error;
    let status: string[];
    try {
      status = statusFields(error);
    } catch (problem) {
      // Its details cannot be encoded, say.
      this.onError(problem, { method: nameOf(this.desc) });
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
      // What the handler set as headers arrives as headers.
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
   * What there was to say last could not be said. A caller takes only so many fields: then it is told that, and if it does not
   * take even this, its stream is reset. In no case is that anybody else's trouble.
   */
  protected concludeWithout(problem: unknown): void {
    if (problem instanceof HeaderListSizeError) {
      try {
        this.#sendShortStatus(tooManyFields(problem));
        return;
      } catch {
        // Its limit is smaller than any answer.
      }
    } else {
      this.onError(problem, { method: nameOf(this.desc) });
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

  /** Answers what the handler threw, or what came of sending what it made. */
  protected failBy(error: unknown): void {
    if (isInstance(error, HeaderListSizeError)) {
      this.fail(tooManyFields(error));
      return;
    }
    if (!isExpected(error, { aborted: this.isOver, reason: this.reason })) {
      this.onError(error, { method: nameOf(this.desc) });
    }
    if (!this.isOver) {
      this.fail(answerFor(error, notAborted));
    }
  }

  protected end(reason: ConnectError | undefined): void {
    this.isOver = true;
    this.reason = reason;
    this.facts.route.calls.end(reason?.code ?? 0, this.#startedAt);
    deadlines.stop(this);
    LazyContext.end(this.context, reason);
  }

  /** The fields of the response that the handler has set, and how its messages are compressed. */
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

  /** The handler's trailers; and the headers that it has set when they had left already, so that they are not lost. */
  protected trailerExtra(): readonly string[] {
    const trailer = LazyContext.responseTrailerOf(this.context);
    const fields = trailer === undefined ? NO_FIELDS : fieldsOf(trailer);
    return this.#sentEarly === undefined ? fields : [...fields, ...fieldsBeyond(this.#sentEarly, this.headerExtra())];
  }

  /** @internal What a handler calls as `sendHeaders()`. @throws {HeadersSentError} {HeaderListSizeError} */
  sendHeaders(): void {
    if (this.isOver) {
      return;
    }
    if (!this.isAnswerBegun) {
      this.openEarly();
    } else if (!this.isAnswerEarly) {
      throw new HeadersSentError(nameOf(this.desc));
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

  /** A response message as it travels; compressing takes time. @throws {ConnectError} for one that is too large, {Error} for none. */
  protected encode(init: unknown): Encoded | Promise<Encoded> {
    const { route, format, responseEncoding } = this.facts;
    let bytes: Uint8Array;
    try {
      bytes = format.output.serialize(completed(route.desc.output, init as never));
    } catch (cause) {
      throw unencodable(route.desc, cause);
    }
    assertWritable(bytes.length, route.writeMaxBytes);
    if (responseEncoding === null || bytes.length < route.compressMinBytes) {
      return { bytes, flags: 0 };
    }
    return compressInTurn(responseEncoding, bytes).then((compressed) => ({ bytes: compressed, flags: compressedFlag }));
  }
}

/** Those of some fields that are not among others. */
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

/** A response message made of what a handler has given. @throws {Error} for what none can be made of. */
export function completedResponse(desc: DescMethod, init: unknown): object {
  try {
    return completed(desc.output, init as never);
  } catch (cause) {
    throw unencodable(desc, cause);
  }
}

/** An accident of the handler's: the text of the cause may have values in it that are none of the caller's business. */
function unencodable(desc: DescMethod, cause: unknown): Error {
  return new Error(`the handler of ${nameOf(desc)} has given what cannot be encoded`, { cause });
}

/** Whether the caller's limit or the handler's fields are out of proportion is not for us to say. */
function tooManyFields({ size, limit }: HeaderListSizeError): ConnectError {
  const message = `fields of ${size} bytes are more than the ${limit} that the caller takes`;
  return new ConnectError(message, Code.ResourceExhausted);
}

const notAborted = { aborted: false, reason: undefined };
const nothing = HeaderBlock.of([]);
/** The trailers of a call that succeeded. */
export const okTrailers = HeaderBlock.of(["grpc-status", "0"]);
