import { Code, ConnectError } from "@connectrpc/connect";
import type { ClientStream, HeaderBlock } from "@vyra/http2";
import {
  assertReadable,
  compressedFlag,
  copyOf,
  envelopeBytes,
  envelopeOf,
  lengthAt,
  notProcessed,
  stretchOf,
  unexpectedCompression,
} from "../../../grpc/index.js";
import { decompressInTurn } from "../../../messages/decompress.js";
import { EnvelopeReader } from "../../../messages/envelope-reader.js";
import type { Encoded } from "../../../messages/message-inbox.js";
import { recycle } from "../../../protobuf/slab.js";
import { connectErrorFrom } from "../../../user-code/thrown.js";
import { Call, type Core } from "./call.js";
import { defaultMaxWaitingBytes } from "./line.js";
import type { Method } from "./method.js";
import type { ResponseFields } from "./response.js";
import type { DirectSession } from "./session.js";

/** What came of a unary call. */
export type OnResponse = (message: unknown, fields: ResponseFields) => void;

/** A call with one message each way. */
export class UnaryCall extends Call {
  private body: Uint8Array = nothing;
  private bodyFlags = 0;
  #message: unknown;
  /** The message, where it is yet to be decompressed. */
  #compressed: Uint8Array | undefined;
  #messages = 0;
  /** Attempts to send the request that may still hold its bytes. One that was dropped is never heard of again. */
  #sending = 0;
  #reader: EnvelopeReader | undefined;

  constructor(
    core: Core,
    method: Method,
    signal: AbortSignal | undefined,
    metadata: readonly string[],
    isPatient: boolean,
    private readonly onResponse: OnResponse,
    private readonly onError: (error: ConnectError) => void,
  ) {
    super(core, method, signal, metadata, isPatient);
  }

  /** Begins, with its request. */
  start({ bytes, flags }: Encoded, timeoutMs: number | undefined): void {
    this.body = bytes;
    this.bodyFlags = flags;
    this.begin(timeoutMs);
  }

  protected send({ connection }: DirectSession, block: HeaderBlock, extra: readonly string[]): ClientStream {
    if (!connection.hasRoomFor(this.body.length)) {
      throw noRoom(this.body.length, connection.account.waitingBytes, this.core.options.maxWaitingBytes);
    }
    this.#sending++;
    return connection.requestMessage(block, extra, envelopeOf(this.body.length, this.bodyFlags), this.body, this);
  }

  protected onAnswer(): void {}

  onData(stream: ClientStream, buffer: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (this.isOver) {
      return;
    }
    this.hasBody ||= end > start;
    try {
      const length = end - start - envelopeBytes;
      if (this.#reader === undefined && length >= 0 && lengthAt(buffer, start) === length) {
        assertReadable(length, this.core.readMaxBytes);
        this.#onMessage(buffer, start + envelopeBytes, end, buffer[start] as number, true);
      } else if (end > start) {
        this.#reader ??= this.#readInPieces(stream);
        this.#reader.push(buffer, start, end);
      }
    } catch (error) {
      this.abandon(connectErrorFrom(error));
      return;
    }
    if (endStream) {
      this.onEndWithoutTrailers();
    }
  }

  onBodySent(_: ClientStream, body: Uint8Array): void {
    if (--this.#sending === 0 && this.isOver) {
      recycle(body);
    }
  }

  protected isBodyWhole(): boolean {
    return this.#reader?.isAtEnd ?? true;
  }

  protected succeed(): void {
    if (this.#messages === 0) {
      this.fail(new ConnectError("protocol error: missing output message for unary method", Code.Unimplemented));
    } else if (this.#compressed !== undefined) {
      this.#decompress(this.#compressed);
    } else {
      this.#deliver();
    }
  }

  protected reject(error: ConnectError): void {
    this.onError(error);
  }

  protected requestBytes(): number {
    return this.body.length;
  }

  protected mayMove(): boolean {
    return true; // the request is one piece, and still here
  }

  /** What has come is not done with before all of it has: it is on the connection's account, and the stream's window stays shut. */
  #readInPieces(stream: ClientStream): EnvelopeReader {
    stream.pause(false);
    return new EnvelopeReader(this.core.readMaxBytes, stream, (...message) => this.#onMessage(...message));
  }

  #onMessage(buffer: Uint8Array, start: number, end: number, flags: number, isLent: boolean): void {
    if (++this.#messages > 1) {
      throw new ConnectError("protocol error: received extra output message for unary method", Code.Unimplemented);
    }
    if ((flags & compressedFlag) !== 0) {
      this.#compressed = isLent ? copyOf(buffer, start, end) : stretchOf(buffer, start, end);
    } else {
      this.#message = this.method.output.parse(stretchOf(buffer, start, end), isLent);
      this.#reader?.release();
    }
  }

  #deliver(): void {
    const message = this.#message;
    this.end();
    this.onResponse(message, this);
  }

  protected override end(code?: Code | 0): void {
    super.end(code);
    // Whoever still holds the call, an older object of the connection's say, shall not hold what may be megabytes.
    if (this.#sending === 0) {
      recycle(this.body);
    }
    this.body = nothing;
    this.#reader?.release();
    this.#message = this.#compressed = this.#reader = undefined;
  }

  #decompress(bytes: Uint8Array): void {
    if (this.encoding === null) {
      this.fail(unexpectedCompression());
      return;
    }
    const { account } = this.stream as ClientStream; // it has answered
    decompressInTurn(this.encoding, bytes, this.core.readMaxBytes, account, (whole) => {
      if (!this.isOver) {
        this.#message = this.method.output.parse(whole);
        this.#deliver();
      }
    }).catch((error) => this.fail(connectErrorFrom(error)));
  }
}

function noRoom(bytes: number, waitingBytes: number, limit = defaultMaxWaitingBytes): ConnectError {
  const text = `no room for a request of ${bytes} bytes: ${waitingBytes} wait for the server, and maxWaitingBytes is ${limit}`;
  return notProcessed(text, Code.ResourceExhausted, undefined);
}

const nothing = new Uint8Array(0);
