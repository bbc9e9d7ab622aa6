import type { ConnectionHandler } from "../connection/handlers.js";
import type { HeaderList } from "../hpack/header-list.js";
import type { RequestHandler, ServerStream } from "./stream.js";

/** The callbacks of the owner of a server connection. */
export interface ServerConnectionHandler extends ConnectionHandler {
  /**
   * Reports once, before any stream, that the client's preface and first SETTINGS have been received (RFC 9113 §3.4).
   */
  onBegun?(): void;
  /**
   * Receives the fields of a request: `headers.fields`, then `extra`. It returns the handler for the rest of the
   * request. One handler may serve many streams, with the data of each in `stream.context`.
   */
  onStream(stream: ServerStream, headers: HeaderList, extra: readonly string[], endStream: boolean): RequestHandler;
}
