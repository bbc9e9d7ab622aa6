/** The error codes of RFC 9113 §7, under their names there. A peer may send any 32-bit value; none of them is special. */
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

/** The name RFC 9113 §7 gives a code, or its number when it has none: `"CANCEL"`, `"0x1f"`. */
export function errorCodeName(code: number): string {
  return codeNames.get(code) ?? `0x${code.toString(16)}`;
}

/**
 * Who ended it: `"local"` this endpoint (a peer's mistake it noticed, or its own caller), `"peer"` a frame of the peer
 * (RST_STREAM, GOAWAY), `"socket"` the transport under both.
 */
export type ErrorOrigin = "local" | "peer" | "socket";

// Each class of errors has a `code` of its own, which tells it from others where `instanceof` does not: across two copies of this package,
// for example. docs/reference/errors.md lists them.

/**
 * The whole connection is over. A peer that says in a GOAWAY what is wrong and then closes is the origin: `"peer"`.
 */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly code = "VYRA_HTTP2_CONNECTION";
  /** RFC 9113's error code (§7) that was sent or received in GOAWAY; for the origin `"socket"` it is `INTERNAL_ERROR`. */
  readonly errorCode: number;
  readonly origin: ErrorOrigin;
  /** What the peer said in its last GOAWAY as a line for a log, `"ENHANCE_YOUR_CALM: too_many_pings"`; undefined without one. */
  readonly peerReason: string | undefined;

  constructor(errorCode: number, message: string, origin: ErrorOrigin = "local", cause?: unknown, peerReason?: string) {
    super(message, cause === undefined ? undefined : { cause });
    this.errorCode = errorCode;
    this.origin = origin;
    this.peerReason = peerReason;
  }
}

/** How a stream came to its end; see {@link StreamError}. */
export interface StreamEnd {
  readonly origin: ErrorOrigin;
  readonly notProcessed?: boolean;
  readonly cause?: unknown;
}

/**
 * One stream is over. `notProcessed` is true only when the peer's application provably never saw the request:
 * REFUSED_STREAM (RFC 9113 §8.7), above a GOAWAY's last stream (§6.8), or never handed to a connected socket. False means
 * unknown, not processed. When the connection died, that error is the `cause`.
 */
export class StreamError extends Error {
  override readonly name = "StreamError";
  readonly code = "VYRA_HTTP2_STREAM";
  /** RFC 9113's error code (§7) that was sent or received in RST_STREAM, or that of the connection's end. */
  readonly errorCode: number;
  readonly streamId: number;
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

/** Why a client connection takes no request now; see {@link RequestRefusedError}. */
export type RefusalReason =
  /** the peer's SETTINGS_MAX_CONCURRENT_STREAMS streams are open: wait for `onCapacity` */
  | "no-capacity"
  /** GOAWAY was received or `close()` called: use another connection */
  | "closing"
  /** the connection is over */
  | "closed"
  /** all 2^30 client stream ids are used (RFC 9113 §5.1.1): use another connection */
  | "ids-exhausted";

/** `request()` opened no stream and wrote no byte. */
export class RequestRefusedError extends Error {
  override readonly name = "RequestRefusedError";
  readonly code = "VYRA_HTTP2_REQUEST_REFUSED";
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The fields to be sent exceed the peer's SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113 §10.5.1); nothing was written. */
export class HeaderListSizeError extends Error {
  override readonly name = "HeaderListSizeError";
  readonly code = "VYRA_HTTP2_HEADER_LIST_SIZE";
  readonly size: number;
  readonly limit: number;

  constructor(size: number, limit: number) {
    super(`header list of ${size} bytes exceeds the peer's limit of ${limit}`);
    this.size = size;
    this.limit = limit;
  }
}
