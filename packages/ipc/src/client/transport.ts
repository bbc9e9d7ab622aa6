import { resolveSocket } from "../address/index.js";
import { acceptedByDefault } from "../grpc/index.js";
import { type DeadlineOptions, deadline } from "../interceptors/deadline.js";
import { toTarget } from "../interceptors/target.js";
import { createDirectTransport } from "./engines/direct/index.js";
import { createNodeTransport } from "./engines/node/index.js";
import { createUndiciTransport } from "./engines/undici/index.js";
import { assertSane, type EngineTransport, type IpcTransport, type IpcTransportOptions } from "./options.js";

/**
 * Creates a Connect transport to the server at an address, for `createClient()`. The connection is opened by the first
 * call, shared by all, and opened anew when it was lost.
 *
 * Calls have no time limit unless they set one or `deadline()` is among the interceptors; `createChannel()` puts it there.
 *
 * @throws {AddressError} if the address is none.
 */
export function createIpcTransport(options: IpcTransportOptions): IpcTransport {
  return createLimitedTransport(options, undefined);
}

/** A transport whose calls are limited as by `deadline(limits)` before all other interceptors. */
export function createLimitedTransport(
  given: IpcTransportOptions,
  limits: DeadlineOptions | undefined,
): EngineTransport {
  const { path, address } = resolveSocket(given.socket);
  assertSane(given);
  const options = withTarget({ ...given, acceptCompression: given.acceptCompression ?? acceptedByDefault }, address);
  const { engine = "direct" } = options;
  switch (engine) {
    case "direct":
      return createDirectTransport(path, options, limits);
    case "node":
      return createNodeTransport(path, withLimits(options, limits));
    case "undici":
      return createUndiciTransport(path, withLimits(options, limits));
    default:
      throw new TypeError(
        `there is no engine ${JSON.stringify(engine satisfies never)}: "direct", "node" and "undici" are`,
      );
  }
}

/** Interceptors are told where calls go; without any, nobody asks. */
function withTarget(options: IpcTransportOptions, address: string): IpcTransportOptions {
  const { interceptors = [] } = options;
  return interceptors.length === 0 ? options : { ...options, interceptors: [toTarget(address), ...interceptors] };
}

function withLimits(options: IpcTransportOptions, limits: DeadlineOptions | undefined): IpcTransportOptions {
  return limits === undefined
    ? options
    : { ...options, interceptors: [deadline(limits), ...(options.interceptors ?? [])] };
}
