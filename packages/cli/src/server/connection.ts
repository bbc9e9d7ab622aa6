import { type Stats, statSync } from "node:fs";
import { Code, ConnectError } from "@connectrpc/connect";
import { createIpcTransport, type IpcTransport, resolveSocket } from "@vyra/ipc";
import { Failure, usage } from "../failure.js";
import type { ConnectionFlags } from "../grammar/flags.js";
import { shellWord } from "../terminal/shell-word.js";
import { codeName, failureOf, wasNotProcessed } from "./failure-of.js";

export const defaultTimeoutMs = 5_000;

/** A connection to the server at an address. It is dialled at the first call. */
export interface Connection extends AsyncDisposable {
  /** The socket's path, or the address in gRPC's form if it has no path. */
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
  return { path: path ?? address, transport, [Symbol.asyncDispose]: () => transport.close() };
}

/**
 * Turns the error of a call into the failure to report. A server that speaks HTTP/2 and not gRPC answers calls with an
 * HTTP status or another content type; a server that speaks neither may just wait.
 */
export function failureAt({ path, transport }: Connection, error: unknown): Failure {
  if (!(error instanceof ConnectError)) {
    return failureOf(error);
  }
  if (isOfProxy(error)) {
    const message = `the server at ${path} answered with ${error.rawMessage}`;
    const status = { code: codeName(error.code), message, details: [] };
    const kind = error.code === Code.Unavailable ? "unreachable" : "failed";
    return new Failure(kind, `${status.code}: ${message}`, status, { cause: error });
  }
  if (isNotGrpc(error)) {
    const why = error.rawMessage.replace(/^unexpected response /, "");
    return new Failure("unreachable", `the server at ${path} does not speak gRPC (${why})`, undefined, {
      cause: error,
    });
  }
  if (error.code === Code.DeadlineExceeded && transport.state === "connecting") {
    return new Failure(
      "timeout",
      `the server at ${path} accepts connections and does not answer: is it a gRPC server?`,
    );
  }
  return wasNotProcessed(error) ? (notASocket(path) ?? failureOf(error)) : failureOf(error);
}

/** Whether an intermediary such as a proxy answered instead of the server. */
export function isAnsweredForServer({ cause }: Failure): boolean {
  return cause instanceof ConnectError && isOfProxy(cause);
}

/**
 * Whether this is an HTTP status that proxies use on their own behalf: the caller is not allowed (401, 403), or the
 * server behind them is unavailable (429, 502, 503, 504). The status codes are mapped to gRPC's as in
 * https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
 */
function isOfProxy({ code, rawMessage }: ConnectError): boolean {
  return httpStatus.test(rawMessage) && codesOfProxies.has(code);
}

const codesOfProxies: ReadonlySet<Code> = new Set([Code.Unavailable, Code.Unauthenticated, Code.PermissionDenied]);

const httpStatus = /^HTTP status \d+$/;

function isNotGrpc(error: ConnectError): boolean {
  const { rawMessage } = error;
  return (
    (httpStatus.test(rawMessage) && !isOfProxy(error)) || rawMessage.startsWith("unexpected response content type ")
  );
}

/** The kernel gives the same error for a folder or a file as for a socket on which nobody listens. */
function notASocket(path: string): Failure | undefined {
  const entry = path.startsWith("/") ? statOf(path) : undefined;
  if (entry === undefined || entry.isSocket()) {
    return undefined;
  }
  return entry.isDirectory()
    ? usage(`${path} is a folder, not a server's socket: vyra-ipc ls ${shellWord(path)} lists the sockets in it`)
    : usage(`${path} is a file, not a server's socket`);
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // this user may not see what is there
  }
}

/** Whether the server reports that it has no such method or service. */
export function isUnimplemented(error: unknown): boolean {
  return error instanceof ConnectError && error.code === Code.Unimplemented && !isNotGrpc(error);
}
