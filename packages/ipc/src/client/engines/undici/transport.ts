import { Code, type Interceptor, type Transport } from "@connectrpc/connect";
import type { UniversalClientFn } from "@connectrpc/connect/protocol";
import type { SocketAddress } from "../../../address/index.js";
import { CallCounter, counting } from "../../../stats/index.js";
import { orAborted } from "../../../time/abortable.js";
import { startDeadline } from "../../../time/signal-deadline.js";
import { dial } from "../../dialling/dial.js";
import { sessionFor } from "../../dialling/dial-ref.js";
import type { ReadyOptions } from "../../dialling/session.js";
import { createSubchannels } from "../../dialling/subchannel-pool.js";
import { HandshakeTimeoutError, handshakeTimeoutMs, notBegun } from "../../errors.js";
import type { IpcTransport } from "../../options.js";
import type { ResolvedOptions } from "../../resolve-options.js";
import { waitForReady } from "../../wait-for-ready.js";
import { hardenedTransport } from "../connect/calls.js";
import { notBegunAfter } from "../connect/go-away.js";
import { originOf, transportOptions } from "../connect/transport-options.js";
import { sendRemainingTime } from "../remaining-time.js";
import { loadUndici } from "./load.js";
import { UndiciSession } from "./session.js";

/** Creates a transport for the engine `"undici"`. */
export function createUndiciTransport(address: SocketAddress, options: ResolvedOptions): IpcTransport {
  const connection = createSubchannels(options.connections, address, (stop) => openSession(address, options, stop));
  const ready = async (readyOptions?: ReadyOptions) => {
    // Without the package there is nothing to wait for.
    await loadUndici();
    await connection.ready(readyOptions);
  };
  const counter = new CallCounter();
  const waitUntilReady: Interceptor = (next) => async (req) => {
    if (req.contextValues.get(waitForReady) ?? options.waitForReady) {
      await ready({ signal: req.signal });
    }
    return next(req);
  };
  const httpClient: UniversalClientFn = async (request) => {
    const { header, signal = new AbortController().signal } = request;
    const session = await sessionFor(connection, signal);
    sendRemainingTime({ header, signal });
    return session.send(request);
  };
  const connectOptions = transportOptions(options, httpClient, [counting(counter, Code.Unknown), waitUntilReady]);
  let loaded: Transport | undefined;
  const transport = async (): Promise<Transport> => {
    loaded ??= (await import("@connectrpc/connect/protocol-grpc")).createTransport(connectOptions);
    return loaded;
  };
  const close = async () => connection.close();
  return {
    ...hardenedTransport(transport),
    get state() {
      return connection.state;
    },
    get peer() {
      return connection.peer;
    },
    ready,
    stats: () => ({ connections: connection.count, ...counter.snapshot() }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function openSession(
  address: SocketAddress,
  options: ResolvedOptions,
  stop: AbortSignal,
): Promise<UndiciSession> {
  const undici = await loadUndici();
  const socket = await dial(address, options.trustedUsers);
  const keepAlive = {
    intervalMs: options.keepAliveIntervalMs,
    timeoutMs: options.keepAliveTimeoutMs,
  };
  const { idleTimeoutMs } = options;
  const session = new UndiciSession(address, socket, undici, { origin: originOf(options), keepAlive, idleTimeoutMs });
  const limit = startDeadline(stop, handshakeTimeoutMs, "time to connect").unref();
  try {
    await orAborted(session.handshake, limit.signal);
  } catch (error) {
    session.destroy();
    throw session.goAway === undefined
      ? notBegun(address, limit.signal.aborted ? new HandshakeTimeoutError() : error)
      : notBegunAfter(address, session.goAway);
  } finally {
    limit.stop();
  }
  // A GOAWAY that arrived with the SETTINGS has been handled by now.
  if (session.goAway !== undefined) {
    session.destroy();
    throw notBegunAfter(address, session.goAway);
  }
  return session;
}
