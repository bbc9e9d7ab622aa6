import type { IncomingMessage } from "node:http";
import { MIN_CONNECTION_WINDOW } from "@vyra/http2";
import { type BodyForm, BytesInbox, type BytesInlet } from "../../../messages/bytes-inbox.js";
import { memoryOverhead } from "../../../messages/unfinished-message.js";
import type { Http1Connection } from "./http1-memory.js";

/**
 * Reads the body of an HTTP/1.1 request as far as there is memory for it: up to 256 KiB that the handler has not
 * consumed, and more for a larger message once the server has room for the whole message. Until then the socket is not
 * read, and the kernel makes the peer wait.
 */
export class Http1Body implements BytesInlet {
  readonly inbox: BytesInbox;
  /** The number of bytes that have been received and not consumed. */
  #unconsumedBytes = 0;
  /** The number of further bytes that the reader needs before it can consume any. */
  #expectedBytes = 0;
  /** The maximum of `#unconsumedBytes`. Above it the socket is not read. */
  #allowedBytes = MIN_CONNECTION_WINDOW;
  /** The number of bytes with which the body was admitted; 0 if it was not. */
  #admittedBytes = 0;
  /** The number of bytes that the connection will have received when the admitted bytes have arrived. */
  #targetBytes = 0;
  /** The part of the shared account's `promisedBytes` that belongs to this body. */
  #promisedBytes = 0;

  constructor(
    private readonly connection: Http1Connection,
    private readonly req: IncomingMessage,
    form: BodyForm,
  ) {
    this.inbox = new BytesInbox(this, form);
    connection.body = this;
    req.on("data", (chunk: Buffer) => this.#onData(chunk));
    req.once("end", () => this.inbox.finish());
    req.once("error", (error) => this.end(error));
    req.once("close", () => {
      if (!req.readableEnded) {
        this.end(new Error("the connection was closed before the end of the request"));
      }
    });
  }

  get account() {
    return this.connection.account;
  }

  get receiveWindow(): number {
    return Math.max(0, MIN_CONNECTION_WINDOW - this.#unconsumedBytes);
  }

  /** The memory that must be free for all expected bytes, in bytes. */
  get neededBytes(): number {
    return Math.max(1, this.#unconsumedBytes + this.#expectedBytes + memoryOverhead - this.account.receivedBytes);
  }

  consume(bytes: number): void {
    this.#unconsumedBytes -= bytes;
    if (this.isWindowExtended && this.#expectedBytes <= 0) {
      this.#releaseRoom();
    }
    this.#regulate();
  }

  expect(bytes: number): void {
    this.#expectedBytes = bytes;
    if (bytes === 0) {
      this.#releaseRoom();
    } else if (!this.isWindowExtended && this.#unconsumedBytes + bytes > MIN_CONNECTION_WINDOW) {
      this.connection.memory.requestRoom(this);
    }
  }

  get isWindowExtended(): boolean {
    return this.#admittedBytes > 0;
  }

  /** Is called when there is room for all expected bytes, which need this much memory. */
  admit(bytes: number): void {
    this.#admittedBytes = bytes;
    this.#allowedBytes = Math.max(MIN_CONNECTION_WINDOW, this.#unconsumedBytes + this.#expectedBytes);
    this.#targetBytes = this.account.receivedBytes + bytes;
    this.#updatePromise();
    this.#regulate();
  }

  /** Reads and drops the rest of the body, because the reader does not read any more. */
  resume(): void {
    this.#regulate();
  }

  /** Ends the body because the call has ended. The rest is read and dropped, since the next request comes after it. */
  end(reason: unknown): void {
    this.inbox.bytes.abort(reason);
    this.#releaseRoom();
    this.#regulate();
    if (this.connection.body === this) {
      this.connection.body = undefined;
    }
  }

  #onData(chunk: Buffer): void {
    if (this.inbox.bytes.isEnded) {
      return;
    }
    this.#unconsumedBytes += chunk.length;
    this.#expectedBytes = Math.max(0, this.#expectedBytes - chunk.length);
    this.inbox.push(chunk, 0, chunk.length);
    this.#updatePromise();
    this.#regulate();
  }

  /** Updates the promised bytes: those of the admitted bytes that have arrived are held rather than promised. */
  #updatePromise(): void {
    const promised = this.isWindowExtended ? Math.max(0, this.#targetBytes - this.account.receivedBytes) : 0;
    if (promised !== this.#promisedBytes) {
      const more = promised - this.#promisedBytes;
      this.#promisedBytes = promised;
      this.connection.memory.limits.shared.promise(more);
    }
  }

  /** Releases the memory that was granted, or cancels the request for it. */
  #releaseRoom(): void {
    const bytes = this.#admittedBytes;
    this.#allowedBytes = MIN_CONNECTION_WINDOW;
    if (bytes > 0) {
      this.#admittedBytes = 0;
      this.#updatePromise();
      this.connection.memory.release(bytes);
    } else {
      this.connection.memory.cancelRequest(this);
    }
  }

  /** Pauses or resumes reading from the socket. */
  #regulate(): void {
    const { req } = this;
    const mayRead = this.inbox.bytes.isEnded || this.#unconsumedBytes <= this.#allowedBytes;
    if (mayRead === req.isPaused()) {
      if (mayRead) {
        req.resume();
      } else {
        req.pause();
      }
    }
  }
}
