import type { Connection } from "../connection/connection.js";
import type { MessageHandler } from "../connection/handlers.js";
import type { HeaderList } from "../hpack/header-list.js";
import { Stream } from "../stream/stream.js";

/** For a client's streams. */
export interface ResponseHandler extends MessageHandler<ClientStream> {
  /** The final response's fields: `headers.fields`, then `extra`. Its status is `headers.status`. */
  onHeaders(stream: ClientStream, headers: HeaderList, extra: readonly string[], endStream: boolean): void;
  /** A 1xx response, before the final one (RFC 9113 §8.1). Ignored when absent. */
  onInformational?(stream: ClientStream, headers: HeaderList, extra: readonly string[]): void;
}

/** A request and its response, as the client sees them. Made by ClientConnection.request. */
export class ClientStream extends Stream {
  /** @internal */ declare readonly handler: ResponseHandler;
  /** @internal To a HEAD request: its response has no body, whatever content-length says. */
  declare readonly isHead: boolean;
  /** @internal 1xx responses so far. */
  declare informational: number;

  constructor(connection: Connection, id: number, handler: ResponseHandler, isHead: boolean) {
    super(connection, id, handler);
    this.isHead = isHead;
    this.informational = 0;
  }
}
