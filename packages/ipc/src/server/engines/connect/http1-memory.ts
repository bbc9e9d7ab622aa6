import type { Socket } from "node:net";
import { Account, MIN_CONNECTION_WINDOW, type SharedAccount } from "@vyra/http2";
import { clearInterval, maxTimerMs, setInterval } from "../../../time/real-timers.js";

/** The limits of the memory of HTTP/1.1 connections. */
export interface Http1Limits {
  /** The account of all connections of the server, including those of HTTP/2. */
  readonly shared: SharedAccount;
  /** The memory of responses that may wait on one connection, in bytes. */
  readonly maxWaitingBytes: number;
  /**
   * The time that a message may take to arrive, and that a connection may hold memory without releasing any while
   * memory is scarce, in milliseconds.
   */
  readonly requestTimeoutMs: number;
}

/** A connection is checked this many times within `requestTimeoutMs`. */
const checksPerTimeout = 2;

/** The share of the server's memory that all admitted requests may take together; HTTP/2 has the rest. */
const requestsShare = 1 / 2;
/** The share of the server's memory up to which responses larger than the minimum are kept; HTTP/2 has the rest. */
const responsesShare = 3 / 4;

/** A body that waits until there is room for a large message. */
export interface WaitingBody {
  readonly neededBytes: number;
  /** Called when there is room for this many bytes. */
  admit(bytes: number): void;
}

/**
 * Grants memory to the connections of HTTP/1.1. A connection may always hold 256 KiB, the minimum of an HTTP/2
 * connection. A larger message is admitted when the server has room for the whole message, so every admitted message
 * can be completed.
 */
export class Http1Memory {
  readonly #connections = new Set<Http1Connection>();
  /** The bodies that wait for room, in the order of their requests. */
  readonly #waiting = new Set<WaitingBody>();
  /** The memory of the admitted bodies, in bytes. */
  #admittedBytes = 0;
  /** An account that holds nothing. Its callback is called when there is room again. */
  readonly #waitingAccount: Account;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly limits: Http1Limits) {
    this.#waitingAccount = new Account(0, limits.shared, () => this.#admitWaiting());
  }

  /** Creates the record of a connection's memory, which is closed with the socket. */
  connection(socket: Socket): Http1Connection {
    const connection = new Http1Connection(socket, this);
    this.#connections.add(connection);
    this.#watch();
    socket.once("close", () => {
      this.#connections.delete(connection);
      connection.close();
    });
    return connection;
  }

  /** Requests room for a body. Its `admit()` is called when there is room for what it needs. */
  requestRoom(body: WaitingBody): void {
    this.#waiting.add(body);
    this.#admitWaiting();
  }

  /** Cancels the request of a body that waits for room. */
  cancelRequest(body: WaitingBody): void {
    if (this.#waiting.delete(body)) {
      this.#admitWaiting(); // the bodies that wait behind it may need less
    }
  }

  /** Releases the memory with which a body was admitted. */
  release(bytes: number): void {
    this.#admittedBytes -= bytes;
    this.#admitWaiting();
  }

  /**
   * Admits waiting bodies, in order, as long as there is room. All admitted bodies together may take half of the
   * server's memory; a single one may take more. The rest is for HTTP/2, and for small messages.
   */
  #admitWaiting(): void {
    const { shared } = this.limits;
    for (const body of this.#waiting) {
      const bytes = body.neededBytes;
      if (!shared.mayAdmit(bytes)) {
        shared.waitingForMessages.add(this.#waitingAccount);
        return;
      }
      if (this.#admittedBytes > 0 && this.#admittedBytes + bytes > requestsShare * shared.limitBytes) {
        return;
      }
      this.#waiting.delete(body);
      this.#admittedBytes += bytes;
      body.admit(bytes);
    }
  }

  /** Starts the timer that checks the connections, unless it runs. */
  #watch(): void {
    const { requestTimeoutMs } = this.limits;
    if (this.#timer === undefined && requestTimeoutMs !== Number.POSITIVE_INFINITY) {
      const intervalMs = Math.min(maxTimerMs, Math.max(1, requestTimeoutMs / checksPerTimeout));
      this.#timer = setInterval(() => this.#check(), intervalMs).unref();
    }
  }

  #check(): void {
    for (const connection of this.#connections) {
      connection.check(checksPerTimeout);
    }
    if (this.#connections.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }
}

/** The memory of one connection of HTTP/1.1. */
export class Http1Connection {
  /** The account that records the memory. */
  readonly account: Account;
  /** The body that is being read. */
  body: { readonly inbox: { readonly unfinished: unknown } } | undefined;
  /** The functions that resume those who wait for room. */
  readonly #wakers = new Set<() => void>();
  #isClosed = false;
  /** The state of the connection at the last check. */
  #lastCheck: { readonly releases: number; readonly unfinished: unknown } | undefined;
  /** The number of successive checks without progress. */
  #stalledChecks = 0;

  constructor(
    private readonly socket: Socket,
    readonly memory: Http1Memory,
  ) {
    // An incomplete message may take an eighth of the limit without a request for room; see unfinished-message.ts.
    this.account = new Account(8 * MIN_CONNECTION_WINDOW, memory.limits.shared, () => this.#wake());
  }

  /**
   * Tells whether this many more bytes may wait to be sent. A single response may exceed `maxWaitingBytes` if the
   * server has room for it.
   */
  hasRoomFor(bytes: number): boolean {
    const { shared, maxWaitingBytes } = this.memory.limits;
    const { waitingBytes } = this.account;
    if (waitingBytes > 0 && waitingBytes + bytes > maxWaitingBytes) {
      return false;
    }
    return (
      shared.heldBytes + bytes <= responsesShare * shared.limitBytes || waitingBytes + bytes <= MIN_CONNECTION_WINDOW
    );
  }

  /** Waits until this many more bytes may wait to be sent, or the connection is closed. */
  async roomFor(bytes: number): Promise<void> {
    while (!this.#isClosed && !this.hasRoomFor(bytes)) {
      this.memory.limits.shared.waitingForRoom.add(this.account);
      await new Promise<void>((resolve) => this.#wakers.add(resolve));
    }
  }

  /** Removes the connection's memory from the server's account. */
  close(): void {
    this.#isClosed = true;
    this.account.close();
    this.#wake();
  }

  /**
   * Closes the connection if it has made no progress in the last `maxStalledChecks` checks: if its handler waits for
   * the same incomplete message, or if it holds more than its minimum and has released nothing while the server holds
   * more than half of its limit.
   */
  check(maxStalledChecks: number): void {
    const { shared } = this.memory.limits;
    const { releases, heldBytes } = this.account;
    const unfinished = this.body?.inbox.unfinished;
    const mustRelease = heldBytes > MIN_CONNECTION_WINDOW && shared.heldBytes > shared.limitBytes / 2;
    const last = this.#lastCheck;
    this.#lastCheck = { releases, unfinished };
    const isStalled =
      last !== undefined &&
      ((unfinished !== undefined && unfinished === last.unfinished) || (mustRelease && releases === last.releases));
    this.#stalledChecks = isStalled ? this.#stalledChecks + 1 : 0;
    if (this.#stalledChecks >= maxStalledChecks) {
      this.socket.destroy();
    }
  }

  /** Resumes those who wait for room. */
  #wake(): void {
    for (const wake of this.#wakers) {
      this.#wakers.delete(wake);
      wake();
    }
  }
}
