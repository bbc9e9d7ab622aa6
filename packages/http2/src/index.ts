/**
 * HTTP/2 (RFC 9113, RFC 7541) for local stream sockets: cleartext, with prior knowledge, client and server.
 *
 * This package promises the following. What a peer sends is checked against the RFC before it reaches a callback. Flow
 * control is exact to the byte in both directions. The memory of a connection is bounded whatever the peer does. All
 * frames written in one turn of the event loop leave in one write. Nothing that a peer sends throws an exception out of
 * a socket event or ends the process.
 *
 * A caller must hand over the socket for good, must not change a body that was passed by reference until it has been
 * sent, and must copy received bodies that it keeps if `bodiesMayBeKept` is false. See docs/reference/http2.md.
 *
 * @module @vyra/http2
 * @packageDocumentation
 */

export { ClientConnection } from "./client/connection.js";
export type { ClientConnectionHandler } from "./client/handler.js";
export type { ClientStream, ResponseHandler } from "./client/stream.js";
export type { AbuseLimits } from "./connection/abuse-limits.js";
export { Account, type HeldKinds, MIN_CONNECTION_WINDOW, SharedAccount } from "./connection/account.js";
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
export type { Reservation, Stream } from "./stream/stream.js";
