import type { Socket } from "node:net";
import { Account, MIN_CONNECTION_WINDOW, type SharedAccount } from "@vyra/http2";
import { clearInterval, maxTimerMs, setInterval } from "../../../time/real-timers.js";
import type { Http1Body } from "./http1-body.js";

/** How much of what waits is held over HTTP/1.1: by the server's account, and within these limits. */
export interface Http1Limits {
  /** What all connections of the server hold together, those of HTTP/2 as well. */
  readonly shared: SharedAccount;
  /** Of the answers of one connection. */
  readonly maxWaitingBytes: number;
  /** How long a message may take to become whole, and how long what is held may stand still while memory is short, in milliseconds. */
  readonly requestTimeoutMs: number;
}

const looksWithin = 2;

/** What may be held when a large message is read on, or a large answer is kept, of what the server may hold: HTTP/2 has the rest. */
const requestsShare = 1 / 2;
const answersShare = 3 / 4;

/**
 * What the connections of HTTP/1.1 hold, and who of them waits for room. A connection may hold as much as the least that one of HTTP/2 may;
 * a larger message is read on when the server has room for all of it, so that each that is let in becomes whole.
 */
export class Http1Memory {
  readonly #connections = new Set<Http1Connection>();
  /** Bodies that wait for room, in the order in which they came. */
  readonly #line = new Set<Http1Body>();
  /** What those take that were let in. */
  #letInBytes = 0;
  /** It holds nothing: it is told when there is room again. */
  readonly #asker: Account;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly limits: Http1Limits) {
    this.#asker = new Account(0, limits.shared, () => this.#letIn());
  }

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

  /** Has `letIn()` called when there is room for what the body needs. */
  claim(body: Http1Body): void {
    this.#line.add(body);
    this.#letIn();
  }

  forget(body: Http1Body): void {
    if (this.#line.delete(body)) {
      this.#letIn(); // those behind it may need less
    }
  }

  /** A body that was let in is done with. */
  release(bytes: number): void {
    this.#letInBytes -= bytes;
    this.#letIn();
  }

  /** Half of what the server may hold is for all that were let in, or one: the rest is for HTTP/2, and for what is small. */
  #letIn(): void {
    const { shared } = this.limits;
    for (const body of this.#line) {
      const bytes = body.neededBytes;
      if (!shared.mayAdmit(bytes)) {
        shared.waitingForMessages.add(this.#asker);
        return;
      }
      if (this.#letInBytes > 0 && this.#letInBytes + bytes > requestsShare * shared.limitBytes) {
        return;
      }
      this.#line.delete(body);
      this.#letInBytes += bytes;
      body.letIn(bytes);
    }
  }

  #watch(): void {
    const { requestTimeoutMs } = this.limits;
    if (this.#timer === undefined && requestTimeoutMs !== Number.POSITIVE_INFINITY) {
      const everyMs = Math.min(maxTimerMs, Math.max(1, requestTimeoutMs / looksWithin));
      this.#timer = setInterval(() => this.#look(), everyMs).unref();
    }
  }

  #look(): void {
    for (const connection of this.#connections) {
      connection.look(looksWithin);
    }
    if (this.#connections.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }
}

/** What one connection holds. */
export class Http1Connection {
  readonly account: Account;
  /** The body that is being read. */
  body: Http1Body | undefined;
  readonly #wakers = new Set<() => void>();
  #isClosed = false;
  #before: { readonly releases: number; readonly unfinished: unknown } | undefined;
  #looks = 0;

  constructor(
    private readonly socket: Socket,
    readonly memory: Http1Memory,
  ) {
    // An eighth of the limit is what it may hold without room being asked for: see unfinished-message.ts.
    this.account = new Account(8 * MIN_CONNECTION_WINDOW, memory.limits.shared, () => this.#wake());
  }

  /** Whether so much more may wait to be sent. One answer always may, however large, where the server has room for it. */
  hasRoomFor(bytes: number): boolean {
    const { shared, maxWaitingBytes } = this.memory.limits;
    const { waitingBytes } = this.account;
    if (waitingBytes > 0 && waitingBytes + bytes > maxWaitingBytes) {
      return false;
    }
    return (
      shared.heldBytes + bytes <= answersShare * shared.limitBytes || waitingBytes + bytes <= MIN_CONNECTION_WINDOW
    );
  }

  /** Until there is room for so much, or nobody for whom it would be. */
  async roomFor(bytes: number): Promise<void> {
    while (!this.#isClosed && !this.hasRoomFor(bytes)) {
      this.memory.limits.shared.waitingForRoom.add(this.account);
      await new Promise<void>((resolve) => this.#wakers.add(resolve));
    }
  }

  close(): void {
    this.#isClosed = true;
    this.account.close();
    this.#wake();
  }

  /**
   * To be called now and then. Closes a connection that has not gone on since so many looks: of which a message is unfinished that its
   * handler waits for, or that holds much of which nothing releases while the server holds half of what it may.
   */
  look(most: number): void {
    const { shared } = this.memory.limits;
    const { releases, heldBytes } = this.account;
    const unfinished = this.body?.inbox.unfinished;
    const isHoarding = heldBytes > MIN_CONNECTION_WINDOW && shared.heldBytes > shared.limitBytes / 2;
    const before = this.#before;
    this.#before = { releases, unfinished };
    const isStill =
      before !== undefined &&
      ((unfinished !== undefined && unfinished === before.unfinished) || (isHoarding && releases === before.releases));
    this.#looks = isStill ? this.#looks + 1 : 0;
    if (this.#looks >= most) {
      this.socket.destroy();
    }
  }

  #wake(): void {
    for (const wake of this.#wakers) {
      this.#wakers.delete(wake);
      wake();
    }
  }
}
