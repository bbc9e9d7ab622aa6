import { Code, ConnectError } from "@connectrpc/connect";
import { createIpcTransport, type IpcTransport, resolveSocket } from "@vyra/ipc";
import { type Command, InvalidArgumentError } from "commander";
import { Failure, failureOf } from "./failure.js";
import { parseDuration } from "./terminal/duration.js";

/** What every command that dials takes. */
export interface ConnectionFlags {
  /** User ids whose sockets may be dialled as well. */
  readonly trust?: number[];
}

export const defaultTimeoutMs = 5_000;

export function addTrustFlag(command: Command): Command {
  return command.option(
    "--trust <uid>",
    "dial a socket of this user, too, besides your own and root's (can be repeated)",
    (text: string, before: number[] = []) => [...before, parseUid(text)],
  );
}

export function addTimeoutFlag(command: Command, what: string, shown: string): Command {
  return command.option(
    "--timeout <time>",
    `${what}: 500ms, 10s, 1m30s; 0 for no limit (default: ${shown})`,
    parseDuration,
  );
}

export function addJsonFlag(command: Command, what: string): Command {
  return command.option("--json", what);
}

function parseUid(text: string): number {
  if (!/^\d+$/.test(text)) {
    throw new InvalidArgumentError("A user id is a number: see id -u.");
  }
  return Number(text);
}

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
