import { Code, type ConnectError, type Interceptor } from "@connectrpc/connect";
import type { PeerCredentials } from "../address/index.js";
import { isServerFault, methodName, type StatusName, statusName } from "../grpc/index.js";
import { performance } from "../time/real-timers.js";
import { logToStderr } from "../user-code/log-to-stderr.js";
import { guarded } from "../user-code/thrown.js";
import { observed } from "./observe.js";
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
  const log = (call: LoggedCall, message: string) => {
    guarded(
      () => {
        const chosen = level(call);
        return chosen === undefined ? undefined : logger[chosen](call, message);
      },
      (error) => logToStderr("the logger failed", error),
    );
  };
  return (next) => (req) => {
    const startedAt = performance.now();
    const target = req.contextValues.get(targetKey);
    const side = target === undefined ? "server" : "client";
    const call: LoggedCall = {
      side,
      method: methodName(req.method),
      peer: target ?? req.contextValues.get(peerKey),
    };
    log(call, "call started");
    let requests = 0;
    let responses = 0;
    return observed(next, req, side === "server" ? Code.Internal : Code.Unknown, {
      onRequest: () => requests++,
      onResponse: () => responses++,
      onEnd(error) {
        const ended: LoggedCall = {
          ...call,
          code: statusName(error),
          durationMs: performance.now() - startedAt,
          ...(req.stream && { requests, responses }),
          ...(error && { err: error }),
        };
        log(ended, error === undefined ? "call succeeded" : "call failed");
      },
    });
  };
}

function defaultLevel({ side, code, err }: LoggedCall): LogLevel {
  if (code === undefined) {
    return "debug";
  }
  if (err === undefined) {
    return "info";
  }
  return side === "server" && isServerFault(err.code) ? "error" : "warn";
}
