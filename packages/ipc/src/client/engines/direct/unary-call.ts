import { Code, ConnectError } from "@connectrpc/connect";
import type { ClientStream, HeaderBlock } from "@vyra/http2";
import { envelopeOf, notProcessed, unexpectedCompression } from "../../../grpc/index.js";
import type { AttemptObserver } from "../../../interceptors/attempts.js";
import { decompressInTurn } from "../../../messages/decompress.js";
import type { Encoded } from "../../../messages/encoded.js";
import { SingleMessage } from "../../../messages/single-message.js";
import { recycle } from "../../../protobuf/slab.js";
import { connectErrorFrom } from "../../../user-code/thrown.js";
import { ClientCall } from "./call.js";
import type { CallSpec } from "./call-spec.js";
import type { Core } from "./core.js";
import type { ResponseFields } from "./response.js";
import type { DirectSession } from "./session.js";

/** Called with the response of a unary call. */
export type OnResponse = (message: unknown, fields: ResponseFields) => void;

/** A call with one message in each direction. */
export class UnaryCall extends ClientCall {
  private body: Uint8Array = nothing;
  private bodyFlags = 0;
  #message: unknown;
  /** Undefined until the body of the response begins: thousands of calls may wait for theirs. */
  #response: SingleMessage | undefined;
  readonly #observer: AttemptObserver | undefined;
  /** The number of attempts that may still use the request's bytes. A dropped attempt is not reported. */
  #sending = 0;

  constructor(
    core: Core,
    spec: CallSpec,
    private readonly onResponse: OnResponse,
    private readonly onError: (error: ConnectError) => void,
  ) {
    super(core, spec);
    this.#observer = spec.observer;
  }

  /** Starts the call with its encoded request. */
  start({ bytes, flags }: Encoded): void {
    this.body = bytes;
    this.bodyFlags = flags;
    this.begin();
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
      this.#response ??= new SingleMessage(this.core.responseRules);
      this.#response.push(stream, buffer, start, end);
      if (this.#response.bytes !== undefined) {
        this.#take(stream, this.#response, this.#response.bytes);
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
    return this.#response?.isAtEnd ?? true;
  }

  protected succeed(): void {
    const response = this.#response;
    if (response === undefined || !response.hasCome) {
      this.fail(new ConnectError("protocol error: missing output message for unary method", Code.Unimplemented));
    } else if (response.isCompressed) {
      this.#decompress(response.bytes as Uint8Array);
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

  protected mayRetry(): boolean {
    return true; // the request is complete and still available
  }

  /**
   * Handles a complete message. It is parsed in place, before its bytes are overwritten, and delivered when the status
   * has arrived.
   */
  #take(stream: ClientStream, response: SingleMessage, bytes: Uint8Array): void {
    if (response.isCompressed) {
      response.keep(stream.account);
    } else {
      this.#message = this.method.output.parse(bytes, response.isLent);
      this.#observer?.onReceived(bytes.length);
      response.release();
    }
  }

  #deliver(): void {
    const message = this.#message;
    this.end();
    this.onResponse(message, this);
  }

  protected override end(code?: Code | 0): void {
    super.end(code);
    // Code that still refers to the call, such as an older object of the connection, must not hold what may be
    // megabytes.
    if (this.#sending === 0) {
      recycle(this.body);
    }
    this.body = nothing;
    this.#response?.release();
    this.#message = undefined;
  }

  #decompress(bytes: Uint8Array): void {
    if (this.encoding === null) {
      this.fail(unexpectedCompression());
      return;
    }
    const { account } = this.stream as ClientStream; // a response has been received on it
    decompressInTurn(this.encoding, bytes, this.core.options.readMaxBytes, account, (whole) => {
      if (!this.isOver) {
        this.#message = this.method.output.parse(whole);
        this.#observer?.onReceived(whole.length);
        this.#deliver();
      }
    }).catch((error) => this.fail(connectErrorFrom(error)));
  }
}

function noRoom(bytes: number, waitingBytes: number, limit: number): ConnectError {
  const why = `${waitingBytes} bytes already wait for the server, and maxWaitingBytes is ${limit}`;
  return notProcessed(`no room for a request of ${bytes} bytes: ${why}`, Code.ResourceExhausted, undefined);
}

const nothing = new Uint8Array(0);
