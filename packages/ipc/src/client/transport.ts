import type { Transport } from "@connectrpc/connect";
import { resolveSocket } from "../address/index.js";
import { formatTimeout, timeoutHeader } from "../grpc/index.js";
import { type DeadlineOptions, deadline } from "../interceptors/deadline.js";
import { toTarget } from "../interceptors/target.js";
import { createDirectTransport } from "./engines/direct/index.js";
import { createNodeTransport } from "./engines/node/index.js";
import { createUndiciTransport } from "./engines/undici/index.js";
import {
  assertTransportOptions,
  type EngineTransport,
  type IpcTransport,
  type IpcTransportOptions,
} from "./options.js";
import { resolveOptions } from "./resolve-options.js";

/**
 * Creates a Connect transport to the server at an address, for `createClient()`. The first call opens the connection,
 * all calls share it, and it is opened again after it was lost.
 *
 * Calls have no timeout unless they set one or `deadline()` is among the interceptors; `createChannel()` adds it.
 *
 * @throws {AddressError} for an invalid address.
 * @throws {RangeError | TypeError} for invalid options.
 */
export function createIpcTransport(options: IpcTransportOptions): IpcTransport {
  return createLimitedTransport(options, undefined);
}

/** Creates a transport whose calls are limited as by `deadline(limits)` outside of all other interceptors. */
export function createLimitedTransport(
  given: IpcTransportOptions,
  limits: DeadlineOptions | undefined,
): EngineTransport {
  const address = resolveSocket(given.socket);
  assertTransportOptions(given);
  const { engine = "direct", interceptors = [] } = given;
  // Interceptors can find the server's address in the context values; without interceptors nobody reads it.
  if (engine === "direct") {
    return createDirectTransport(address, resolveOptions(given, interceptors), limits);
  }
  const chain = interceptors.length === 0 ? [] : [toTarget(address.address), ...interceptors];
  const limited = limits === undefined ? chain : [deadline(limits), ...chain];
  switch (engine) {
    case "node":
      return withLongTimeouts(createNodeTransport(address, resolveOptions(given, limited)));
    case "undici":
      return withLongTimeouts(createUndiciTransport(address, resolveOptions(given, limited)));
    default:
      throw new TypeError(
        `there is no engine ${JSON.stringify(engine satisfies never)}: use "direct", "node" or "undici"`,
      );
  }
}

/**
 * The longest timeout, in milliseconds, that Connect can write as `grpc-timeout`, which has at most eight digits.
 * Connect always writes milliseconds.
 */
const longestOfConnect = 99_999_999;

type HeadersInit = ConstructorParameters<typeof Headers>[0];

/**
 * Passes long timeouts to Connect's own transports as a header only, which `deadline()` and the server interpret. As an
 * argument they would expire at once, because of `setTimeout`, or result in an invalid `grpc-timeout`. `Infinity` means
 * none.
 */
function withLongTimeouts<T extends IpcTransport>(transport: T): T {
  const { unary, stream } = transport;
  const timeouts = (timeoutMs: number | undefined, header: HeadersInit): [number | undefined, HeadersInit] => {
    if (timeoutMs === undefined || !(timeoutMs > longestOfConnect)) {
      return [timeoutMs, header];
    }
    const headers = new Headers(header);
    headers.set(timeoutHeader, formatTimeout(timeoutMs));
    return [undefined, headers];
  };
  return Object.assign(transport, {
    unary: ((method, signal, timeoutMs, header, ...rest) =>
      unary(method, signal, ...timeouts(timeoutMs, header), ...rest)) as Transport["unary"],
    stream: ((method, signal, timeoutMs, header, ...rest) =>
      stream(method, signal, ...timeouts(timeoutMs, header), ...rest)) as Transport["stream"],
  });
}
