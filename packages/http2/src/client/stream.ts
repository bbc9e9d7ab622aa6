import type { Connection } from "../connection/connection.js";
import type { MessageHandler } from "../connection/handlers.js";
import type { HeaderList } from "../hpack/header-list.js";
import { Stream } from "../stream/stream.js";

/** The callbacks of the owner of a client's stream. */
export interface ResponseHandler extends MessageHandler<ClientStream> {
  /** Receives the fields of the final response: `headers.fields`, then `extra`. `headers.status` is its status. */
  onHeaders(stream: ClientStream, headers: HeaderList, extra: readonly string[], endStream: boolean): void;
  /** Receives the fields of a 1xx response, which precedes the final one (RFC 9113 §8.1). Default: it is ignored. */
  onInformational?(stream: ClientStream, headers: HeaderList, extra: readonly string[]): void;
}

/** A stream as the client sees it: a request and its response. `ClientConnection.request()` creates it. */
export class ClientStream extends Stream {
  /** @internal */ declare readonly handler: ResponseHandler;
  /** @internal Whether the request's method is HEAD: its response has no body, whatever its content-length says. */
  declare readonly isHead: boolean;
  /** @internal The number of 1xx responses so far. */
  declare informational: number;

  /** @internal */
  constructor(connection: Connection, id: number, handler: ResponseHandler, isHead: boolean) {
    super(connection, id, handler);
    this.isHead = isHead;
    this.informational = 0;
  }
}
