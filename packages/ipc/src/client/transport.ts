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
  const address = resolveSocket(given.socket);
  assertTransportOptions(given);
  const { engine = "direct", interceptors = [] } = given;
  // Interceptors are told where calls go; without any, nobody asks.
  const chain = interceptors.length === 0 ? [] : [toTarget(address.address), ...interceptors];
  const limited = limits === undefined ? chain : [deadline(limits), ...chain];
  switch (engine) {
    case "direct":
      return createDirectTransport(address, resolveOptions(given, chain), limits);
    case "node":
      return withLongTimeouts(createNodeTransport(address, resolveOptions(given, limited)));
    case "undici":
      return withLongTimeouts(createUndiciTransport(address, resolveOptions(given, limited)));
    default:
      throw new TypeError(
        `there is no engine ${JSON.stringify(engine satisfies never)}: "direct", "node" and "undici" are`,
      );
  }
}

/** `grpc-timeout` has eight digits; Connect writes it in milliseconds whatever they are. */
const longestOfConnect = 99_999_999;

type HeadersInit = ConstructorParameters<typeof Headers>[0];

/**
 * Connect's own transports take no long time limits: they would be over at once, by `setTimeout`, or be no `grpc-timeout`. So they get
 * them as the header alone, of which `deadline()` and the server make what is meant. `Infinity` is no limit.
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
