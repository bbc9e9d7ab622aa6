import type { Socket } from "node:net";
import type { ConnectError } from "@connectrpc/connect";
import {
  ClientConnection,
  type ClientConnectionHandler,
  type ConnectionError,
  ErrorCode,
  type GoAway,
  goAwayReason,
  readInPlace,
  type SharedAccount,
} from "@vyra/http2";
import { credentialsOf, type PeerCredentials, type SocketAddress } from "../../../address/index.js";
import { deadlines, Timed } from "../../../time/deadline-queue.js";
import { clearInterval, clearTimeout, setInterval, setTimeout } from "../../../time/real-timers.js";
import { IdleTimeout } from "../../dialling/idle-timeout.js";
import { PeerTimeout } from "../../dialling/peer-timeout.js";
import type { Session } from "../../dialling/session.js";
import { HandshakeTimeoutError, handshakeTimeoutMs, notBegun } from "../../errors.js";
import type { ResolvedOptions } from "../../resolve-options.js";
import { CallQueue, type QueueBudget } from "./call-queue.js";
import type { KeepAlivePace } from "./keep-alive-pace.js";

/** A call that waits for its turn on a session, or for a session. */
export interface PendingCall {
  /** Waits there until it is over; fails if there is no room. */
  waitIn(queue: CallQueue<PendingCall>): void;
  /** Opens its stream now. */
  open(session: DirectSession): void;
  /** Looks for a session. */
  acquire(): void;
  /** The session takes no more calls: looks for another, but not for ever. */
  leaveSession(): void;
  /** No session could be opened. */
  onUnreachable(error: ConnectError): void;
  fail(error: ConnectError): void;
}

/** After how long without calls a session stops holding the process, in milliseconds: to look each time would cost every call. */
const idleMs = 10;

/**
 * One HTTP/2 connection: hands out its streams in order, asks whether the peer lives, and holds the process while in use. What it
 * times is how long it has been idle.
 */
export class DirectSession extends Timed implements Session, ClientConnectionHandler {
  readonly connection: ClientConnection;
  private readonly socket: Socket;
  readonly peer: PeerCredentials | undefined;
  /** The server has said that it takes no more calls, for no fault of ours: it is about to end. */
  isGoingAway = false;
  /** What it has said when it did. */
  #goAway: GoAway | undefined;
  readonly #waiting: CallQueue<PendingCall>;
  #inUse = 0;
  readonly #idleTimeout: IdleTimeout;
  #keepAliveTimer: NodeJS.Timeout | undefined;
  /** Until it has begun it counts as if it held the process, though the socket that was dialled does not. */
  #isRefed = true;
  #onSettings: (() => void) | undefined;
  #onEnd: (error: ConnectionError | null) => void = () => {};

  constructor(
    socket: Socket,
    private readonly options: ResolvedOptions,
    { budget, shared }: { readonly budget: QueueBudget; readonly shared: SharedAccount },
    private readonly pace: KeepAlivePace,
  ) {
    super();
    this.#waiting = new CallQueue(budget, () => this.#idle());
    this.peer = credentialsOf(socket);
    this.socket = readInPlace(socket, (buffer, start, end) => this.connection.receive(buffer, start, end));
    const connection = new ClientConnection(this.socket, this, {
      reader: "caller",
      shared,
      maxUnreadBytes: options.maxUnreadBytes,
      maxWaitingBytes: options.maxWaitingBytes,
    });
    this.connection = connection;
    this.#idleTimeout = new IdleTimeout(options.idleTimeoutMs, () => connection.close());
  }

  /**
   * Waits for the SETTINGS with which a server begins, RFC 9113 §3.4: until then it may be anything.
   *
   * @throws {ConnectError} Unavailable, caused by NotProcessedError.
   */
  settled(address: SocketAddress, stop: AbortSignal): Promise<this> {
    return new Promise((resolve, reject) => {
      const giveUp = () => this.destroy();
      const timer = setTimeout(() => {
        fail(new HandshakeTimeoutError());
        giveUp();
      }, handshakeTimeoutMs).unref();
      stop.addEventListener("abort", giveUp, { once: true });
      const settle = () => {
        clearTimeout(timer);
        stop.removeEventListener("abort", giveUp);
        this.#onSettings = undefined;
        this.#onEnd = () => {};
      };
      this.#onSettings = () => {
        settle();
        this.#watch();
        this.onDeadline();
        resolve(this);
      };
      const fail = (cause: unknown) => {
        settle();
        reject(notBegun(address, cause, this.#goAway && goAwayReason(this.#goAway)));
      };
      this.#onEnd = (error) => fail(error ?? undefined);
      if (stop.aborted) {
        giveUp();
      }
    });
  }

  isOpen(): boolean {
    return !this.connection.isClosing;
  }

  isOver(): boolean {
    return this.connection.isClosed;
  }

  destroy(): void {
    this.connection.destroy();
  }

  /** Lets the call open its stream: now, or after those before it if the server has as many streams open as it takes. */
  run(call: PendingCall): void {
    if (this.connection.availableStreams > 0 && this.#waiting.length === 0) {
      call.open(this);
    } else if (this.connection.isClosing) {
      call.leaveSession();
    } else {
      this.#hold();
      call.waitIn(this.#waiting);
    }
  }

  /** A stream has been opened. */
  enter(): void {
    if (this.#inUse++ === 0) {
      this.#hold();
    }
  }

  /** A stream is over. */
  leave(): void {
    if (--this.#inUse === 0) {
      this.#idle();
    }
  }

  /** From now on the process waits for this connection. */
  #hold(): void {
    if (!this.#isRefed) {
      this.#isRefed = true;
      this.#idleTimeout.stop();
      this.socket.ref();
    }
  }

  /** Perhaps the last call is over: to look is left to later. */
  #idle(): void {
    if (!this.isUnderWay && !this.connection.isClosed) {
      deadlines.start(this, idleMs);
    }
  }

  get inUse(): number {
    return this.#inUse + this.#waiting.length;
  }

  /** @internal */
  onSettings(): void {
    this.#onSettings?.();
  }

  /** @internal */
  onCapacity(): void {
    while (this.connection.availableStreams > 0) {
      const call = this.#waiting.shift();
      if (call === undefined) {
        break;
      }
      call.open(this);
    }
  }

  /** @internal */
  onGoAway(goAway: GoAway): void {
    this.#goAway = goAway;
    this.pace.hear(goAway);
    this.isGoingAway = goAway.code === ErrorCode.NO_ERROR;
    this.#releaseWaiting();
  }

  /** @internal */
  onClose(error: ConnectionError | null): void {
    deadlines.stop(this);
    this.#idleTimeout.stop();
    clearInterval(this.#keepAliveTimer);
    this.#releaseWaiting();
    this.#onEnd(error);
  }

  /** Those that still wait look for another session. */
  #releaseWaiting(): void {
    for (const call of this.#waiting.clear()) {
      call.leaveSession();
    }
  }

  /** @internal Has been idle for a while, or in use again meanwhile. */
  onDeadline(): void {
    if (this.inUse === 0 && this.#isRefed) {
      this.#isRefed = false;
      this.socket.unref();
      this.#idleTimeout.start();
    }
  }

  /** Asks a peer that calls wait for whether it still lives (gRFC A8), and ends the connection if it does not say so. */
  #watch(): void {
    const { keepAliveTimeoutMs } = this.options;
    const { intervalMs } = this.pace;
    if (intervalMs === 0 || intervalMs === Number.POSITIVE_INFINITY) {
      return;
    }
    let isAsking = false;
    this.#keepAliveTimer = setInterval(() => {
      if (this.#inUse === 0 || isAsking) {
        return;
      }
      isAsking = true;
      const peerTimeout = new PeerTimeout(keepAliveTimeoutMs, () => {
        this.connection.destroy(`no answer to PING within ${keepAliveTimeoutMs} ms`);
      });
      peerTimeout.start();
      this.connection.ping(() => {
        isAsking = false;
        peerTimeout.stop();
      });
    }, intervalMs).unref();
  }
}
