import { Code, ConnectError } from "@connectrpc/connect";
import type { ServerStream } from "@vyra/http2";
import {
  assertReadable,
  compressedFlag,
  copyOf,
  envelopeBytes,
  envelopeOf,
  incompleteMessage,
  lengthAt,
  stretchOf,
  unexpectedCompression,
} from "../../../grpc/index.js";
import { decompressInTurn } from "../../../messages/decompress.js";
import { EnvelopeReader } from "../../../messages/envelope-reader.js";
import type { Encoded } from "../../../messages/message-inbox.js";
import { memoryOverhead } from "../../../messages/unfinished-message.js";
import { CallScope } from "../../../user-code/call-scope.js";
import { connectErrorFrom } from "../../../user-code/thrown.js";
import { completedResponse, okTrailers, ServerCall } from "./call.js";
import { intercepted } from "./intercept.js";

type Implementation = (message: unknown, context: unknown) => unknown;

/** A call with one message each way. */
export class UnaryServerCall extends ServerCall {
  #bytes: Uint8Array | undefined;
  /** What it is in will be overwritten. */
  #isLent = false;
  /** What keeping a copy costs. */
  #keptBytes = 0;
  #flags = 0;
  #messages = 0;
  #reader: EnvelopeReader | undefined;

  get unfinished(): unknown {
    return this.isOver || this.stream.isReceived ? undefined : this;
  }

  onData(stream: ServerStream, buffer: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (this.isOver) {
      return;
    }
    const { readMaxBytes } = this.facts.route;
    try {
      const length = end - start - envelopeBytes;
      if (this.#reader === undefined && length >= 0 && lengthAt(buffer, start) === length) {
        assertReadable(length, readMaxBytes);
        this.#onMessage(buffer, start + envelopeBytes, end, buffer[start] as number, true);
      } else if (end > start) {
        this.#reader ??= this.#readInPieces(stream, readMaxBytes);
        this.#reader.push(buffer, start, end);
      }
    } catch (error) {
      this.fail(connectErrorFrom(error));
      return;
    }
    if (endStream) {
      this.onRequestEnd();
    } else if (this.#isLent) {
      this.#keep();
    }
  }

  protected onRequestEnd(): void {
    if (this.#reader !== undefined && !this.#reader.isAtEnd) {
      this.fail(incompleteMessage());
    } else if (this.#bytes === undefined) {
      this.fail(new ConnectError("protocol error: missing input message for unary method", Code.Unimplemented));
    } else if (this.#flags & compressedFlag) {
      this.#decompress(this.#isLent ? this.#keep() : this.#bytes);
    } else {
      this.#run(this.#bytes);
    }
  }

  /** What has come is not done with before all of it has: it is on the connection's account, and the stream's window stays shut. */
  #readInPieces(stream: ServerStream, readMaxBytes: number): EnvelopeReader {
    stream.pause(false);
    return new EnvelopeReader(readMaxBytes, stream, (...message) => this.#onMessage(...message));
  }

  #onMessage(buffer: Uint8Array, start: number, end: number, flags: number, isLent: boolean): void {
    if (++this.#messages > 1) {
      throw new ConnectError("protocol error: received extra input message for unary method", Code.Unimplemented);
    }
    this.#bytes = stretchOf(buffer, start, end);
    this.#flags = flags;
    this.#isLent = isLent;
  }

  /** The message is needed for longer than it is lent. */
  #keep(): Uint8Array {
    const lent = this.#bytes as Uint8Array;
    this.#isLent = false;
    this.#bytes = copyOf(lent, 0, lent.length);
    this.#keptBytes = lent.length + memoryOverhead;
    this.stream.account.unfinished(this.#keptBytes);
    return this.#bytes;
  }

  #decompress(bytes: Uint8Array): void {
    const { requestEncoding, route } = this.facts;
    if (requestEncoding === null) {
      this.fail(unexpectedCompression());
      return;
    }
    decompressInTurn(requestEncoding, bytes, route.readMaxBytes, this.stream.account, (whole) => {
      if (!this.isOver) {
        this.#run(whole);
      }
    }).catch((error) => this.fail(connectErrorFrom(error)));
  }

  #run(bytes: Uint8Array): void {
    const { format } = this.facts;
    this.#letGo();
    let message: unknown;
    try {
      message = format.input.parse(bytes, this.#isLent);
    } catch (error) {
      this.fail(connectErrorFrom(error));
      return;
    }
    new CallScope().runInAsyncScope(this.#handle, this, message);
  }

  #handle(message: unknown): void {
    try {
      const result = this.#invoke(message);
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

  /** Whoever still holds the call shall not hold what may be megabytes. */
  #letGo(): void {
    this.#bytes = undefined;
    this.#reader?.release();
    this.#reader = undefined;
    if (this.#keptBytes > 0) {
      this.stream.account.unfinished(-this.#keptBytes);
      this.#keptBytes = 0;
    }
  }

  protected override end(reason: ConnectError | undefined): void {
    super.end(reason);
    this.#letGo();
  }

  #invoke(message: unknown): unknown {
    const { interceptors, implementation, desc } = this.facts.route;
    const invoke = implementation as Implementation;
    return interceptors.length === 0
      ? invoke(message, this.context)
      : intercepted(interceptors, this.context, false, message, async (input, context) =>
          completedResponse(desc, await invoke(input, context)),
        );
  }

  #answer(init: unknown): void {
    if (this.isOver) {
      return;
    }
    try {
      const encoded = this.encode(init);
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
  const where = `${waitingBytes} bytes wait already for this caller, of ${shared?.heldBytes} that the server holds`;
  return new ConnectError(`there is no room for an answer of ${bytes} bytes: ${where}`, Code.ResourceExhausted);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === "function";
}
