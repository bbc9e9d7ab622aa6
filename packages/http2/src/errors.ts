/** The error codes of RFC 9113 §7 under their names there. A peer may send any 32-bit value, including unknown ones. */
export const ErrorCode = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const;

const codeNames = new Map<number, string>(Object.entries(ErrorCode).map(([name, code]) => [code, name]));

/** Returns the name that RFC 9113 §7 gives to a code (`"CANCEL"`), or its number if it has no name (`"0x1f"`). */
export function errorCodeName(code: number): string {
  return codeNames.get(code) ?? `0x${code.toString(16)}`;
}

/**
 * Which side ended the stream or connection: `"local"` is this endpoint (because the peer broke a rule, or because the
 * caller asked for it), `"peer"` is a frame of the peer (RST_STREAM, GOAWAY), and `"socket"` is the socket below both.
 */
export type ErrorOrigin = "local" | "peer" | "socket";

// Each error class has a `code` of its own, which identifies it where `instanceof` does not, for example if there are
// two copies of this package. docs/reference/errors.md lists the codes.

/**
 * The error that ended a connection. If a peer sends a GOAWAY with an error code and then closes the socket, `origin`
 * is `"peer"`.
 */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  /** The code of this class of errors; docs/reference/errors.md lists all codes. */
  readonly code = "VYRA_HTTP2_CONNECTION";
  /** The error code (RFC 9113 §7) that was sent or received in GOAWAY; `INTERNAL_ERROR` if `origin` is `"socket"`. */
  readonly errorCode: number;
  readonly origin: ErrorOrigin;
  /**
   * The code and debug data of the peer's last GOAWAY as a line for a log, such as `"ENHANCE_YOUR_CALM:
   * too_many_pings"`. It is undefined if the peer sent no GOAWAY.
   */
  readonly peerReason: string | undefined;

  constructor(errorCode: number, message: string, origin: ErrorOrigin = "local", cause?: unknown, peerReason?: string) {
    super(message, cause === undefined ? undefined : { cause });
    this.errorCode = errorCode;
    this.origin = origin;
    this.peerReason = peerReason;
  }
}

/** How a stream ended; the fields are those of {@link StreamError}. */
export interface StreamEnd {
  readonly origin: ErrorOrigin;
  readonly notProcessed?: boolean;
  readonly cause?: unknown;
}

/**
 * The error that ended one stream. If the whole connection ended, its {@link ConnectionError} is the `cause`.
 */
export class StreamError extends Error {
  override readonly name = "StreamError";
  /** The code of this class of errors; docs/reference/errors.md lists all codes. */
  readonly code = "VYRA_HTTP2_STREAM";
  /** The error code (RFC 9113 §7) that was sent or received in RST_STREAM, or with which the connection ended. */
  readonly errorCode: number;
  readonly streamId: number;
  /**
   * Whether the peer's application has certainly not seen the request, so that it may be sent again. It is true only
   * for REFUSED_STREAM (RFC 9113 §8.7), for a stream above the last stream of a GOAWAY (§6.8), and for a request that
   * was never handed to a connected socket. False means that it is unknown whether the request was processed.
   */
  readonly notProcessed: boolean;
  readonly origin: ErrorOrigin;

  constructor(errorCode: number, streamId: number, message: string, end: StreamEnd) {
    super(message, end.cause === undefined ? undefined : { cause: end.cause });
    this.errorCode = errorCode;
    this.streamId = streamId;
    this.origin = end.origin;
    this.notProcessed = end.notProcessed ?? false;
  }
}

/** Why a client connection accepts no request at the moment; see {@link RequestRefusedError}. */
export type RefusalReason =
  /** As many streams are open as the peer's SETTINGS_MAX_CONCURRENT_STREAMS allows: wait for `onCapacity`. */
  | "no-capacity"
  /** GOAWAY was received or `close()` was called: use another connection. */
  | "closing"
  /** The connection has ended. */
  | "closed"
  /** All 2^30 stream ids of a client have been used (RFC 9113 §5.1.1): use another connection. */
  | "ids-exhausted";

/** The error that `request()` throws if it cannot open a stream. Nothing has been written. */
export class RequestRefusedError extends Error {
  override readonly name = "RequestRefusedError";
  /** The code of this class of errors; docs/reference/errors.md lists all codes. */
  readonly code = "VYRA_HTTP2_REQUEST_REFUSED";
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * The error that is thrown if fields to be sent exceed the peer's SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113 §10.5.1).
 * Nothing has been written. `size` and `limit` are in bytes, counted as in RFC 9113 §6.5.2.
 */
export class HeaderListSizeError extends Error {
  override readonly name = "HeaderListSizeError";
  /** The code of this class of errors; docs/reference/errors.md lists all codes. */
  readonly code = "VYRA_HTTP2_HEADER_LIST_SIZE";
  readonly size: number;
  readonly limit: number;

  constructor(size: number, limit: number) {
    super(`header list of ${size} bytes exceeds the peer's limit of ${limit}`);
    this.size = size;
    this.limit = limit;
  }
}
