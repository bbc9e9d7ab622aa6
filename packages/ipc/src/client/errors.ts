import { Code, ConnectError } from "@connectrpc/connect";
import { ConnectionError, ErrorCode } from "@vyra/http2";
import { type SocketAddress, shownAddress, UntrustedSocketError } from "../address/index.js";
import { notProcessed } from "../grpc/index.js";

/** Returns the error of a call for which no connection could be made. The call has certainly not been processed. */
export function unreachable(address: SocketAddress, cause: unknown): ConnectError {
  if (cause instanceof UntrustedSocketError) {
    return notProcessed(cause.message, Code.PermissionDenied, cause);
  }
  const code = (cause as NodeJS.ErrnoException).code;
  switch (code) {
    case "ENOENT":
    case "ECONNREFUSED":
      return notProcessed(
        `no server at ${shownAddress(address)} (${code}): is the backend running?`,
        Code.Unavailable,
        cause,
      );
    case "EACCES":
    case "EPERM":
      return notProcessed(`not allowed to connect to ${shownAddress(address)} (${code})`, Code.PermissionDenied, cause);
    case "EAGAIN":
      return notProcessed(
        `the server at ${shownAddress(address)} has too many connections waiting to be accepted (EAGAIN)`,
        Code.Unavailable,
        cause,
      );
    default:
      return notProcessed(
        `cannot connect to ${shownAddress(address)} (${code ?? (cause as Error).message})`,
        Code.Unavailable,
        cause,
      );
  }
}

/**
 * The time that a server has to send its SETTINGS after the connection has been made, in milliseconds. 20 seconds is
 * the connect timeout of gRPC.
 */
export const handshakeTimeoutMs = 20_000;

/** Is the cause of a call's error if the connection was closed because the server did not send its SETTINGS in time. */
export class HandshakeTimeoutError extends Error {
  override readonly name = "HandshakeTimeoutError";
  readonly code = "VYRA_IPC_HANDSHAKE_TIMEOUT";

  constructor() {
    super(`the server has sent no SETTINGS within ${handshakeTimeoutMs} ms`);
  }
}

/**
 * Returns the error of a call whose connection ended before the server had sent its SETTINGS (RFC 9113 §3.4). Until
 * then the server may speak any protocol.
 *
 * @param cause why the connection ended; undefined if the server closed it
 * @param reason the reason in the server's GOAWAY. Default: the one that `cause` contains
 */
export function notBegun(address: SocketAddress, cause: unknown, reason = goAwayIn(cause)): ConnectError {
  return notProcessed(
    `the server at ${shownAddress(address)} ${whyNotBegun(cause)}${inParentheses(reason)}`,
    Code.Unavailable,
    cause,
  );
}

function whyNotBegun(cause: unknown): string {
  const error = cause instanceof ConnectionError ? cause : undefined;
  if (cause === undefined || (error !== undefined && error.origin !== "local")) {
    return "closed the connection before it had begun";
  }
  // A silent server does not acknowledge our SETTINGS either, and the timeout of `@vyra/http2` for that is shorter.
  if (cause instanceof HandshakeTimeoutError || error?.errorCode === ErrorCode.SETTINGS_TIMEOUT) {
    return "does not answer";
  }
  return "does not speak HTTP/2";
}

/**
 * Returns the error of a call whose connection ended during the call. It is not known whether the call was processed.
 *
 * @param reason the reason in the server's GOAWAY, such as "ENHANCE_YOUR_CALM: too_many_pings"; or the fault of the
 *   server for which we closed the connection, such as "too many settings frames (CVE-2019-9515)". Default: the one
 *   that `cause` contains
 */
export function connectionLost(address: SocketAddress, cause: unknown, reason = reasonIn(cause)): ConnectError {
  const message = `lost the connection to ${shownAddress(address)}${inParentheses(reason)}`;
  return new ConnectError(message, Code.Unavailable, undefined, undefined, cause);
}

/** Returns the error of a call that the server rejected unprocessed: REFUSED_STREAM or GOAWAY, RFC 9113 §8.7, §6.8. */
export function refused(address: SocketAddress, cause: unknown): ConnectError {
  return notProcessed(`the server at ${shownAddress(address)} refused the call`, Code.Unavailable, cause);
}

/** Returns the error of a call on a channel that was closed before or during the call. */
export function channelClosed(address: SocketAddress, cause?: unknown): ConnectError {
  return new ConnectError(
    `the channel to ${shownAddress(address)} was closed`,
    Code.Canceled,
    undefined,
    undefined,
    cause,
  );
}

function inParentheses(reason: string | undefined): string {
  return reason === undefined ? "" : ` (${reason})`;
}

/** Returns the reason of the peer's GOAWAY, which the error or one of its causes contains. */
function goAwayIn(error: unknown): string | undefined {
  return endOf(error)?.peerReason;
}

/** Returns the reason of the peer's GOAWAY, or the fault of the peer if we ended the connection. */
function reasonIn(error: unknown): string | undefined {
  const end = endOf(error);
  return end?.peerReason ?? (end?.origin === "local" ? end.message : undefined);
}

/** Returns the error with which the connection ended, which is the error itself or one of its causes. */
function endOf(error: unknown): ConnectionError | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof ConnectionError) {
      return e;
    }
    if (e.cause === e) {
      break;
    }
  }
  return undefined;
}
