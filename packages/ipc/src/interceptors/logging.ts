import { Code, type ConnectError, type Interceptor } from "@connectrpc/connect";
import type { PeerCredentials } from "../address/index.js";
import { isServerFault, methodName, type StatusName, statusName } from "../grpc/index.js";
import { performance } from "../time/real-timers.js";
import { logToStderr } from "../user-code/log-to-stderr.js";
import { type CallObserver, observed } from "./observe.js";
import { peerKey } from "./peer.js";
import { targetKey } from "./target.js";

/** The levels of a logger that are used. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** A logger with the signature of pino's: an object of fields, then a message. `console` works as well. */
export type Logger = Readonly<Record<LogLevel, (fields: object, message: string) => void>>;

/** What is logged of a call: once when it starts, and once more, with its outcome, when it has ended. */
export interface LoggedCall {
  /** The side on which the interceptor runs. */
  readonly side: "client" | "server";
  /** The full name of the method, `package.Service/Method`. */
  readonly method: string;
  /** On a server, the caller's credentials, if the kernel provides them; on a client, the server's address. */
  readonly peer?: PeerCredentials | string | undefined;
  /** The name of the status with which the call has ended, as gRPC writes it; absent at the start. */
  readonly code?: StatusName;
  /** The duration of the call, in milliseconds; absent at the start. */
  readonly durationMs?: number;
  /** The number of request messages that were sent or received; only for streaming calls. */
  readonly requests?: number;
  /** The number of response messages that were sent or received; only for streaming calls. */
  readonly responses?: number;
  /** The error with which the call failed. */
  readonly err?: ConnectError;
}

/** The options of `logging()`. */
export interface LoggingOptions {
  /**
   * Chooses the level for a call; undefined means that it is not logged. Default: `debug` for the start, `info` for
   * success, `error` for what counts as an error of this server (an unexpected exception, a missed deadline), and
   * `warn` for other failures.
   */
  readonly level?: ((call: LoggedCall) => LogLevel | undefined) | undefined;
}

/**
 * Creates an interceptor that logs the start and the end of calls, on either side. An error of the logger is written to
 * standard error and fails no call.
 */
export function logging(logger: Logger, { level = defaultLevel }: LoggingOptions = {}): Interceptor {
  const log: Log = (call, message) => {
    try {
      const chosen = level(call);
      if (chosen !== undefined) {
        const result: unknown = logger[chosen](call, message);
        if (typeof result === "object" && result !== null) {
          Promise.resolve(result).catch(complain);
        }
      }
    } catch (error) {
      complain(error);
    }
  };
  return (next) => (req) => {
    const target = req.contextValues.get(targetKey);
    const side = target === undefined ? "server" : "client";
    const call: LoggedCall = {
      side,
      method: methodName(req.method),
      peer: target ?? req.contextValues.get(peerKey),
    };
    const observer = req.stream ? new StreamLog(log, call) : new CallLog(log, call);
    return observed(next, req, side === "server" ? Code.Internal : Code.Unknown, observer);
  };
}

type Log = (call: LoggedCall, message: string) => void;

/** Logs the start of a call when it is created, and the end. */
class CallLog implements CallObserver {
  readonly #startedAt = performance.now();

  constructor(
    private readonly log: Log,
    private readonly call: LoggedCall,
  ) {
    log(call, "call started");
  }

  onEnd(error: ConnectError | undefined): void {
    const { side, method, peer } = this.call;
    const durationMs = performance.now() - this.#startedAt;
    const ended: Writable<LoggedCall> = { side, method, peer, code: statusName(error), durationMs };
    this.addCounts(ended);
    if (error !== undefined) {
      ended.err = error;
    }
    this.log(ended, error === undefined ? "call succeeded" : "call failed");
  }

  protected addCounts(_: Writable<LoggedCall>): void {}
}

/** The same for a streaming call, whose messages are counted. */
class StreamLog extends CallLog {
  #requests = 0;
  #responses = 0;

  onRequest(): void {
    this.#requests++;
  }

  onResponse(): void {
    this.#responses++;
  }

  protected override addCounts(ended: Writable<LoggedCall>): void {
    ended.requests = this.#requests;
    ended.responses = this.#responses;
  }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
function defaultLevel({ side, code, err }: LoggedCall): LogLevel {
  if (code === undefined) {
    return "debug";
  }
  if (err === undefined) {
    return "info";
  }
  return side === "server" && isServerFault(err.code) ? "error" : "warn";
}

function complain(error: unknown): void {
  logToStderr("the logger failed", error);
}
