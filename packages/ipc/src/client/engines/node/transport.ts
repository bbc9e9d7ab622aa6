import { Code, type Transport } from "@connectrpc/connect";
import type { SocketAddress } from "../../../address/index.js";
import { notProcessed } from "../../../grpc/index.js";
import { CallCounter, counting } from "../../../stats/index.js";
import { createSubchannels } from "../../dialling/subchannel-pool.js";
import type { IpcTransport } from "../../options.js";
import type { ResolvedOptions } from "../../resolve-options.js";
import { hardenedTransport } from "../connect/calls.js";
import { originOf, transportOptions } from "../connect/transport-options.js";
import { Attempts } from "./attempts.js";
import { openSession } from "./session.js";

/**
 * Creates a transport for the engine `"node"`. Each call gets a Connect transport of its own, so that the outcome can
 * be determined from the HTTP/2 stream that it used.
 */
export function createNodeTransport(address: SocketAddress, options: ResolvedOptions): IpcTransport {
  const connection = createSubchannels(options.connections, address, (stop) => openSession(address, options, stop));
  const counter = new CallCounter();
  const count = counting(counter, Code.Unknown);
  const forOneCall = async (): Promise<Transport> => {
    const { createTransport, createNodeHttpClient } = await loadConnect();
    const attempts = new Attempts(connection, options.waitForReady, originOf(options));
    const httpClient = createNodeHttpClient({ httpVersion: "2", sessionProvider: () => attempts });
    return createTransport(transportOptions(options, httpClient, [count], [attempts.interceptor]));
  };
  const close = async () => connection.close();
  return {
    ...hardenedTransport(forOneCall),
    get state() {
      return connection.state;
    },
    get peer() {
      return connection.peer;
    },
    ready: (readyOptions) => connection.ready(readyOptions),
    stats: () => ({ connections: connection.count, ...counter.snapshot() }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

let loaded: Awaited<ReturnType<typeof load>> | undefined;

async function load() {
  const [{ createNodeHttpClient }, { createTransport }] = await Promise.all([
    import("@connectrpc/connect-node"),
    import("@connectrpc/connect/protocol-grpc"),
  ]);
  return { createNodeHttpClient, createTransport };
}

/**
 * Loads connect-node at the first call, so that users of other engines do not pay for it. @throws {ConnectError}
 * Unavailable if it cannot be loaded
 */
async function loadConnect() {
  try {
    loaded ??= await load();
    return loaded;
  } catch (error) {
    throw notProcessed("cannot load @connectrpc/connect-node", Code.Unavailable, error);
  }
}
