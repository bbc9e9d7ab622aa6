import { Code, ConnectError } from "@connectrpc/connect";
import { createIpcTransport, type IpcTransport, resolveSocket } from "@vyra/ipc";
import { Failure } from "./failure.js";
import { failureOf } from "./failure-of.js";
import type { ConnectionFlags } from "./grammar/flags.js";

export const defaultTimeoutMs = 5_000;

/** A connection to the server at an address; nothing is dialled before the first call. */
export interface Connection extends AsyncDisposable {
  /** The socket's path, or gRPC's form of an address that is no path. */
  readonly path: string;
  readonly transport: IpcTransport;
}

export function connectTo(
  socket: string,
  flags: ConnectionFlags,
  { connections = 1 }: { connections?: number } = {},
): Connection {
  const { path, address } = resolveSocket(socket);
  const transport = createIpcTransport({ socket, trustedUsers: flags.trust, connections });
  return { path: path.startsWith("/") ? path : address, transport, [Symbol.asyncDispose]: () => transport.close() };
}

/**
 * Turns the error of a call into what the user is told. A server that speaks HTTP/2 and not gRPC answers any call with an HTTP
 * status or another content type; one that speaks neither may just wait.
 */
export function failureAt({ path, transport }: Connection, error: unknown): Failure {
  if (error instanceof ConnectError && isNotGrpc(error)) {
    const why = error.rawMessage.replace(/^unexpected response /, "");
    return new Failure("unreachable", `the server at ${path} does not speak gRPC (${why})`, undefined, {
      cause: error,
    });
  }
  if (error instanceof ConnectError && error.code === Code.DeadlineExceeded && transport.state === "connecting") {
    return new Failure("timeout", `the server at ${path} takes connections and says nothing: is it a gRPC server?`);
  }
  return failureOf(error);
}

function isNotGrpc({ rawMessage }: ConnectError): boolean {
  return /^HTTP status \d+$|^unexpected response content type /.test(rawMessage);
}

/** Whether the server says that it has no such method or service. */
export function isUnimplemented(error: unknown): boolean {
  return error instanceof ConnectError && error.code === Code.Unimplemented && !isNotGrpc(error);
}
