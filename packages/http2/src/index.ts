/**
 * HTTP/2 (RFC 9113, RFC 7541) for local stream sockets: cleartext, prior knowledge, both roles.
 *
 * It promises: what a peer sends is checked against the RFC before it is handed up, flow control is kept to the byte in both
 * directions, memory for a connection is bounded whatever the peer does, everything written in one turn leaves in one write, and
 * nothing a peer sends throws or ends the process. Its caller must give it the socket for good, keep bodies handed over unchanged
 * until they have left, and copy bodies handed up if `bodiesMayBeKept` is false. See docs/http2.md.
 */
export type { AbuseLimits } from "./abuse-limits.js";
export { Account, SharedAccount } from "./account.js";
export { ClientConnection } from "./client-connection.js";
export type { ClientStream } from "./client-stream.js";
export {
  ConnectionError,
  ErrorCode,
  type ErrorOrigin,
  errorCodeName,
  HeaderListSizeError,
  type RefusalReason,
  RequestRefusedError,
  StreamError,
} from "./errors.js";
export { type GoAway, goAwayReason } from "./frame/goaway.js";
export type {
  ClientConnectionHandler,
  ConnectionHandler,
  MessageHandler,
  RequestHandler,
  ResponseHandler,
  ServerConnectionHandler,
} from "./handlers.js";
export { HeaderBlock, type HeaderBlockOptions } from "./header-block.js";
export type { EncoderOptions } from "./hpack/encoder.js";
export { type HeaderList, NO_FIELDS } from "./hpack/header-list.js";
export { type ConnectionOptions, connectionDefaults } from "./options.js";
export type { PingCallback } from "./pings.js";
export { type ProtocolHandlers, sniffProtocol } from "./preface.js";
export { type Receive, readInPlace } from "./read-in-place.js";
export { LEAST_WINDOW } from "./receive-windows.js";
export { ServerConnection } from "./server-connection.js";
export type { ServerStream } from "./server-stream.js";
export type { Settings } from "./settings.js";
export type { Reservation } from "./stream.js";
