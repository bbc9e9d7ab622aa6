import { Code, ConnectError } from "@connectrpc/connect";
import { ConnectionError, ErrorCode } from "@vyra/http2";
import { type SocketAddress, shownAddress, UntrustedSocketError } from "../address/index.js";
import { notProcessed } from "../grpc/index.js";

/** The error of a call for which no connection could be made. It was certainly not processed. */
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
        `the server at ${shownAddress(address)} does not keep up with connections (EAGAIN)`,
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

/** How long a server may take from accepting a connection to its SETTINGS, in milliseconds (gRPC's connect timeout). */
export const handshakeTimeoutMs = 20_000;

/** The server has not sent its SETTINGS in time, so that the connection was given up. */
export class HandshakeTimeoutError extends Error {
  override readonly name = "HandshakeTimeoutError";
  readonly code = "VYRA_IPC_HANDSHAKE_TIMEOUT";

  constructor() {
    super(`no SETTINGS within ${handshakeTimeoutMs} ms`);
  }
}

/**
 * The error of a call for which a connection was made that did not come as far as the server's SETTINGS, RFC 9113 §3.4: until then
 * the server may be anything. Without a cause, the server has ended it.
 *
 * @param said what the server said in GOAWAY, where the cause does not tell
 */
export function notBegun(address: SocketAddress, cause: unknown, said = goAwayIn(cause)): ConnectError {
  return notProcessed(
    `the server at ${shownAddress(address)} ${whyNotBegun(cause)}${after(said)}`,
    Code.Unavailable,
    cause,
  );
}

function whyNotBegun(cause: unknown): string {
  const error = cause instanceof ConnectionError ? cause : undefined;
  if (cause === undefined || (error !== undefined && error.origin !== "local")) {
    return "closed the connection before it had begun";
  }
  // Who says nothing does not acknowledge our own SETTINGS either, for which `@vyra/http2` gives less time.
  if (cause instanceof HandshakeTimeoutError || error?.errorCode === ErrorCode.SETTINGS_TIMEOUT) {
    return "does not answer";
  }
  return "does not speak HTTP/2";
}

/**
 * The error of a call whose connection ended under it. Whether it was processed is not known.
 *
 * @param said what the server said in GOAWAY before it closed, where the cause does not tell: "ENHANCE_YOUR_CALM: too_many_pings"; or
 *   what it had done for which we closed: "too many settings frames (CVE-2019-9515)"
 */
export function connectionLost(address: SocketAddress, cause: unknown, said = reasonIn(cause)): ConnectError {
  const message = `lost the connection to ${shownAddress(address)}${after(said)}`;
  return new ConnectError(message, Code.Unavailable, undefined, undefined, cause);
}

/** The error of a call that the server did not look at, by REFUSED_STREAM or GOAWAY. */
export function refused(address: SocketAddress, cause: unknown): ConnectError {
  return notProcessed(`the server at ${shownAddress(address)} refused the call`, Code.Unavailable, cause);
}

/** The error of a call on a channel that has been closed, before it or under it. */
export function channelClosed(address: SocketAddress, cause?: unknown): ConnectError {
  return new ConnectError(
    `the channel to ${shownAddress(address)} was closed`,
    Code.Canceled,
    undefined,
    undefined,
    cause,
  );
}

function after(said: string | undefined): string {
  return said === undefined ? "" : ` (${said})`;
}

/** What the peer said in a GOAWAY before its connection ended, as the error or one of its causes has it. */
function goAwayIn(error: unknown): string | undefined {
  return endOf(error)?.peerReason;
}

/** The same; or what the peer had done, where it was we who ended the connection. */
function reasonIn(error: unknown): string | undefined {
  const end = endOf(error);
  return end?.peerReason ?? (end?.origin === "local" ? end.message : undefined);
}

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
