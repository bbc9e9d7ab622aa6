import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ClientStream, HeaderBlock } from "@vyra/http2";
import { CallScope } from "../../../call-scope.js";
import {
  connectErrorFrom,
  Drain,
  type Encoded,
  headersOf,
  iteratorOf,
  letGo,
  MessageInbox,
  recycle,
  sendMessages,
} from "../../../grpc/index.js";
import { queueMicrotask } from "../../../real-timers.js";
import { Call, type Core } from "./call.js";
import { streamBytes } from "./line.js";
import type { Method } from "./method.js";
import type { ResponseFields } from "./response.js";
import type { DirectSession } from "./session.js";

/** Turns a request message into bytes; compressing takes time. */
export type Encode = (message: unknown) => Encoded | Promise<Encoded>;

/** What came of opening a stream: its headers are there, and messages may follow. */
export type OnOpen = (call: StreamCall) => void;

/** A call with any number of messages either way. */
export class StreamCall extends Call {
  readonly #requests: AsyncIterator<unknown>;
  /** The caller's, in which the requests are made. */
  readonly #scope = new CallScope();
  readonly #inbox: MessageInbox;
  readonly #drain = new Drain();
  /** Some of the requests have been taken, so that the call cannot begin anew but with the one that is kept. */
  #isSending = false;
  /** The request of a method that takes only one, until the server has begun to answer. */
  #kept: { readonly request: unknown } | undefined;
  /** All of them have been sent. */
  #isSent = false;
  #isOpen = false;
  #trailer: Headers | undefined;

  constructor(
    core: Core,
    method: Method,
    signal: AbortSignal | undefined,
    metadata: readonly string[],
    isPatient: boolean,
    requests: AsyncIterable<unknown>,
    private readonly encode: Encode,
    private onOpen: OnOpen,
    private onError: (error: ConnectError) => void,
  ) {
    super(core, method, signal, metadata, isPatient);
    this.#requests = iteratorOf(requests);
    this.#inbox = new MessageInbox({
      codec: { serialize: method.output.serialize, parse: (bytes, isLent) => this.#parse(bytes, isLent) },
      readMaxBytes: core.readMaxBytes,
      onReturn: () => this.abandon(new ConnectError("the caller reads no further", Code.Canceled)),
    });
  }

  /** After a message that cannot be read, none of the others is wanted. */
  #parse(bytes: Uint8Array, isLent: boolean | undefined): MessageShape<DescMessage> {
    try {
      return this.method.output.parse(bytes, isLent);
    } catch (reason) {
      const error = connectErrorFrom(reason, Code.Internal);
      this.abandon(error);
      throw error;
    }
  }

  /** The response's messages, for a reader that may walk away without a word. Once only. */
  messagesForReader(): AsyncIterableIterator<unknown> {
    const messages = new ReaderMessages(this.#messages);
    if (!this.isOver) {
      readers.register(messages, this, this);
    }
    return messages;
  }

  /** Nobody can read the responses any more. */
  onReaderGone(): void {
    this.#messages.abort(undefined);
    if (this.isOver) {
      return;
    }
    if (this.#isSent) {
      this.abandon(new ConnectError("nobody reads the responses any more", Code.Canceled));
    } else {
      this.stream?.resume(); // what still comes is thrown away, while requests go on
    }
  }

  get #messages(): MessageInbox["messages"] {
    return this.#inbox.messages;
  }

  get header(): Headers {
    return headersOf(this.headerFields, this.headerExtra);
  }

  /** The trailers: filled when they come, whoever has got hold of the object before. */
  get trailer(): Headers {
    if (this.#trailer === undefined) {
      this.#trailer = new Headers();
      this.#fillTrailer();
    }
    return this.#trailer;
  }

  protected send({ connection }: DirectSession, block: HeaderBlock, extra: readonly string[]): ClientStream {
    const stream = connection.request(block, extra, false, this);
    // The window opens as messages are taken, so a reader that stops stops the server.
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
    this.hasBody ||= end > start;
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

  protected override end(code?: Code | 0): void {
    super.end(code);
    this.#kept = undefined;
    const fieldBytes = this.#messages.isAwaited ? 0 : longBytes(this);
    if (fieldBytes > 0) {
      this.#inbox.keepFields(fieldBytes);
    }
    if (this.#inbox.isEmpty && fieldBytes === 0) {
      readers.unregister(this);
    } // else there is something that nobody may ever take: it is on the connection's account until then
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
      this.#letGoOfRequests(error);
      this.onError(error);
    }
  }

  protected requestBytes(): number {
    return streamBytes; // nothing is taken from whoever makes the requests before the stream is open
  }

  protected mayMove(): boolean {
    return !this.#isSending || this.#kept !== undefined;
  }

  #open(): void {
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.onOpen(this);
      this.onOpen = this.onError = told; // they know what the reader holds
    }
  }

  #finish(error: ConnectError | undefined): void {
    if (this.#trailer !== undefined) {
      this.#fillTrailer();
    }
    this.#messages.finish(error);
    this.#letGoOfRequests(error);
  }

  #fillTrailer(): void {
    for (const [name, value] of headersOf(this.trailerFields, this.trailerExtra)) {
      this.#trailer?.append(name, value);
    }
  }

  async #sendRequests(stream: ClientStream): Promise<void> {
    const requests = this.#kept === undefined ? this.#requests : again(this.#kept.request, this.#requests);
    this.#isSending = true;
    let isFirst = true;
    const keepAndEncode: Encode = (request) => {
      this.#kept = isFirst ? { request } : undefined; // one that has several, against its type, is not made anew
      isFirst = false;
      return this.encode(request);
    };
    const encode = this.method.desc.methodKind === "server_streaming" ? keepAndEncode : this.encode;
    try {
      // A call that has moved sends its requests on another stream.
      if (await sendMessages(requests, encode, stream, this.#drain, () => this.isOver || this.stream !== stream)) {
        this.#isSent = true;
        stream.end();
      }
    } catch (error) {
      this.abandon(connectErrorFrom(error));
    }
  }

  /** As Connect does it: whoever makes the requests is told that nobody takes them any more, and why. */
  #letGoOfRequests(error: ConnectError | undefined): void {
    this.#drain.onDrain();
    this.#scope.runInAsyncScope(letGo, undefined, this.#requests, error);
  }
}

function told(): void {}

/** What a response's fields cost to keep, as RFC 9113 §6.5.2 counts them; nothing where that is no more than a call costs by itself. */
function longBytes({ headerFields, headerExtra, trailerFields, trailerExtra }: ResponseFields): number {
  let bytes = 0;
  for (const fields of [headerFields, headerExtra, trailerFields, trailerExtra]) {
    for (const text of fields) {
      bytes += text.length + 16;
    }
  }
  return bytes <= 1_024 ? 0 : bytes;
}

/** A request that has been taken already, and then the rest. */
async function* again(request: unknown, rest: AsyncIterator<unknown>): AsyncGenerator<unknown> {
  yield request;
  for (let next = await rest.next(); !next.done; next = await rest.next()) {
    yield next.value;
  }
}

/**
 * Connect's clients do not pass on that a `for await` was left by `break`: the response's iterator is simply forgotten. Left open,
 * such a call would hold what its window allows for ever, and many of them would leave little for others. So it is
 * cancelled when the garbage collector finds that nobody can read it any more, as in Python's gRPC. Whoever wants it at once
 * aborts the call's signal.
 */
const readers = new FinalizationRegistry<StreamCall>((call) => call.onReaderGone());

/** What the reader holds, and the call does not. */
class ReaderMessages implements AsyncIterableIterator<unknown> {
  constructor(private readonly messages: MessageInbox["messages"]) {}

  next(): Promise<IteratorResult<unknown>> {
    return this.messages.next(this); // one that waits for a message can still read it
  }

  return(value?: unknown): Promise<IteratorResult<unknown>> {
    return this.messages.return(value);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
