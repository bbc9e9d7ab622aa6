import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import type { GoAway } from "@vyra/http2";
import { credentialsOf, type PeerCredentials, type SocketAddress } from "../../../address/index.js";
import { clearTimeout, maxTimerMs, nextTurn, setTimeout } from "../../../time/real-timers.js";
import { dial } from "../../dialling/dial.js";
import { IdleTimeout } from "../../dialling/idle-timeout.js";
import { PeerTimeout } from "../../dialling/peer-timeout.js";
import type { Session } from "../../dialling/session.js";
import { HandshakeTimeoutError, handshakeTimeoutMs, notBegun } from "../../errors.js";
import type { ResolvedOptions } from "../../resolve-options.js";
import { notBegunAfter } from "../connect/go-away.js";
import { originOf } from "../connect/transport-options.js";

/** A `node:http2` session with keepalive, which keeps the process alive only while calls are open. */
export class NodeSession implements Session {
  /** The error with which the connection ended, if it is known. */
  lostBy: unknown;
  /** The last GOAWAY of the server. */
  goAway: GoAway | undefined;
  #openStreams = 0;
  readonly #idle: IdleTimeout;
  /** The last stream that the server will process, once it has announced it. */
  #lastStreamId = Number.POSITIVE_INFINITY;

  constructor(
    private readonly session: ClientHttp2Session,
    private readonly keepAlive: KeepAlive,
    readonly peer: PeerCredentials | undefined,
    idleTimeoutMs: number,
  ) {
    this.#idle = new IdleTimeout(idleTimeoutMs, () => session.close());
    session.on("error", (error) => {
      this.lostBy = error;
    });
    session.on("goaway", (code, lastStreamId, debugData) => {
      this.#lastStreamId = Math.min(this.#lastStreamId, lastStreamId);
      this.goAway = { code, lastStreamId, debug: Buffer.from(debugData ?? []).toString() };
    });
    session.once("close", () => {
      this.keepAlive.stop();
      this.#idle.stop();
    });
  }

  /** Called when the connection has begun. From now on it keeps the process alive only while calls are open. */
  begin(): this {
    this.session.setLocalWindowSize(16 * 1024 * 1024);
    this.session.unref();
    this.#idle.start();
    return this;
  }

  isOpen(): boolean {
    return !this.session.closed && !this.session.destroyed && this.#lastStreamId === Number.POSITIVE_INFINITY;
  }

  isOver(): boolean {
    return this.session.destroyed;
  }

  isLost(): boolean {
    return this.session.destroyed || this.session.socket?.destroyed !== false;
  }

  /** Tells whether the server will not process this stream: it has said so, or was never told of it. */
  ignores(stream: ClientHttp2Stream): boolean {
    return stream.id === undefined || stream.id > this.#lastStreamId;
  }

  request(headers: Record<string, unknown>, options: object): ClientHttp2Stream {
    const stream = this.session.request(headers as Parameters<ClientHttp2Session["request"]>[0], options);
    if (this.#openStreams++ === 0) {
      this.session.ref();
      this.#idle.stop();
      this.keepAlive.start(this.session);
    }
    stream.once("close", () => {
      if (--this.#openStreams === 0) {
        this.keepAlive.stop();
        if (!this.session.destroyed) {
          this.session.unref();
          this.#idle.start();
        }
      }
    });
    return stream;
  }

  destroy(): void {
    // Without an error the streams would end without one as well, and connect-node would wait for their responses.
    this.session.destroy(new Error("closed"));
  }
}

/**
 * Sends keepalive PINGs while there are calls (gRFC A8), and ends the connection if one is not acknowledged in time.
 */
class KeepAlive {
  #timer: NodeJS.Timeout | undefined;
  #peerTimeout: PeerTimeout | undefined;
  /** Counts starts and stops, so that a late acknowledgement of an earlier PING starts nothing. */
  #round = 0;

  constructor(
    private readonly intervalMs: number,
    private readonly timeoutMs: number,
  ) {}

  start(session: ClientHttp2Session): void {
    if (this.intervalMs > 0) {
      this.#timer = setTimeout(() => this.#ask(session), Math.min(this.intervalMs, maxTimerMs)).unref();
    }
  }

  stop(): void {
    this.#round++;
    clearTimeout(this.#timer);
    this.#peerTimeout?.stop();
  }

  #ask(session: ClientHttp2Session): void {
    const round = this.#round;
    const peerTimeout = new PeerTimeout(this.timeoutMs, () => {
      session.destroy(new Error(`no answer to PING within ${this.timeoutMs} ms`));
    });
    this.#peerTimeout = peerTimeout;
    peerTimeout.start();
    session.ping(() => {
      peerTimeout.stop();
      if (round === this.#round && !session.destroyed) {
        this.start(session);
      }
    });
  }
}

export async function openSession(
  address: SocketAddress,
  options: ResolvedOptions,
  stop: AbortSignal,
): Promise<NodeSession> {
  const { connect: connectHttp2 } = await import("node:http2"); // users of other engines do not pay for loading it
  const socket = await dial(address, options.trustedUsers);
  const session = connectHttp2(originOf(options), {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: 1024 * 1024 },
    maxSessionMemory: 1_024,
  });
  const keepAlive = new KeepAlive(options.keepAliveIntervalMs, options.keepAliveTimeoutMs);
  const opened = new NodeSession(session, keepAlive, credentialsOf(socket), options.idleTimeoutMs);
  const giveUp = () => session.destroy();
  const timer = setTimeout(() => session.destroy(new HandshakeTimeoutError()), handshakeTimeoutMs).unref();
  stop.addEventListener("abort", giveUp, { once: true });
  try {
    stop.throwIfAborted();
    await settingsOf(session);
    // A GOAWAY that arrived with the SETTINGS has been emitted by then.
    await nextTurn();
    if (opened.goAway === undefined && !session.destroyed) {
      return opened.begin();
    }
    throw opened.lostBy;
  } catch (error) {
    session.destroy();
    throw opened.goAway === undefined ? notBegun(address, error) : notBegunAfter(address, opened.goAway);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", giveUp);
  }
}

/** Waits for the SETTINGS with which a server must begin, RFC 9113 §3.4: until then the peer may be anything. */
function settingsOf(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: unknown;
    session.once("remoteSettings", () => resolve());
    session.once("close", () => reject(failure));
    session.on("error", (error) => {
      failure = error;
    });
  });
}
