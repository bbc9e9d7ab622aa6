import { Code, type ConnectError, type Interceptor } from "@connectrpc/connect";
import type { PeerCredentials } from "../address/index.js";
import { isServerFault, type StatusName, statusName } from "../grpc/index.js";
import { performance } from "../time/real-timers.js";
import { logToStderr } from "../user-code/log-to-stderr.js";
import { guarded } from "../user-code/thrown.js";
import { observed } from "./observe.js";
import { peerKey } from "./peer.js";
import { targetKey } from "./target.js";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** A logger as pino has it: an object of fields, then a message. `console` will do as well. */
export type Logger = Readonly<Record<LogLevel, (fields: object, message: string) => void>>;

/** What is said of a call: when it starts, and once more, with its outcome, when it has ended. */
export interface LoggedCall {
  readonly side: "client" | "server";
  /** `package.Service/Method` */
  readonly method: string;
  /** On a server, who calls, as far as the kernel tells; on a client, the server's address. */
  readonly peer?: PeerCredentials | string | undefined;
  /** How it has ended: the name of its status, as gRPC writes it. */
  readonly code?: StatusName;
  readonly durationMs?: number;
  /** Messages that were sent or taken, where the call streams them. */
  readonly requests?: number;
  readonly responses?: number;
  /** What it failed with. */
  readonly err?: ConnectError;
}

export interface LoggingOptions {
  /**
   * How loud to say it; undefined to say nothing. Default: `debug` for the start, `info` for a success, `error` for what is a
   * server's own fault (an unexpected throw, a missed deadline), and `warn` for other failures.
   */
  readonly level?: ((call: LoggedCall) => LogLevel | undefined) | undefined;
}

/**
 * An interceptor that logs calls, on either side: when they start and when they end. What the logger throws is nobody's
 * business but its own: no call fails for it.
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
      method: `${req.method.parent.typeName}/${req.method.name}`,
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
