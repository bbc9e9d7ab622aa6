import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ClientStream, HeaderBlock } from "@vyra/http2";
import { headersOf } from "../../../grpc/index.js";
import { type MessageSource, nextBatch, sourceOf } from "../../../messages/batches.js";
import { MessageInbox } from "../../../messages/message-inbox.js";
import { Drain, type MessageSender, sendMessages } from "../../../messages/send-messages.js";
import { recycle } from "../../../protobuf/slab.js";
import { IdleLimit } from "../../../time/idle-limit.js";
import { queueMicrotask } from "../../../time/real-timers.js";
import { deadlineExceeded } from "../../../time/signal-deadline.js";
import { CallScope } from "../../../user-code/call-scope.js";
import { closeIterator } from "../../../user-code/iterators.js";
import { connectErrorFrom } from "../../../user-code/thrown.js";
import { ClientCall } from "./call.js";
import { streamBytes } from "./call-queue.js";
import type { CallSpec } from "./call-spec.js";
import type { Core } from "./core.js";
import type { ResponseFields } from "./response.js";
import type { DirectSession } from "./session.js";

/** Called when the stream is open: its headers have been received, and messages may follow. */
export type OnOpen = (call: StreamCall) => void;

/** A call with any number of messages in either direction. */
export class StreamCall extends ClientCall {
  readonly #requests: MessageSource;
  /** The caller's async context, in which the requests are created. */
  readonly #scope = new CallScope();
  readonly #inbox: MessageInbox;
  readonly #drain = new Drain();
  /** Set when a request has been taken from its source. The call can then be retried only if that request is kept. */
  #isSending = false;
  /** The request of a method that takes a single one, kept until the server has begun to answer. */
  #kept: { readonly request: unknown } | undefined;
  /** Set when all requests have been sent. */
  #isSent = false;
  #isOpen = false;
  #trailer: Headers | undefined;
  readonly #idle: IdleLimit | undefined;

  constructor(
    core: Core,
    spec: CallSpec,
    requests: AsyncIterable<unknown>,
    private onOpen: OnOpen,
    private onError: (error: ConnectError) => void,
  ) {
    super(core, spec);
    const { idleMs } = spec;
    this.#idle =
      idleMs === undefined
        ? undefined
        : new IdleLimit(idleMs, () => this.abandon(deadlineExceeded("idle limit", idleMs)));
    this.#requests = sourceOf(requests);
    this.#inbox = new MessageInbox({
      codec: { parse: (bytes, isLent, start, end) => this.#parse(bytes, isLent, start, end) },
      readMaxBytes: core.options.readMaxBytes,
      onReturn: () => this.abandon(new ConnectError("the caller has stopped reading", Code.Canceled)),
    });
  }

  /** Parses a message. If it is malformed, the call fails, and later messages are not read. */
  #parse(bytes: Uint8Array, isLent?: boolean, start?: number, end?: number): MessageShape<DescMessage> {
    try {
      return this.method.output.parse(bytes, isLent, start, end);
    } catch (reason) {
      const error = connectErrorFrom(reason, Code.Internal);
      this.abandon(error);
      throw error;
    }
  }

  /** Returns the response's messages for a reader that may stop without saying so. Called once. */
  messagesForReader(): AsyncIterableIterator<unknown> {
    const messages = new ReaderMessages(this.#messages, this.#idle);
    if (!this.isOver) {
      readers.register(messages, this, this);
    }
    return messages;
  }

  /** Called when the responses can no longer be read by anybody. */
  onReaderGone(): void {
    this.#messages.abort(undefined);
    if (this.isOver) {
      return;
    }
    if (this.#isSent) {
      this.abandon(new ConnectError("the responses are no longer read", Code.Canceled));
    } else {
      this.stream?.resume(); // received data are dropped while requests are still sent
    }
  }

  get #messages(): MessageInbox["messages"] {
    return this.#inbox.messages;
  }

  get header(): Headers {
    return headersOf(this.headerFields, this.headerExtra);
  }

  /** The trailers. The object is filled when they arrive, also if it was read before. */
  get trailer(): Headers {
    if (this.#trailer === undefined) {
      this.#trailer = new Headers();
      this.#fillTrailer();
    }
    return this.#trailer;
  }

  protected send({ connection }: DirectSession, block: HeaderBlock, extra: readonly string[]): ClientStream {
    const stream = connection.request(block, extra, false, this);
    // The window opens as messages are taken, so a reader that stops reading stops the server.
    stream.pause(false);
    this.#inbox.inlet = stream;
    queueMicrotask(() => void this.#scope.runInAsyncScope(this.#sendRequests, this, stream));
    return stream;
  }

  protected onAnswer(): void {
    this.#inbox.encoding = this.encoding;
    this.#kept = undefined;
    this.#open();
  }

  onData(_: ClientStream, buffer: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (this.isOver) {
      return;
    }
    this.#idle?.tick();
    this.hasBody ||= end > start;
    this.expectNoAnswer();
    try {
      this.#inbox.push(buffer, start, end);
    } catch (error) {
      this.abandon(connectErrorFrom(error));
      return;
    }
    if (endStream) {
      this.onEndWithoutTrailers();
    }
  }

  onDrain(): void {
    this.#drain.onDrain();
  }

  onBodySent(_: ClientStream, body: Uint8Array): void {
    recycle(body);
  }

  protected isBodyWhole(): boolean {
    return this.#inbox.isAtEnd;
  }

  override begin(): void {
    this.#idle?.start(); // It includes the time in which the call waits for a connection.
    super.begin();
  }

  protected override end(code?: Code | 0): void {
    super.end(code);
    this.#idle?.stop();
    this.#kept = undefined;
    const fieldBytes = this.#messages.isAwaited ? 0 : longBytes(this);
    if (fieldBytes > 0) {
      this.#inbox.keepFields(fieldBytes);
    }
    if (this.#inbox.isEmpty && fieldBytes === 0) {
      readers.unregister(this);
    } // otherwise messages are left that may never be taken; they stay charged to the connection's account until then
  }

  protected succeed(): void {
    this.end();
    this.#open();
    this.#finish(undefined);
  }

  protected reject(error: ConnectError, isOurs: boolean): void {
    if (this.#isOpen) {
      if (isOurs) {
        this.#messages.abort(error);
      }
      this.#finish(error);
    } else {
      this.#closeRequests(error);
      this.onError(error);
    }
  }

  protected requestBytes(): number {
    return streamBytes; // no request is taken from its source before the stream is open
  }

  protected mayRetry(): boolean {
    return !this.#isSending || this.#kept !== undefined;
  }

  #open(): void {
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.onOpen(this);
      this.onOpen = this.onError = ignore; // the callbacks refer to what the reader holds
    }
  }

  #finish(error: ConnectError | undefined): void {
    if (this.#trailer !== undefined) {
      this.#fillTrailer();
    }
    this.#messages.finish(error);
    this.#closeRequests(error);
  }

  #fillTrailer(): void {
    for (const [name, value] of headersOf(this.trailerFields, this.trailerExtra)) {
      this.#trailer?.append(name, value);
    }
  }

  async #sendRequests(stream: ClientStream): Promise<void> {
    const requests = this.#kept === undefined ? this.#requests : startingWith(this.#kept.request, this.#requests);
    this.#isSending = true;
    let isFirst = true;
    const keepAndAdd: MessageSender["addTo"] = (run, request) => {
      this.#kept = isFirst ? { request } : undefined; // several requests, which the type does not allow, are not kept
      isFirst = false;
      return this.method.addTo(run, request);
    };
    const addTo: MessageSender["addTo"] =
      this.method.desc.methodKind === "server_streaming"
        ? keepAndAdd
        : (run, request) => {
            this.#idle?.tick();
            this.expectAnswer();
            return this.method.addTo(run, request);
          };
    try {
      // A call that is retried sends its requests on another stream.
      const isOver = () => this.isOver || this.stream !== stream;
      if (await sendMessages(requests, stream, { addTo, drain: this.#drain, isOver })) {
        this.#isSent = true;
        stream.end();
      }
    } catch (error) {
      this.abandon(connectErrorFrom(error));
    }
  }

  /** Closes the source of the requests with the reason, as Connect does. */
  #closeRequests(error: ConnectError | undefined): void {
    this.#drain.onDrain();
    this.#scope.runInAsyncScope(closeIterator, undefined, this.#requests.iterator, error);
  }
}

function ignore(): void {}

/**
 * Returns the memory of a response's fields, in bytes: their names, their values and 32 bytes for each (RFC 9113
 * §6.5.2). Returns 0 if it is at most 1 KiB, which is included in the cost of a call.
 */
function longBytes({ headerFields, headerExtra, trailerFields, trailerExtra }: ResponseFields): number {
  let bytes = 0;
  for (const fields of [headerFields, headerExtra, trailerFields, trailerExtra]) {
    for (const text of fields) {
      bytes += text.length + 16;
    }
  }
  return bytes <= 1_024 ? 0 : bytes;
}

/** Returns a source that yields a request which has already been taken, and then the rest. */
function startingWith(request: unknown, { iterator, isBatched }: MessageSource): MessageSource {
  return { iterator: startingIterator(isBatched ? [request] : request, iterator), isBatched };
}

async function* startingIterator(first: unknown, rest: AsyncIterator<unknown>): AsyncGenerator<unknown> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) {
    yield next.value;
  }
}

/**
 * Cancels calls whose responses nobody can read any more, when the garbage collector finds them, as gRPC for Python
 * does. Connect's clients do not pass on that a `for await` was left by `break`; they just drop the iterator. An open
 * call would hold its window's memory for ever, and many of them would leave little for others. A caller that wants to
 * end a call at once aborts its signal.
 */
const readers = new FinalizationRegistry<StreamCall>((call) => call.onReaderGone());

/** The object that the reader holds, to which the call has no reference. */
class ReaderMessages implements AsyncIterableIterator<unknown> {
  constructor(
    private readonly messages: MessageInbox["messages"],
    private readonly idle: IdleLimit | undefined,
  ) {}

  next(): Promise<IteratorResult<unknown>> {
    this.idle?.tick();
    // The argument keeps this object alive while its reader waits for a message.
    return this.messages.next(this);
  }

  [nextBatch](): Promise<IteratorResult<unknown[], undefined>> {
    this.idle?.tick();
    return this.messages[nextBatch](this);
  }

  return(value?: unknown): Promise<IteratorResult<unknown>> {
    return this.messages.return(value);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
