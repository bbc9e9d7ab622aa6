import type { Connection } from "../connection/connection.js";
import { Stream } from "../stream/stream.js";
import type { ResponseHandler } from "./handler.js";

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
