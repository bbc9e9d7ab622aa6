import type { Connection } from "../connection/connection.js";
import type { ResponseHandler } from "../connection/handlers.js";
import type { StreamError } from "../errors.js";
import { Stream } from "../stream/stream.js";

/** A request and its response, as the client sees them. Made by ClientConnection.request. */
export class ClientStream extends Stream {
  /** @internal */ declare handler: ResponseHandler;
  /** @internal To a HEAD request: its response has no body, whatever content-length says. */
  declare readonly isHead: boolean;
  /** @internal 1xx responses so far. */
  declare informational: number;

  constructor(connection: Connection, id: number, handler: ResponseHandler, isHead: boolean) {
    super(connection, id);
    this.handler = handler;
    this.isHead = isHead;
    this.informational = 0;
  }

  override deliverData(buffer: Uint8Array, start: number, end: number, endStream: boolean): void {
    try {
      this.handler.onData(this, buffer, start, end, endStream);
    } catch (error) {
      this.connection.handlerFailed(this, error);
    }
  }

  override deliverReset(error: StreamError): void {
    try {
      this.handler.onReset(this, error);
    } catch (thrown) {
      this.connection.handlerFailed(this, thrown);
    }
  }

  override bodySent(body: Uint8Array): void {
    try {
      this.handler.onBodySent?.(this, body);
    } catch (error) {
      this.connection.handlerFailed(this, error);
    }
  }

  protected override deliverDrain(): void {
    try {
      this.handler.onDrain?.(this);
    } catch (error) {
      this.connection.handlerFailed(this, error);
    }
  }
}
