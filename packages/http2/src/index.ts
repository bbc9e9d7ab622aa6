/**
 * HTTP/2 (RFC 9113, RFC 7541) for local stream sockets: cleartext, prior knowledge, both roles.
 *
 * It promises: what a peer sends is checked against the RFC before it is handed up, flow control is kept to the byte in both
 * directions, memory for a connection is bounded whatever the peer does, everything written in one turn leaves in one write, and
 * nothing a peer sends throws or ends the process. Its caller must give it the socket for good, keep bodies handed over unchanged
 * until they have left, and copy bodies handed up if `bodiesMayBeKept` is false. See docs/reference/http2.md.
 */

export { ClientConnection } from "./client/connection.js";
export type { ClientConnectionHandler } from "./client/handler.js";
export type { ClientStream, ResponseHandler } from "./client/stream.js";
export type { AbuseLimits } from "./connection/abuse-limits.js";
export { type Account, SharedAccount } from "./connection/account.js";
export type { ConnectionHandler, MessageHandler } from "./connection/handlers.js";
export { type ConnectionOptions, connectionDefaults } from "./connection/options.js";
export type { PingCallback } from "./connection/pings.js";
export type { Settings } from "./connection/settings.js";
export {
  ConnectionError,
  ErrorCode,
  type ErrorOrigin,
  errorCodeName,
  HeaderListSizeError,
  type RefusalReason,
  RequestRefusedError,
  type StreamEnd,
  StreamError,
} from "./errors.js";
export { type GoAway, goAwayReason } from "./frame/goaway.js";
export type { EncoderOptions } from "./hpack/encoder.js";
export { HeaderBlock, type HeaderBlockOptions } from "./hpack/header-block.js";
export { type HeaderList, NO_FIELDS } from "./hpack/header-list.js";
export { ServerConnection } from "./server/connection.js";
export type { ServerConnectionHandler } from "./server/handler.js";
export type { RequestHandler, ServerStream } from "./server/stream.js";
export { type ProtocolHandlers, sniffProtocol } from "./socket/preface.js";
export { type Receive, readInPlace } from "./socket/read-in-place.js";
export type { Reservation } from "./stream/stream.js";
