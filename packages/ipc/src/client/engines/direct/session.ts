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
import type { BusyPoll } from "../../../busy-poll/busy-poll.js";
import { deadlines, Timed } from "../../../time/deadline-queue.js";
import { clearInterval, clearTimeout, setInterval, setTimeout } from "../../../time/real-timers.js";
import { IdleTimeout } from "../../dialling/idle-timeout.js";
import { PeerTimeout } from "../../dialling/peer-timeout.js";
import type { Session } from "../../dialling/session.js";
import { HandshakeTimeoutError, handshakeTimeoutMs, notBegun } from "../../errors.js";
import type { ResolvedOptions } from "../../resolve-options.js";
import { CallQueue, type QueueBudget } from "./call-queue.js";
import type { KeepAliveInterval } from "./keep-alive-interval.js";

/** A call that waits for a session, or for a stream on it. */
export interface PendingCall {
  /** Waits in the queue until the call is over; fails the call if there is no room. */
  waitIn(queue: CallQueue<PendingCall>): void;
  /** Opens the call's stream. */
  open(session: DirectSession): void;
  /** Gets a session, waiting for one if necessary. */
  acquire(): void;
  /** Called when the session accepts no more calls. Gets another session, a limited number of times. */
  leaveSession(): void;
  /** Called when no session could be opened. */
  onUnreachable(error: ConnectError): void;
  fail(error: ConnectError): void;
}

/**
 * How long a session without calls keeps the process alive, in milliseconds. Checking at the end of each call would
 * cost every call.
 */
const idleMs = 10;

/**
 * An HTTP/2 connection: gives out its streams in order, checks by keepalive whether the peer is alive, and keeps the
 * process alive while in use. Its deadline (of `Timed`) is that of being idle.
 */
export class DirectSession extends Timed implements Session, ClientConnectionHandler {
  readonly connection: ClientConnection;
  private readonly socket: Socket;
  readonly peer: PeerCredentials | undefined;
  /** Set when the server has announced that it accepts no more calls, without reporting an error of this client. */
  isGoingAway = false;
  /** The GOAWAY that announced it. */
  #goAway: GoAway | undefined;
  readonly #waiting: CallQueue<PendingCall>;
  #inUse = 0;
  readonly #idleTimeout: IdleTimeout;
  #keepAliveTimer: NodeJS.Timeout | undefined;
  /**
   * Whether the socket keeps the process alive. It counts as doing so until the connection has begun, though a socket
   * that is being dialled does not.
   */
  #isRefed = true;
  #onSettings: (() => void) | undefined;
  #onEnd: (error: ConnectionError | null) => void = ignore;

  constructor(
    socket: Socket,
    private readonly options: ResolvedOptions,
    { budget, shared }: { readonly budget: QueueBudget; readonly shared: SharedAccount },
    private readonly keepAliveInterval: KeepAliveInterval,
    busyPoll: BusyPoll | undefined,
  ) {
    super();
    this.#waiting = new CallQueue(budget, () => this.#idle());
    this.peer = credentialsOf(socket);
    this.socket = readInPlace(socket, (buffer, start, end) => {
      busyPoll?.arrived(end - start);
      this.connection.receive(buffer, start, end);
    });
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
   * Waits for the SETTINGS with which a server must begin, RFC 9113 §3.4: until then the peer may be anything.
   *
   * @throws {ConnectError} Unavailable, with a `NotProcessedError` as the cause.
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
        this.#onEnd = ignore; // a function made here would hold the whole scope as long as the session lives
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

  /** Lets the call open its stream: at once, or after those before it if the server allows no more streams. */
  run(call: PendingCall): void {
    if (this.connection.availableStreams > 0 && this.#waiting.length === 0) {
      call.open(this);
    } else if (this.connection.isClosing) {
      call.leaveSession();
    } else {
      this.#ref();
      call.waitIn(this.#waiting);
    }
  }

  /** Called when a stream has been opened. */
  enter(): void {
    if (this.#inUse++ === 0) {
      this.#ref();
    }
  }

  /** Called when a stream has ended. */
  leave(): void {
    if (--this.#inUse === 0) {
      this.#idle();
    }
  }

  /** Starts keeping the process alive. */
  #ref(): void {
    if (!this.#isRefed) {
      this.#isRefed = true;
      this.#idleTimeout.stop();
      this.socket.ref();
    }
  }

  /** Called when the last call may have ended. Checking that is left to later. */
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
    this.keepAliveInterval.onGoAway(goAway);
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

  /** Lets waiting calls get another session. */
  #releaseWaiting(): void {
    for (const call of this.#waiting.clear()) {
      call.leaveSession();
    }
  }

  /** @internal Called when the connection has been idle for a while; it may be in use again. */
  onDeadline(): void {
    if (this.inUse === 0 && this.#isRefed) {
      this.#isRefed = false;
      this.socket.unref();
      this.#idleTimeout.start();
    }
  }

  /**
   * Sends keepalive PINGs while there are calls (gRFC A8), and ends the connection if one is not acknowledged in time.
   */
  #watch(): void {
    const { keepAliveTimeoutMs } = this.options;
    const { intervalMs } = this.keepAliveInterval;
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

function ignore(): void {}
