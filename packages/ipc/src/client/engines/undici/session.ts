import type { Socket } from "node:net";
import { ConnectError } from "@connectrpc/connect";
import type { UniversalClientRequest, UniversalClientResponse } from "@connectrpc/connect/protocol";
import { ErrorCode, type GoAway } from "@vyra/http2";
import type { Client } from "undici";
import { credentialsOf, type PeerCredentials } from "../../../address/index.js";
import { codeFromResetCode, maxTimerMs } from "../../../grpc/index.js";
import { setImmediate } from "../../../real-timers.js";
import type { Session } from "../../connection.js";
import { channelClosed, refused } from "../../errors.js";
import { IdleClock } from "../../idle-clock.js";
import { Patience } from "../../patience.js";
import { lost, sentAway } from "../connect/lost.js";
import { Call, type CallHost } from "./call.js";
import type { Undici } from "./load.js";
import { Wire, type WireListener } from "./wire.js";

/** How often to ask the server whether it still lives, and how long it may take to answer, in milliseconds. */
export interface KeepAlive {
  /** 0 for never. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** One connection, on a client of undici's that never makes another, and the calls on it. */
export class UndiciSession implements Session, CallHost, WireListener {
  readonly peer: PeerCredentials | undefined;
  /** Settled when the server has shown that it speaks HTTP/2, or that it does not. */
  readonly handshake: Promise<void>;
  #handshake!: { resolve(): void; reject(error: unknown): void };
  readonly #wire: Wire;
  readonly #client: Client;
  readonly #calls = new Set<Call>();
  readonly #callsByStream = new Map<number, Call>();
  #nextStreamId = 1;
  /** The last stream that the server will look at, once it has said so. */
  #lastStreamId = Number.POSITIVE_INFINITY;
  #isRetired = false;
  #lost: { readonly cause: unknown } | undefined;
  #isDestroyed = false;
  #hasSettings = false;
  /** What the server said last in a GOAWAY. */
  goAway: GoAway | undefined;
  readonly #silence: Patience | undefined;
  readonly #idle: IdleClock;

  constructor(
    private readonly path: string,
    private readonly socket: Socket,
    undici: Undici,
    origin: string,
    keepAlive: KeepAlive,
    idleTimeoutMs: number,
  ) {
    this.#idle = new IdleClock(idleTimeoutMs, () => this.#retire());
    this.peer = credentialsOf(socket);
    const { intervalMs, timeoutMs } = keepAlive;
    if (intervalMs > 0) {
      // undici asks; if it hears nothing it takes no notice itself.
      this.#silence = new Patience(intervalMs + timeoutMs, () => {
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

  /** Ends the connection, and the calls on it with Canceled. */
  destroy(): void {
    this.#isDestroyed = true;
    this.#close();
  }

  /** Makes a call. */
  send(request: UniversalClientRequest): Promise<UniversalClientResponse> {
    const call = new Call(request, this);
    if (!this.isOpen()) {
      call.fail(this.explain(call, undefined) ?? sentAway(this.path, undefined, this.goAway));
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
      // Whether undici opened the stream before it failed is not known, nor are the numbers of those to come.
      this.#retire();
    }
    return call.response;
  }

  begin(call: Call): number {
    const streamId = this.#nextStreamId;
    this.#nextStreamId += 2;
    this.#callsByStream.set(streamId, call);
    return streamId;
  }

  explain(call: Call, error: unknown): ConnectError | undefined {
    const { resetCode } = call;
    if (this.#isDestroyed) {
      return channelClosed(this.path, error);
    }
    if ((error as NodeJS.ErrnoException | undefined)?.code === "ERR_HTTP2_INVALID_SESSION") {
      this.#retire(); // Node.js has given it up, and tells of it later: the call was not sent
      return sentAway(this.path, error, this.goAway);
    }
    if (this.#ignores(call)) {
      return sentAway(this.path, error, this.goAway);
    }
    if (resetCode === ErrorCode.REFUSED_STREAM) {
      return refused(this.path, error);
    }
    if (resetCode !== undefined && resetCode !== ErrorCode.NO_ERROR) {
      const message = `the server reset the call with HTTP/2 error code 0x${resetCode.toString(16)}`;
      return new ConnectError(message, codeFromResetCode(resetCode), undefined, undefined, error);
    }
    return this.#lost && lost(this.path, this.#lost.cause ?? error, this.goAway);
  }

  end(call: Call): void {
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

  reset(call: Call): void {
    if (call.streamId !== undefined && call.resetCode === undefined) {
      this.#wire.cancel(call.streamId);
    }
  }

  onHeard(): void {
    this.#silence?.hear();
  }

  onSettings(): void {
    if (this.#calls.size === 0) {
      this.socket.unref();
      this.#idle.start();
    }
    this.#handshake.resolve();
    if (!this.#hasSettings) {
      this.#hasSettings = true;
      this.#silence?.start();
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
    this.#callsByStream.get(streamId)?.received.push(part);
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
      call.fail(sentAway(this.path, undefined, goAway));
    }
    this.#leaveIfDone();
  }

  onLost(cause: unknown): void {
    this.#lost ??= { cause };
    // Who ends the connection with something said, but no SETTINGS, speaks something else.
    this.#handshake.reject(cause ?? (this.socket.bytesRead > 0 ? new Error("the connection was closed") : undefined));
  }

  /** Whether the server will never look at this call, or has never been told of it. */
  #ignores(call: Call): boolean {
    return call.streamId === undefined ? !this.isOpen() : call.streamId > this.#lastStreamId;
  }

  #retire(): void {
    this.#isRetired = true;
    this.#leaveIfDone();
  }

  /** Leaves a connection that takes no new calls once the last is over and what is on its way has been written. */
  #leaveIfDone(): void {
    if (this.#isRetired && this.#calls.size === 0) {
      setImmediate(() => this.#close());
    }
  }

  #close(): void {
    for (const call of this.#calls) {
      const error = this.explain(call, undefined) ?? lost(this.path, undefined, this.goAway);
      if (this.#isDestroyed) {
        call.cancel(error); // nobody waits for what has already come
      } else {
        call.fail(error);
      }
    }
    this.#silence?.stop();
    this.#idle.stop();
    // Its client need not be destroyed: it has nothing else, and gets nothing more.
    this.#wire.destroy();
  }
}

function optionsFor(wire: Wire, { intervalMs }: KeepAlive): Client.Options {
  // As many as the server allows: calls that wait in the client are for its interceptors to prevent.
  const maxStreams = 2 ** 31 - 1;
  let fresh: Wire | undefined = wire;
  return {
    allowH2: true,
    connect: (_, callback) => {
      if (fresh === undefined) {
        // Another connection is ours to make: undici would send on it what was lost with this one.
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
    // Deadlines and keep-alive are ours, and an idle connection costs nothing.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: maxTimerMs,
  };
}
