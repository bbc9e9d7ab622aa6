import type { ConnectionHandler, MessageHandler } from "../connection/handlers.js";
import type { HeaderList } from "../hpack/header-list.js";
import type { ClientStream } from "./stream.js";

/** For a client's streams. */
export interface ResponseHandler extends MessageHandler<ClientStream> {
  /** The final response's fields: `headers.fields`, then `extra`. Its status is `headers.status`. */
  onHeaders(stream: ClientStream, headers: HeaderList, extra: readonly string[], endStream: boolean): void;
  /** A 1xx response, before the final one (RFC 9113 §8.1). Ignored when absent. */
  onInformational?(stream: ClientStream, headers: HeaderList, extra: readonly string[]): void;
}

export interface ClientConnectionHandler extends ConnectionHandler {
  /** The server has announced its settings, first or anew. It may take no streams for now: see onCapacity. */
  onSettings?(): void;
  /** `availableStreams` has become positive again, or grown by new settings. */
  onCapacity?(): void;
}
