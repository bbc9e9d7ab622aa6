import type { ConnectionHandler } from "../connection/handlers.js";

export interface ClientConnectionHandler extends ConnectionHandler {
  /** The server has announced its settings, first or anew. It may take no streams for now: see onCapacity. */
  onSettings?(): void;
  /** `availableStreams` has become positive again, or grown by new settings. */
  onCapacity?(): void;
}
