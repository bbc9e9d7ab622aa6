import { resolveSocket } from "../address/index.js";
import { createNodeTransport } from "./engines/node.js";
import type { IpcTransport, IpcTransportOptions } from "./options.js";

/**
 * Creates a Connect transport to the server at an address, for `createClient()`. The connection is opened by the first
 * call, shared by all, and opened anew when it was lost.
 *
 * Calls have no time limit unless they set one or `deadline()` is among the interceptors; `createChannel()` puts it there.
 *
 * @throws {AddressError} if the address is none.
 */
export function createIpcTransport(options: IpcTransportOptions): IpcTransport {
  const { path } = resolveSocket(options.socket);
  if (options.engine !== undefined && options.engine !== "node") {
    throw new TypeError(`there is no engine ${JSON.stringify(options.engine)}: "node" is`);
  }
  return createNodeTransport(path, options);
}
