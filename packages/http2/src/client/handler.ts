import type { ConnectionHandler } from "../connection/handlers.js";

/** The callbacks of the owner of a client connection. */
export interface ClientConnectionHandler extends ConnectionHandler {
  /** Reports that the server has announced settings. They may allow no streams for now: see `onCapacity`. */
  onSettings?(): void;
  /** Reports that requests may be made (again): `availableStreams` was 0, or settings have been received. */
  onCapacity?(): void;
}
