import { Code, ConnectError } from "@connectrpc/connect";
import type { ServerStream } from "@vyra/http2";
import { envelopeOf, incompleteMessage, unexpectedCompression } from "../../../grpc/index.js";
import { type AttemptObserver, serverAttemptKey } from "../../../interceptors/attempts.js";
import { decompressInTurn } from "../../../messages/decompress.js";
import type { Encoded } from "../../../messages/encoded.js";
import { SingleMessage } from "../../../messages/single-message.js";
import { CallScope } from "../../../user-code/call-scope.js";
import { connectErrorFrom } from "../../../user-code/thrown.js";
import { completedResponse, okTrailers, ServerCall } from "./call.js";
import { intercepted } from "./intercept.js";

type Implementation = (message: unknown, context: unknown) => unknown;

/** A call with one message in each direction. */
export class UnaryServerCall extends ServerCall {
  readonly #request = new SingleMessage(this.facts.route.requestRules);
  #observer: AttemptObserver | undefined;

  get unfinished(): unknown {
    return this.isOver || this.stream.isReceived ? undefined : this;
  }

  onData(stream: ServerStream, buffer: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (this.isOver) {
      return;
    }
    try {
      this.#request.push(stream, buffer, start, end);
    } catch (error) {
      this.fail(connectErrorFrom(error));
      return;
    }
    if (endStream) {
      this.onRequestEnd();
    } else if (this.#request.isLent) {
      this.#request.keep(stream.account);
    }
  }

  protected onRequestEnd(): void {
    const { bytes, isAtEnd, isCompressed } = this.#request;
    if (!isAtEnd) {
      this.fail(incompleteMessage());
    } else if (bytes === undefined) {
      this.fail(new ConnectError("protocol error: missing input message for unary method", Code.Unimplemented));
    } else if (isCompressed) {
      this.#decompress(this.#request.keep(this.stream.account));
    } else {
      this.#run(bytes, this.#request.isLent);
    }
  }

  #decompress(bytes: Uint8Array): void {
    const { requestEncoding, route } = this.facts;
    if (requestEncoding === null) {
      this.fail(unexpectedCompression());
      return;
    }
    decompressInTurn(requestEncoding, bytes, route.readMaxBytes, this.stream.account, (whole) => {
      if (!this.isOver) {
        this.#run(whole, false);
      }
    }).catch((error) => this.fail(connectErrorFrom(error)));
  }

  #run(bytes: Uint8Array, isLent: boolean): void {
    const { format } = this.facts;
    this.#request.release();
    let message: unknown;
    try {
      message = format.input.parse(bytes, isLent);
    } catch (error) {
      this.fail(connectErrorFrom(error));
      return;
    }
    new CallScope().runInAsyncScope(this.#handle, this, message, bytes.length);
  }

  #handle(message: unknown, messageBytes: number): void {
    try {
      const result = this.#invoke(message, messageBytes);
      if (isThenable(result)) {
        result.then(
          (init) => this.#answer(init),
          (error) => this.failBy(error),
        );
      } else {
        this.#answer(result);
      }
    } catch (error) {
      this.failBy(error);
    }
  }

  protected override end(reason: ConnectError | undefined): void {
    super.end(reason);
    this.#observer?.onOver();
    this.#request.release(); // code that still refers to the call must not hold what may be megabytes
  }

  #invoke(message: unknown, messageBytes: number): unknown {
    const { route } = this.facts;
    const { interceptors, implementation, desc } = route;
    const invoke = implementation as Implementation;
    return interceptors.length === 0
      ? invoke(message, this.context)
      : intercepted(route, this.context, message, (input, context) => {
          this.#measureFor(context.values.get(serverAttemptKey), messageBytes);
          const init = invoke(input, context);
          return isThenable(init) ? init.then((late) => completedResponse(desc, late)) : completedResponse(desc, init);
        });
  }

  /** Reports the sizes of the messages to an observer, if an interceptor has passed one. */
  #measureFor(observer: AttemptObserver | undefined, messageBytes: number): void {
    if (observer !== undefined && !observer.isMeasured && !this.isOver) {
      observer.isMeasured = true;
      observer.onReceived(messageBytes);
      this.#observer = observer;
    }
  }

  #answer(init: unknown): void {
    if (this.isOver) {
      return;
    }
    try {
      const encoded = this.encode(init, this.#observer);
      if (encoded instanceof Promise) {
        encoded.then(
          (compressed) => this.#send(compressed),
          (error) => this.failBy(error),
        );
      } else {
        this.#send(encoded);
      }
    } catch (error) {
      this.failBy(error);
    }
  }

  #send({ bytes, flags }: Encoded): void {
    if (this.isOver) {
      return;
    }
    if (!this.stream.hasRoomFor(bytes.length)) {
      this.fail(noRoom(bytes.length, this.stream.account));
      return;
    }
    const headerExtra = this.headerExtra();
    const trailerExtra = this.trailerExtra();
    this.end(undefined);
    const envelope = envelopeOf(bytes.length, flags);
    try {
      if (this.isAnswerBegun) {
        this.stream.message(envelope, bytes);
        this.stream.trailers(okTrailers, trailerExtra);
      } else {
        this.stream.reply(this.facts.format.headers, headerExtra, envelope, bytes, okTrailers, trailerExtra);
      }
    } catch (problem) {
      this.concludeWithout(problem);
    }
    this.stream.dropRequest();
  }
}

function noRoom(bytes: number, { waitingBytes, shared }: ServerStream["account"]): ConnectError {
  const where = `${waitingBytes} bytes already wait for this caller, and the server holds ${shared?.heldBytes}`;
  return new ConnectError(`no room for a response of ${bytes} bytes: ${where}`, Code.ResourceExhausted);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === "function";
}
