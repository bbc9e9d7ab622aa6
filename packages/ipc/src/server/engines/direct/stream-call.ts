import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ServerStream } from "@vyra/http2";
import { incompleteMessage } from "../../../grpc/index.js";
import { type MessageSource, sourceOf } from "../../../messages/batches.js";
import { MessageInbox } from "../../../messages/message-inbox.js";
import type { Run } from "../../../messages/run.js";
import { Drain, sendMessages } from "../../../messages/send-messages.js";
import { CallScope } from "../../../user-code/call-scope.js";
import { assertAsyncIterable, closeIterator, iteratorOf } from "../../../user-code/iterators.js";
import { connectErrorFrom } from "../../../user-code/thrown.js";
import type { Caller } from "../../caller.js";
import { EarlyHeaders } from "../early-headers.js";
import { completedResponse, okTrailers, ServerCall } from "./call.js";
import { intercepted } from "./intercept.js";
import type { RequestFacts } from "./route.js";

/** A call with any number of messages in either direction. */
export class StreamServerCall extends ServerCall {
  readonly #inbox: MessageInbox;
  readonly #drain = new Drain();
  #answers: MessageSource | undefined;
  #scope: CallScope | undefined;
  #early: EarlyHeaders | undefined;

  constructor(
    stream: ServerStream,
    facts: RequestFacts,
    caller: Caller,
    requestFields: readonly string[],
    requestExtra: readonly string[],
  ) {
    super(stream, facts, caller, requestFields, requestExtra);
    this.#inbox = new MessageInbox({
      codec: facts.format.input,
      readMaxBytes: facts.route.readMaxBytes,
      onReturn: () => stream.resume(), // the rest is read and dropped
    });
    this.#inbox.inlet = stream;
    this.#inbox.encoding = facts.requestEncoding;
  }

  override begin(endStream: boolean): void {
    // The window opens as messages are taken, so a handler that stops reading stops the caller.
    this.stream.pause(false);
    super.begin(endStream);
    if (!this.isOver && this.desc.methodKind !== "server_streaming") {
      this.#start();
    }
  }

  #start(): void {
    // A stream of requests alone is answered with one message, and nobody waits for the headers before it.
    if (this.desc.methodKind !== "client_streaming") {
      this.#early = new EarlyHeaders(() => this.#onDue());
    }
    this.#scope = new CallScope();
    void this.#scope.runInAsyncScope(this.#run, this);
  }

  get unfinished(): unknown {
    if (this.isOver || this.stream.isReceived) {
      return undefined;
    }
    return this.desc.methodKind === "server_streaming" ? this : this.#inbox.unfinished;
  }

  onData(stream: ServerStream, buffer: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (this.isOver) {
      stream.consume(end - start);
      return;
    }
    try {
      this.#inbox.push(buffer, start, end);
    } catch (error) {
      this.fail(connectErrorFrom(error));
      return;
    }
    if (endStream) {
      this.onRequestEnd();
    }
  }

  onDrain(): void {
    this.#drain.onDrain();
  }

  protected onRequestEnd(): void {
    this.#inbox.messages.finish(this.#inbox.isAtEnd ? undefined : incompleteMessage());
    // Until a request is complete it stays bytes, which are on the connection's account: a peer may never complete it.
    if (this.desc.methodKind === "server_streaming") {
      this.#start();
    }
  }

  protected override end(reason: ConnectError | undefined): void {
    super.end(reason);
    this.#early?.stop();
    this.#inbox.messages.abort(reason);
    this.#scope?.runInAsyncScope(closeIterator, undefined, this.#answers?.iterator);
    this.#drain.onDrain();
  }

  async #run(): Promise<void> {
    try {
      const answers = await this.#invoke();
      if (this.isOver) {
        closeIterator(answers.iterator);
        return;
      }
      this.#answers = answers;
      const addTo = (run: Run | undefined, init: unknown) => this.addTo(run, init);
      const onFirst = () => {
        if (this.isAnswerBegun) {
          this.isAnswerEarly = false;
        } else {
          this.#open();
        }
      };
      const isDone = await sendMessages(answers, this.stream, {
        addTo,
        drain: this.#drain,
        isOver: () => this.isOver,
        onFirst,
      });
      if (isDone) {
        this.#close();
      }
    } catch (error) {
      this.failBy(error);
    }
  }

  /** Returns the source of the response messages, also for methods that have a single one. */
  async #invoke(): Promise<MessageSource> {
    const { route } = this.facts;
    const { interceptors, desc, implementation } = route;
    const isSingleRequest = desc.methodKind === "server_streaming";
    const run = implementation as (input: unknown, context: unknown) => unknown;
    const answersTo = async (requests: AsyncIterable<unknown>, context: unknown): Promise<AsyncIterable<unknown>> => {
      const input = isSingleRequest ? await single(requests) : requests;
      return desc.methodKind === "client_streaming"
        ? one(await run(input, context))
        : (run(input, context) as AsyncIterable<unknown>);
    };
    const { messages } = this.#inbox;
    const answers =
      interceptors.length === 0
        ? await answersTo(messages, this.context)
        : await intercepted(
            route,
            this.context,
            messages,
            async (input, context) =>
              new ShownMessages(desc, await answersTo(input as AsyncIterable<unknown>, context)),
          );
    return sourceOf(ShownMessages.unseen(answers) as AsyncIterable<unknown>);
  }

  #open(): void {
    this.stream.respond(this.facts.format.headers, this.headerExtra());
    this.isAnswerBegun = true;
    this.#early?.stop();
    this.#early = undefined;
  }

  protected override openEarly(): void {
    super.openEarly();
    this.#early?.stop();
    this.#early = undefined;
  }

  /** Called when the headers have waited long enough for the first message. */
  #onDue(): void {
    // A request for which the handler waits may have arrived and be waiting to be decompressed.
    if (this.#inbox.isDecompressing) {
      this.#early = new EarlyHeaders(() => this.#onDue());
      return;
    }
    try {
      this.openEarly();
      this.isAnswerEarly = true;
    } catch (error) {
      this.failBy(error);
    }
  }

  #close(): void {
    if (!this.isAnswerBegun) {
      this.#open();
    }
    const extra = this.trailerExtra();
    this.end(undefined);
    try {
      this.stream.trailers(okTrailers, extra);
    } catch (problem) {
      this.concludeWithout(problem);
    }
    this.stream.dropRequest();
  }
}

/** Returns the single message of a request that must have exactly one. */
async function single(requests: AsyncIterable<unknown>): Promise<unknown> {
  const iterator = iteratorOf(requests);
  const first = await iterator.next();
  if (first.done) {
    throw new ConnectError("protocol error: missing input message for server-streaming method", Code.Unimplemented);
  }
  if (!(await iterator.next()).done) {
    throw new ConnectError(
      "protocol error: received extra input message for server-streaming method",
      Code.Unimplemented,
    );
  }
  return first.value;
}

/**
 * The response messages as interceptors see them: of the response type, whatever the handler yields. Messages that no
 * interceptor has asked for are taken from the handler itself.
 */
class ShownMessages implements AsyncIterable<unknown> {
  #shown: AsyncIterable<unknown> | undefined;

  constructor(
    private readonly desc: DescMethod,
    private readonly messages: AsyncIterable<unknown>,
  ) {}

  /** Returns the messages of the handler if it is an object of this class that nobody has read. */
  static unseen(answers: unknown): unknown {
    return answers instanceof ShownMessages && answers.#shown === undefined ? answers.messages : answers;
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    this.#shown ??= completedEach(this.desc, this.messages);
    return this.#shown[Symbol.asyncIterator]();
  }
}

/** Yields messages of the response type. */
async function* completedEach(desc: DescMethod, inits: AsyncIterable<unknown>): AsyncIterable<unknown> {
  assertAsyncIterable(inits);
  for await (const init of inits) {
    yield completedResponse(desc, init);
  }
}

async function* one(message: unknown): AsyncIterable<unknown> {
  yield message;
}
