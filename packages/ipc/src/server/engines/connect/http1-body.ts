import type { IncomingMessage } from "node:http";
import { MIN_CONNECTION_WINDOW } from "@vyra/http2";
import { type BodyForm, BytesInbox, type BytesInlet } from "../../../messages/bytes-inbox.js";
import { memoryOverhead } from "../../../messages/unfinished-message.js";
import type { Http1Connection } from "./http1-memory.js";

/**
 * The body of a request of HTTP/1.1, read as there is memory for it: so much of it as nobody has taken, and a message that is larger when
 * the server has room for all of it. Until then the socket is not read, and the kernel stops the peer.
 */
export class Http1Body implements BytesInlet {
  readonly inbox: BytesInbox;
  #unconsumedBytes = 0;
  #expectedBytes = 0;
  /** So much may be there that nobody has taken. */
  #allowedBytes = MIN_CONNECTION_WINDOW;
  /** What it was let in with, and what the connection will hold when all of that has come. */
  #letInBytes = 0;
  #targetBytes = 0;
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
        this.end(new Error("the connection was closed within a request"));
      }
    });
  }

  get account() {
    return this.connection.account;
  }

  get receiveWindow(): number {
    return Math.max(0, MIN_CONNECTION_WINDOW - this.#unconsumedBytes);
  }

  /** What has to be free for all of it to come. */
  get neededBytes(): number {
    return Math.max(1, this.#unconsumedBytes + this.#expectedBytes + memoryOverhead - this.account.receivedBytes);
  }

  consume(bytes: number): void {
    this.#unconsumedBytes -= bytes;
    if (this.isWindowExtended && this.#expectedBytes <= 0) {
      this.#giveUpRoom();
    }
    this.#regulate();
  }

  expect(bytes: number): void {
    this.#expectedBytes = bytes;
    if (bytes === 0) {
      this.#giveUpRoom();
    } else if (!this.isWindowExtended && this.#unconsumedBytes + bytes > MIN_CONNECTION_WINDOW) {
      this.connection.memory.claim(this);
    }
  }

  get isWindowExtended(): boolean {
    return this.#letInBytes > 0;
  }

  /** There is room for all that is expected: so many bytes. */
  letIn(bytes: number): void {
    this.#letInBytes = bytes;
    this.#allowedBytes = Math.max(MIN_CONNECTION_WINDOW, this.#unconsumedBytes + this.#expectedBytes);
    this.#targetBytes = this.account.receivedBytes + bytes;
    this.#keepPromise();
    this.#regulate();
  }

  /** The reader takes no more: what still comes is thrown away. */
  resume(): void {
    this.#regulate();
  }

  /** The call is over: nothing of it is held any more, and what is left of it is read to get at the next request. */
  end(reason: unknown): void {
    this.inbox.bytes.abort(reason);
    this.#giveUpRoom();
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
    this.#keepPromise();
    this.#regulate();
  }

  /** What has come of what was promised room is held now. */
  #keepPromise(): void {
    const promised = this.isWindowExtended ? Math.max(0, this.#targetBytes - this.account.receivedBytes) : 0;
    if (promised !== this.#promisedBytes) {
      const more = promised - this.#promisedBytes;
      this.#promisedBytes = promised;
      this.connection.memory.limits.shared.promise(more);
    }
  }

  #giveUpRoom(): void {
    const bytes = this.#letInBytes;
    this.#allowedBytes = MIN_CONNECTION_WINDOW;
    if (bytes > 0) {
      this.#letInBytes = 0;
      this.#keepPromise();
      this.connection.memory.release(bytes);
    } else {
      this.connection.memory.forget(this);
    }
  }

  #regulate(): void {
    const { req } = this;
    const isWelcome = this.inbox.bytes.isEnded || this.#unconsumedBytes <= this.#allowedBytes;
    if (isWelcome === req.isPaused()) {
      if (isWelcome) {
        req.resume();
      } else {
        req.pause();
      }
    }
  }
}
