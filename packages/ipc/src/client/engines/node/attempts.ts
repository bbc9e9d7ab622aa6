import type { ClientHttp2Stream } from "node:http2";
import type { Interceptor } from "@connectrpc/connect";
import { ErrorCode } from "@vyra/http2";
import { isHttpField, parseTimeout, timeoutHeader, valuesOf } from "../../../grpc/index.js";
import { performance, setImmediate } from "../../../time/real-timers.js";
import { deadlineExceeded } from "../../../time/signal-deadline.js";
import { sessionFor } from "../../dialling/dial-ref.js";
import type { SessionSource } from "../../dialling/session.js";
import { channelClosed, refused } from "../../errors.js";
import { waitForReady } from "../../wait-for-ready.js";
import { lostConnection, refusedByGoAway } from "../connect/go-away.js";
import { sendRemainingTime } from "../remaining-time.js";
import type { NodeSession } from "./session.js";

/** The attempts of one call: at most one at a time, each on a stream of its own. */
export class Attempts {
  #session: NodeSession | undefined;
  #stream: ClientHttp2Stream | undefined;
  #isAnswered = false;
  #signal: AbortSignal | undefined;
  #timeoutMs = Number.POSITIVE_INFINITY;
  #startedAt = 0;
  #isWaiting = false;

  constructor(
    private readonly connection: SessionSource<NodeSession>,
    private readonly waitsForReady: boolean,
    /** The origin, which connect-node reads. */
    readonly authority: string,
  ) {}

  /** Surrounds a single attempt, of which it sees the request and the response. */
  readonly interceptor: Interceptor = (next) => async (req) => {
    this.#session = this.#stream = undefined;
    this.#isAnswered = false;
    this.#signal = req.signal;
    this.#isWaiting = req.contextValues.get(waitForReady) ?? this.waitsForReady;
    sendRemainingTime(req);
    this.#timeoutMs = parseTimeout(req.header.get(timeoutHeader) ?? "") ?? Number.POSITIVE_INFINITY;
    this.#startedAt = performance.now();
    try {
      const res = await next(req);
      return res.stream ? { ...res, message: this.#explained(res.message) } : res;
    } catch (error) {
      throw await this.#explain(error);
    }
  };

  /** Opens a stream; the method of connect-node's session manager. */
  async request(method: string, path: string, headers: Record<string, unknown>, options: object) {
    if (this.#isWaiting) {
      await this.connection.ready({ signal: this.#signal });
    }
    const session = await sessionFor(this.connection, this.#signal);
    if (this.#signal?.aborted) {
      throw this.#signal.reason; // nobody waits for the response any more
    }
    // Node.js would send "localhost:80".
    const pseudo = { ":authority": this.authority.slice("http://".length), ":method": method, ":path": path };
    const stream = this.#open(session, { ...fieldsOf(headers), ...pseudo }, options);
    const onAnswer = (fields: object) => {
      this.#isAnswered ||= "grpc-status" in fields;
    };
    stream.once("response", onAnswer);
    stream.once("trailers", onAnswer);
    // After a GOAWAY, Node.js ends the streams of a broken connection without an error, and connect-node would wait for
    // ever.
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

  #open(session: NodeSession, headers: Record<string, unknown>, options: object): ClientHttp2Stream {
    try {
      return session.request(headers, options);
    } catch (error) {
      // The session was open a moment ago and may have been told to end; then nothing has been sent.
      throw session.isOpen() ? error : refusedByGoAway(this.connection.address, error, session.goAway);
    }
  }

  #isPastDeadline(): boolean {
    return performance.now() - this.#startedAt >= this.#timeoutMs;
  }

  async *#explained<T>(messages: AsyncIterable<T>): AsyncIterable<T> {
    try {
      yield* messages;
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  /**
   * Determines why an attempt has failed. connect-node reports a connection that ended as Canceled, Aborted or
   * Internal, depending on the circumstances, and does not say what the server did not process.
   */
  async #explain(error: unknown): Promise<unknown> {
    const { address } = this.connection;
    const session = this.#session;
    const stream = this.#stream;
    if (this.#isAnswered || session === undefined || stream === undefined || this.#signal?.aborted) {
      return error;
    }
    // Node.js emits "goaway" after it has acted on the frame.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.connection.state === "shutdown") {
      return channelClosed(address, error);
    }
    // grpc-go ends a call by CANCEL at its deadline, which may arrive before this side's timer fires, since that is
    // late under load.
    if (stream.rstCode === ErrorCode.CANCEL && this.#isPastDeadline()) {
      return deadlineExceeded("deadline", this.#timeoutMs);
    }
    if (session.ignores(stream)) {
      return refusedByGoAway(address, error, session.goAway);
    }
    if (stream.rstCode === ErrorCode.REFUSED_STREAM) {
      // Node.js refuses what it has not sent when a GOAWAY arrives, even one that still admits all streams.
      return session.goAway === undefined ? refused(address, error) : refusedByGoAway(address, error, session.goAway);
    }
    return session.isLost() ? lostConnection(address, session.lostBy ?? error, session.goAway) : error;
  }
}

/**
 * Returns the header fields to send, splitting the joined values of repeated ones where gRPC's libraries expect that.
 */
function fieldsOf(headers: Record<string, unknown>): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!isHttpField(name)) {
      fields[name] = typeof value === "string" ? valuesOf(name, value) : value;
    }
  }
  return fields;
}
