import type { ConnectionHandler } from "../connection/handlers.js";
import type { HeaderList } from "../hpack/header-list.js";
import type { RequestHandler, ServerStream } from "./stream.js";

export interface ServerConnectionHandler extends ConnectionHandler {
  /** The client's preface is whole: its first SETTINGS have come (RFC 9113 §3.4). Called once, before any stream. */
  onBegun?(): void;
  /**
   * A request: `headers.fields`, then `extra`. Returns what is to be told of the rest of it; one object may serve many streams,
   * with what differs in `stream.context`.
   */
  onStream(stream: ServerStream, headers: HeaderList, extra: readonly string[], endStream: boolean): RequestHandler;
}
