import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { Code, type Interceptor, type Transport } from "@connectrpc/connect";
import type { GrpcTransportOptions } from "@connectrpc/connect-node";
import { ErrorCode } from "@vyra/http2";
import { credentialsOf, type PeerCredentials } from "../../address/index.js";
import { deadlineExceeded, notProcessed, parseTimeout, timeoutHeader, valuesOf } from "../../grpc/index.js";
import { clearTimeout, performance, setTimeout } from "../../real-timers.js";
import { CallCounter, counting } from "../../stats/index.js";
import { sendRemainingTime } from "../attempt.js";
import type { Session, Sessions } from "../connection.js";
import { dial } from "../dial.js";
import { channelClosed, connectionLost, HandshakeTimeout, handshakeTimeoutMs, notBegun, refused } from "../errors.js";
import { defaultMaxBytes, type IpcTransport, type IpcTransportOptions } from "../options.js";
import { connect } from "../pool.js";
import { waitForReady } from "../wait-for-ready.js";
import { endsWithReader } from "./ends-with-reader.js";

/** What peers are told they are called. The socket's path, as gRPC peers send it, would say no more. */
const authority = "http://localhost";

/**
 * The reference engine: connect-node's gRPC transport over `node:http2`, with a session of ours. Each call gets a
 * transport of its own, so that the HTTP/2 stream it ran on can be asked what became of it.
 */
export function createNodeTransport(path: string, options: IpcTransportOptions): IpcTransport {
  const connection = connect(options.connections ?? 1, path, (stop) => openSession(path, options, stop));
  const transportOptions = grpcTransportOptions(options);
  const counter = new CallCounter();
  const count = counting(counter, Code.Unknown);
  const forOneCall = async (): Promise<Transport> => {
    const { createGrpcTransport } = await loadConnectNode();
    const attempts = new Attempts(connection, options.waitForReady ?? false);
    const interceptors = [...(options.interceptors ?? []), count, attempts.interceptor];
    return createGrpcTransport({ ...transportOptions, interceptors, sessionManager: attempts });
  };
  const close = async () => connection.close();
  return {
    unary: async (...args) => (await forOneCall()).unary(...args),
    stream: (method, signal, ...rest) =>
      endsWithReader(signal, async (own) => (await forOneCall()).stream(method, own, ...rest)),
    get state() {
      return connection.state;
    },
    get peer() {
      return connection.peer;
    },
    ready: (readyOptions) => connection.ready(readyOptions),
    stats: () => ({ connections: connection.count, ...counter.snapshot() }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

let connectNode: typeof import("@connectrpc/connect-node") | undefined;

/** Loads it when the first call needs it: who uses another engine does not pay for it. @throws {ConnectError} */
async function loadConnectNode(): Promise<typeof import("@connectrpc/connect-node")> {
  try {
    connectNode ??= await import("@connectrpc/connect-node");
    return connectNode;
  } catch (error) {
    throw notProcessed("cannot load @connectrpc/connect-node", Code.Unavailable, error);
  }
}

function grpcTransportOptions(options: IpcTransportOptions): GrpcTransportOptions {
  const { sendCompression, compressMinBytes, useBinaryFormat, jsonOptions, binaryOptions } = options;
  return {
    baseUrl: authority,
    readMaxBytes: options.readMaxBytes ?? defaultMaxBytes,
    writeMaxBytes: options.writeMaxBytes ?? defaultMaxBytes,
    acceptCompression: options.acceptCompression ?? [],
    ...(sendCompression !== undefined && { sendCompression }),
    ...(compressMinBytes !== undefined && { compressMinBytes }),
    ...(useBinaryFormat !== undefined && { useBinaryFormat }),
    ...(jsonOptions !== undefined && { jsonOptions }),
    ...(binaryOptions !== undefined && { binaryOptions }),
  };
}

/** The attempts of one call: at most one at a time, each on a stream of its own. */
class Attempts {
  readonly authority = authority;
  #session: NodeSession | undefined;
  #stream: ClientHttp2Stream | undefined;
  #isAnswered = false;
  #signal: AbortSignal | undefined;
  #timeoutMs = Number.POSITIVE_INFINITY;
  #startedAt = 0;
  #isWaiting = false;

  constructor(
    private readonly connection: Sessions<NodeSession>,
    private readonly isPatient: boolean,
  ) {}

  /** The innermost interceptor: what it sees is one attempt, on its way out and as it comes back. */
  readonly interceptor: Interceptor = (next) => async (req) => {
    this.#session = this.#stream = undefined;
    this.#isAnswered = false;
    this.#signal = req.signal;
    this.#isWaiting = req.contextValues.get(waitForReady) ?? this.isPatient;
    sendRemainingTime(req);
    this.#timeoutMs = parseTimeout(req.header.get(timeoutHeader) ?? "") ?? Number.POSITIVE_INFINITY;
    this.#startedAt = performance.now();
    try {
      const res = await next(req);
      return res.stream ? { ...res, message: this.#explained(res.message) } : res;
    } catch (error) {
      throw this.#explain(error);
    }
  };

  /** connect-node's session manager: it asks for a stream. */
  async request(method: string, path: string, headers: Record<string, unknown>, options: object) {
    if (this.#isWaiting) {
      await this.connection.ready({ signal: this.#signal });
    }
    const session = await this.connection.session();
    if (this.#signal?.aborted) {
      throw this.#signal.reason; // nobody waits for the answer any more
    }
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value === "string") {
        headers[name] = valuesOf(name, value);
      }
    }
    const stream = session.request({ ...headers, ":method": method, ":path": path }, options);
    const onAnswer = (fields: object) => {
      this.#isAnswered ||= "grpc-status" in fields;
    };
    stream.once("response", onAnswer);
    stream.once("trailers", onAnswer);
    // After a GOAWAY, Node.js ends the streams of a connection that breaks without an error, and connect-node would wait on.
    stream.once("close", () => {
      if (!this.#isAnswered && stream.rstCode === ErrorCode.NO_ERROR && stream.listenerCount("error") > 0) {
        stream.emit("error", new Error("the connection was closed"));
      }
    });
    this.#session = session;
    this.#stream = stream;
    return stream;
  }

  notifyResponseByteRead(): void {}

  #isPastDeadline(): boolean {
    return performance.now() - this.#startedAt >= this.#timeoutMs;
  }

  async *#explained<T>(messages: AsyncIterable<T>): AsyncIterable<T> {
    try {
      yield* messages;
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /**
   * What the failure of an attempt really was. connect-node reports a connection that ended as Canceled, Aborted or
   * Internal, as the case may be, and does not say what the server never looked at.
   */
  #explain(error: unknown): unknown {
    const { path } = this.connection;
    if (this.#isAnswered || this.#stream === undefined || this.#signal?.aborted) {
      return error;
    }
    if (this.connection.state === "shutdown") {
      return channelClosed(path, error);
    }
    // grpc-go ends a call by CANCEL at its deadline; that may come before our own timer, which is late under load.
    if (this.#stream.rstCode === ErrorCode.CANCEL && this.#isPastDeadline()) {
      return deadlineExceeded("deadline", this.#timeoutMs);
    }
    if (this.#stream.rstCode === ErrorCode.REFUSED_STREAM || this.#session?.ignored(this.#stream)) {
      return refused(path, error);
    }
    return this.#session?.isLost() ? connectionLost(path, this.#session.lostBy ?? error) : error;
  }
}

/** A `node:http2` session that minds whether it is alive, and holds the process only while calls are open. */
class NodeSession implements Session {
  /** Why the connection ended, where that is known. */
  lostBy: unknown;
  #openStreams = 0;
  /** The last stream that the server will look at, once it has said so. */
  #lastStreamId = Number.POSITIVE_INFINITY;

  constructor(
    private readonly session: ClientHttp2Session,
    private readonly keepAlive: KeepAlive,
    readonly peer: PeerCredentials | undefined,
  ) {
    session.on("error", (error) => {
      this.lostBy = error;
    });
    session.on("goaway", (_code, lastStreamId) => {
      this.#lastStreamId = lastStreamId;
    });
    session.once("close", () => this.keepAlive.stop());
    session.unref();
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

  /** Whether the server has said that it will not look at this stream. */
  ignored(stream: ClientHttp2Stream): boolean {
    return stream.id === undefined || stream.id > this.#lastStreamId;
  }

  request(headers: Record<string, unknown>, options: object): ClientHttp2Stream {
    const stream = this.session.request(headers as Parameters<ClientHttp2Session["request"]>[0], options);
    if (this.#openStreams++ === 0) {
      this.session.ref();
      this.keepAlive.start(this.session);
    }
    stream.once("close", () => {
      if (--this.#openStreams === 0) {
        this.keepAlive.stop();
        if (!this.session.destroyed) {
          this.session.unref();
        }
      }
    });
    return stream;
  }

  destroy(): void {
    // Without an error the streams would end without one, and connect-node would wait for their answers.
    this.session.destroy(new Error("closed"));
  }
}

/** Asks a peer that calls wait for whether it still lives (gRFC A8), and ends the connection if it does not say so. */
class KeepAlive {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly intervalMs: number,
    private readonly timeoutMs: number,
  ) {}

  start(session: ClientHttp2Session): void {
    if (this.intervalMs > 0) {
      this.#timer = setTimeout(() => this.#ask(session), this.intervalMs);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #ask(session: ClientHttp2Session): void {
    this.#timer = setTimeout(() => {
      session.destroy(new Error(`no answer to PING within ${this.timeoutMs} ms`));
    }, this.timeoutMs);
    session.ping(() => {
      clearTimeout(this.#timer);
      if (!session.destroyed) {
        this.start(session);
      }
    });
  }
}

async function openSession(path: string, options: IpcTransportOptions, stop: AbortSignal): Promise<NodeSession> {
  const { connect: connectHttp2 } = await import("node:http2"); // who uses another engine does not pay for it
  const socket = await dial(path, options.trustedUsers ?? []);
  const session = connectHttp2(authority, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: 1024 * 1024 },
    maxSessionMemory: 1_024,
  });
  const keepAlive = new KeepAlive(options.keepAliveIntervalMs ?? 300_000, options.keepAliveTimeoutMs ?? 20_000);
  const giveUp = () => session.destroy();
  const timer = setTimeout(() => session.destroy(new HandshakeTimeout()), handshakeTimeoutMs);
  stop.addEventListener("abort", giveUp, { once: true });
  try {
    stop.throwIfAborted();
    await settingsOf(session);
    session.setLocalWindowSize(16 * 1024 * 1024);
    return new NodeSession(session, keepAlive, credentialsOf(socket));
  } catch (error) {
    session.destroy();
    throw notBegun(path, error);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", giveUp);
  }
}

/** Waits for the SETTINGS with which a server begins, RFC 9113 §3.4: until then it may be anything. */
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
