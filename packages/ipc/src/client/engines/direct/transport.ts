import type { SocketAddress } from "../../../address/index.js";
import type { DeadlineOptions } from "../../../interceptors/deadline.js";
import type { EngineTransport } from "../../options.js";
import type { ResolvedOptions } from "../../resolve-options.js";
import { Core } from "./core.js";
import { interceptedCalls } from "./intercepted-calls.js";
import { plainCalls } from "./plain-calls.js";

/**
 * Creates a transport on `@vyra/http2`. Calls enforce the limits of `deadline()` themselves.
 */
export function createDirectTransport(
  address: SocketAddress,
  options: ResolvedOptions,
  limits: DeadlineOptions | undefined,
): EngineTransport {
  const core = new Core(address, options);
  const { connection, counter } = core;
  const close = async () => connection.close();
  return {
    ...(options.interceptors.length > 0 ? interceptedCalls(core, limits) : plainCalls(core, limits)),
    get state() {
      return connection.state;
    },
    get peer() {
      return connection.peer;
    },
    ready: (readyOptions) => connection.ready(readyOptions),
    stats: () => ({ connections: connection.count, memory: core.memory, ...counter.snapshot() }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
