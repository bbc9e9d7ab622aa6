import type { Socket } from "node:net";
import { ConnectError } from "@connectrpc/connect";
import type { UniversalClientRequest, UniversalClientResponse } from "@connectrpc/connect/protocol";
import { ErrorCode, type GoAway } from "@vyra/http2";
import type { Client } from "undici";
import { credentialsOf, type PeerCredentials, type SocketAddress } from "../../../address/index.js";
import { codeFromResetCode } from "../../../grpc/index.js";
import { maxTimerMs, setImmediate } from "../../../time/real-timers.js";
import { IdleTimeout } from "../../dialling/idle-timeout.js";
import { PeerTimeout } from "../../dialling/peer-timeout.js";
import type { Session } from "../../dialling/session.js";
import { channelClosed, refused } from "../../errors.js";
import { lostConnection, refusedByGoAway } from "../connect/go-away.js";
import { type CallHost, UndiciCall } from "./call.js";

import type { Undici } from "./load.js";
import { Wire, type WireListener } from "./wire.js";

/** The interval of keepalive PINGs, and the time for their acknowledgement, in milliseconds. */
export interface KeepAlive {
  /** 0 means never. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export interface SessionOptions {
  /** The origin of the URLs of all calls, such as `http://localhost`. */
  readonly origin: string;
  readonly keepAlive: KeepAlive;
  /** How long the connection may be without a call before it is closed, in milliseconds. */
  readonly idleTimeoutMs: number;
}

/** One connection with its calls, on an undici client that never opens another one. */
export class UndiciSession implements Session, CallHost, WireListener {
  readonly peer: PeerCredentials | undefined;
  /** Settles when the server has shown whether it speaks HTTP/2. */
  readonly handshake: Promise<void>;
  #handshake!: { resolve(): void; reject(error: unknown): void };
  readonly #wire: Wire;
  readonly #client: Client;
  readonly #calls = new Set<UndiciCall>();
  readonly #callsByStream = new Map<number, UndiciCall>();
  #nextStreamId = 1;
  /** The last stream that the server will process, once it has announced it. */
  #lastStreamId = Number.POSITIVE_INFINITY;
  #isRetired = false;
  #lost: { readonly cause: unknown } | undefined;
  #isDestroyed = false;
  #hasSettings = false;
  /** The last GOAWAY of the server. */
  goAway: GoAway | undefined;
  readonly #silenceTimeout: PeerTimeout | undefined;
  readonly #idle: IdleTimeout;

  constructor(
    private readonly address: SocketAddress,
    private readonly socket: Socket,
    undici: Undici,
    { origin, keepAlive, idleTimeoutMs }: SessionOptions,
  ) {
    this.#idle = new IdleTimeout(idleTimeoutMs, () => this.#retire());
    this.peer = credentialsOf(socket);
    const { intervalMs, timeoutMs } = keepAlive;
    if (intervalMs > 0) {
      // undici sends the PINGs, but does nothing itself if they are not acknowledged.
      this.#silenceTimeout = new PeerTimeout(intervalMs + timeoutMs, () => {
        this.onLost(new Error(`no answer to PING within ${timeoutMs} ms`));
        this.#wire.destroy();
      });
    }
    this.handshake = new Promise((resolve, reject) => {
      this.#handshake = { resolve, reject };
    });
    this.#wire = new Wire(socket, this);
    this.#wire.once("close", () => setImmediate(() => this.#close()));
    this.#client = new undici.Client(origin, optionsFor(this.#wire, keepAlive));
    // undici connects when it has a request. This one is withdrawn before it is sent.
    const withdrawn = new Error("only to connect");
    this.#client.dispatch(
      { method: "POST", path: "/" },
      {
        onRequestStart: (controller) => controller.abort(withdrawn),
        onResponseStart() {},
        onResponseData() {},
        onResponseEnd() {},
        onResponseError: (_, error) => {
          if (error !== withdrawn) {
            this.#handshake.reject(error);
          }
        },
      },
    );
  }

  isOpen(): boolean {
    return this.#lost === undefined && !this.#isRetired && !this.#isDestroyed;
  }

  isOver(): boolean {
    return this.#wire.destroyed;
  }

  /** Ends the connection, and its calls with Canceled. */
  destroy(): void {
    this.#isDestroyed = true;
    this.#close();
  }

  /** Makes a call. */
  send(request: UniversalClientRequest): Promise<UniversalClientResponse> {
    const call = new UndiciCall(request, this);
    if (!this.isOpen()) {
      call.fail(this.explain(call, undefined) ?? refusedByGoAway(this.address, undefined, this.goAway));
      return call.response;
    }
    if (this.#calls.size === 0) {
      this.socket.ref();
      this.#idle.stop();
    }
    this.#calls.add(call);
    try {
      this.#client.dispatch(call.options, call);
    } catch (error) {
      call.cancel(error);
    }
    if (call.hasFailed && call.streamId !== undefined) {
      // It is unknown whether undici opened the stream before it failed, and so are the ids of later streams.
      this.#retire();
    }
    return call.response;
  }

  begin(call: UndiciCall): number {
    const streamId = this.#nextStreamId;
    this.#nextStreamId += 2;
    this.#callsByStream.set(streamId, call);
    return streamId;
  }

  explain(call: UndiciCall, error: unknown): ConnectError | undefined {
    const { resetCode } = call;
    if (this.#isDestroyed) {
      return channelClosed(this.address, error);
    }
    if ((error as NodeJS.ErrnoException | undefined)?.code === "ERR_HTTP2_INVALID_SESSION") {
      this.#retire(); // Node.js has given it up, and tells of it later: the call was not sent
      return refusedByGoAway(this.address, error, this.goAway);
    }
    if (this.#ignores(call)) {
      return refusedByGoAway(this.address, error, this.goAway);
    }
    if (resetCode === ErrorCode.REFUSED_STREAM) {
      return refused(this.address, error);
    }
    if (resetCode !== undefined && resetCode !== ErrorCode.NO_ERROR) {
      const message = `the server reset the call with HTTP/2 error code 0x${resetCode.toString(16)}`;
      return new ConnectError(message, codeFromResetCode(resetCode), undefined, undefined, error);
    }
    return this.#lost && lostConnection(this.address, this.#lost.cause ?? error, this.goAway);
  }

  end(call: UndiciCall): void {
    this.#calls.delete(call);
    if (call.streamId !== undefined && !call.isToBeReset) {
      this.#callsByStream.delete(call.streamId);
    }
    if (this.#calls.size === 0) {
      this.socket.unref();
      this.#idle.start();
      this.#leaveIfDone();
    }
  }

  reset(call: UndiciCall): void {
    if (call.streamId !== undefined && call.resetCode === undefined) {
      this.#wire.cancel(call.streamId);
    }
  }

  onHeard(): void {
    this.#silenceTimeout?.renew();
  }

  onSettings(): void {
    if (this.#calls.size === 0) {
      this.socket.unref();
      this.#idle.start();
    }
    this.#handshake.resolve();
    if (!this.#hasSettings) {
      this.#hasSettings = true;
      this.#silenceTimeout?.start();
    }
  }

  onRequestSent(streamId: number): void {
    const call = this.#callsByStream.get(streamId);
    call?.requestWritten();
    if (call?.isOver) {
      this.#callsByStream.delete(streamId);
    }
  }

  onData(streamId: number, part: Buffer): void {
    this.#callsByStream.get(streamId)?.responseBody.push(part);
  }

  onReset(streamId: number, code: number): void {
    const call = this.#callsByStream.get(streamId);
    if (call !== undefined) {
      call.resetCode ??= code;
    }
  }

  onGoaway(goAway: GoAway): void {
    this.#lastStreamId = Math.min(this.#lastStreamId, goAway.lastStreamId);
    this.goAway = goAway;
    this.#isRetired = true;
    for (const call of [...this.#calls].filter((call) => this.#ignores(call))) {
      call.fail(refusedByGoAway(this.address, undefined, goAway));
    }
    this.#leaveIfDone();
  }

  onLost(cause: unknown): void {
    this.#lost ??= { cause };
    // A peer that sends something other than SETTINGS and ends the connection does not speak HTTP/2.
    this.#handshake.reject(cause ?? (this.socket.bytesRead > 0 ? new Error("the connection was closed") : undefined));
  }

  /** Tells whether the server will not process this call: it has said so, or was never told of it. */
  #ignores(call: UndiciCall): boolean {
    return call.streamId === undefined ? !this.isOpen() : call.streamId > this.#lastStreamId;
  }

  #retire(): void {
    this.#isRetired = true;
    this.#leaveIfDone();
  }

  /** Closes a connection that accepts no new calls, once its last call has ended and pending writes are done. */
  #leaveIfDone(): void {
    if (this.#isRetired && this.#calls.size === 0) {
      setImmediate(() => this.#close());
    }
  }

  #close(): void {
    for (const call of this.#calls) {
      const error = this.explain(call, undefined) ?? lostConnection(this.address, undefined, this.goAway);
      if (this.#isDestroyed) {
        call.cancel(error); // nobody waits for what has already come
      } else {
        call.fail(error);
      }
    }
    this.#silenceTimeout?.stop();
    this.#idle.stop();
    // The client need not be destroyed: it has nothing else and gets nothing more.
    this.#wire.destroy();
  }
}

function optionsFor(wire: Wire, { intervalMs }: KeepAlive): Client.Options {
  // The server's limit applies. Calls beyond it would wait in the client, which its interceptors should prevent.
  const maxStreams = 2 ** 31 - 1;
  let fresh: Wire | undefined = wire;
  return {
    allowH2: true,
    connect: (_, callback) => {
      if (fresh === undefined) {
        // Opening another connection is up to this package; undici would send on it what was lost with this one.
        callback(new Error("the connection was lost"), null);
      } else {
        callback(null, fresh as unknown as Socket);
        fresh = undefined;
      }
    },
    pipelining: maxStreams,
    maxConcurrentStreams: maxStreams,
    initialWindowSize: 1024 * 1024,
    connectionWindowSize: 16 * 1024 * 1024,
    pingInterval: Math.min(Math.round(intervalMs), maxTimerMs),
    // Deadlines and keepalive are enforced here, and an idle connection costs nothing.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: maxTimerMs,
  };
}
