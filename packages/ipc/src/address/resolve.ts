import { isAbsolute, resolve } from "node:path";
import { AddressError } from "./errors.js";

/** Where a server lives, spelled out. */
export interface SocketAddress {
  /** The socket's absolute path. */
  readonly path: string;
  /** The same as gRPC writes it: `unix:/tmp/my_module_ipc.sock`. */
  readonly address: string;
}

/**
 * `sun_path` of `sockaddr_un` has 108 bytes on Linux (unix(7)), one of them for the closing NUL. Node 20 cuts a longer
 * path without a word, and so would serve at another name.
 */
export const maxPathBytes = 108 - 1;

/** Where modules' sockets live unless `VYRA_IPC_DIR` names another folder. */
const defaultFolder = "/tmp";

const moduleName = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/**
 * Tells where the server with this address lives.
 *
 * @param socket a module's name (`my_module` lives at `/tmp/my_module_ipc.sock`, or in the folder that the environment
 *   variable `VYRA_IPC_DIR` names), a path (it starts with `/`, `./` or `../`), or gRPC's form of one (`unix:/path`,
 *   `unix:///path`; https://github.com/grpc/grpc/blob/master/doc/naming.md).
 * @throws {AddressError} if it is none of these, or its path is longer than 107 bytes.
 */
export function resolveSocket(socket: string): SocketAddress {
  const path = pathOf(socket);
  assertPathFits(path, socket);
  return { path, address: `unix:${path}` };
}

/** Refuses a path that does not fit a socket's address. */
export function assertPathFits(path: string, socket: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > maxPathBytes) {
    throw new AddressError(
      `the path ${path} has ${bytes} bytes, and a Unix socket's path at most ${maxPathBytes}: use a shorter folder or name`,
      socket,
    );
  }
}

function pathOf(socket: string): string {
  if (typeof socket !== "string" || socket === "") {
    throw new AddressError("a socket needs an address: a module's name, a path or unix:/path", String(socket));
  }
  if (socket.includes("\0")) {
    throw new AddressError(`the address ${JSON.stringify(socket)} has a NUL byte in it`, socket);
  }
  if (isPath(socket)) {
    return resolve(socket);
  }
  if (socket.startsWith("unix:")) {
    const rest = socket.startsWith("unix://") ? socket.slice("unix://".length) : socket.slice("unix:".length);
    if (isPath(rest)) {
      return resolve(rest);
    }
    throw new AddressError(`the address ${socket} names no path: write unix:/path or unix:///path`, socket);
  }
  if (!moduleName.test(socket)) {
    throw new AddressError(
      `${JSON.stringify(socket)} is neither a module's name (letters, digits, "_", "-", ".") nor a path (which starts with /, ./ or ../)`,
      socket,
    );
  }
  return `${moduleFolder(socket)}/${socket}_ipc.sock`;
}

function isPath(text: string): boolean {
  return text.startsWith("/") || text.startsWith("./") || text.startsWith("../");
}

function moduleFolder(socket: string): string {
  const folder = process.env.VYRA_IPC_DIR || defaultFolder;
  if (!isAbsolute(folder)) {
    throw new AddressError(
      `VYRA_IPC_DIR is ${JSON.stringify(folder)}, which each process would look for in another place: give an absolute path`,
      socket,
    );
  }
  return resolve(folder);
}
