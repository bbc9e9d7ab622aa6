import { Code, ConnectError } from "@connectrpc/connect";
import type { ClientStream, HeaderBlock } from "@vyra/http2";
import {
  assertReadable,
  compressedFlag,
  EnvelopeReader,
  envelopeBytes,
  envelopeOf,
  lengthAt,
  stretchOf,
  unexpectedCompression,
  unshared,
} from "../../../grpc/index.js";
import { Call, type Core } from "./call.js";
import type { Method } from "./method.js";
import type { ResponseFields } from "./response.js";
import type { DirectSession } from "./session.js";

/** What came of a unary call. */
export type OnResponse = (message: unknown, fields: ResponseFields) => void;

/** A call with one message each way. */
export class UnaryCall extends Call {
  #bytes: Uint8Array | undefined;
  #flags = 0;
  #messages = 0;
  #reader: EnvelopeReader | undefined;

  constructor(
    core: Core,
    method: Method,
    signal: AbortSignal | undefined,
    metadata: readonly string[],
    isPatient: boolean,
    private body: Uint8Array,
    private readonly bodyFlags: number,
    private readonly onResponse: OnResponse,
    private readonly onError: (error: ConnectError) => void,
  ) {
    super(core, method, signal, metadata, isPatient);
  }

  protected send({ connection }: DirectSession, block: HeaderBlock, extra: readonly string[]): ClientStream {
    return connection.requestMessage(block, extra, envelopeOf(this.body.length, this.bodyFlags), this.body, this);
  }

  protected onAnswer(): void {}

  onData(_: ClientStream, buffer: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (this.isOver) {
      return;
    }
    this.hasBody ||= end > start;
    try {
      const length = end - start - envelopeBytes;
      if (this.#reader === undefined && length >= 0 && lengthAt(buffer, start) === length) {
        assertReadable(length, this.core.readMaxBytes);
        this.#onMessage(stretchOf(buffer, start + envelopeBytes, end), buffer[start] as number);
      } else if (end > start) {
        this.#reader ??= new EnvelopeReader(this.core.readMaxBytes, (bytes, flags) => this.#onMessage(bytes, flags));
        this.#reader.push(buffer, start, end);
      }
    } catch (error) {
      this.abandon(ConnectError.from(error));
      return;
    }
    if (endStream) {
      this.onEndWithoutTrailers();
    }
  }

  protected isBodyWhole(): boolean {
    return this.#reader?.isAtEnd ?? true;
  }

  protected succeed(): void {
    const bytes = this.#bytes;
    if (bytes === undefined) {
      this.fail(new ConnectError("protocol error: missing output message for unary method", Code.Unimplemented));
    } else if (this.#flags & compressedFlag) {
      this.#decompress(bytes);
    } else {
      this.#deliver(bytes);
    }
  }

  protected reject(error: ConnectError): void {
    this.onError(error);
  }

  protected mayMove(): boolean {
    return true; // the request is one piece, and still here
  }

  #onMessage(bytes: Uint8Array, flags: number): void {
    if (++this.#messages > 1) {
      throw new ConnectError("protocol error: received extra output message for unary method", Code.Unimplemented);
    }
    this.#bytes = bytes;
    this.#flags = flags;
  }

  #deliver(bytes: Uint8Array): void {
    let message: unknown;
    try {
      message = this.method.output.parse(this.method.hasBytes ? unshared(bytes) : bytes);
    } catch (error) {
      this.fail(ConnectError.from(error));
      return;
    }
    this.end();
    this.onResponse(message, this);
  }

  protected override end(code?: Code | 0): void {
    super.end(code);
    // Whoever still holds the call, an older object of the connection's say, shall not hold what may be megabytes.
    this.body = nothing;
    this.#bytes = this.#reader = undefined;
  }

  #decompress(bytes: Uint8Array): void {
    if (this.encoding === null) {
      this.fail(unexpectedCompression());
      return;
    }
    this.encoding.decompress(bytes, this.core.readMaxBytes).then(
      (whole) => {
        if (!this.isOver) {
          this.#deliver(whole);
        }
      },
      (error) => this.fail(ConnectError.from(error)),
    );
  }
}

const nothing = new Uint8Array(0);
