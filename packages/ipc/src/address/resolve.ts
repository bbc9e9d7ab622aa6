import { isAbsolute, resolve } from "node:path";
import { AddressError } from "./errors.js";

/** Where a server listens: at a file, or (on Linux) at an abstract name, which is not a file. */
export type SocketAddress = PathAddress | AbstractAddress;

/** The address of a socket file. */
export interface PathAddress {
  /** Tells the address of a file from an abstract name. */
  readonly kind: "path";
  /** The socket file's absolute path. */
  readonly path: string;
  /** Only an abstract address has a name. */
  readonly name?: undefined;
  /** The address as gRPC writes it: `unix:/tmp/my_module_ipc.sock`. */
  readonly address: string;
  /** The folder that `VYRA_IPC_DIR` names, if the path is in it. The server creates this folder where it is missing. */
  readonly ownFolder?: string;
}

/**
 * An abstract name (unix(7), Linux). The kernel alone knows it, in one network namespace; it has no owner and no file
 * permissions.
 */
export interface AbstractAddress {
  /** Tells an abstract name from the address of a file. */
  readonly kind: "abstract";
  /** The name without the NUL byte with which it begins in `sun_path`. */
  readonly name: string;
  /** An abstract address has no path. */
  readonly path?: undefined;
  /** The address as gRPC writes it: `unix-abstract:name`. */
  readonly address: string;
}

/** The kind of address that a text names; a text that is not known to the compiler may name either. */
export type AddressNamedBy<S extends string> =
  Record<never, never> extends Record<S, never>
    ? SocketAddress
    : S extends `unix-abstract:${string}`
      ? AbstractAddress
      : PathAddress;

/**
 * `sun_path` of `sockaddr_un` has 108 bytes on Linux (unix(7)), one of them for the closing NUL. Node 20 cuts a longer
 * path without a word, and so would serve at another name.
 */
export const maxPathBytes = 108 - 1;

/** Where modules' sockets live unless `VYRA_IPC_DIR` names another folder. */
const defaultFolder = "/tmp";

const moduleName = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/** What a user may have from a server on the network: `localhost:50051`, `[::1]:80`, `:80`, `dns:///host`, `http://host/`. */
const tcpAddress = /^(?:https?|grpcs?|tcp|dns|ipv4|ipv6|xds):|^(?:[\w.-]*|\[[\da-f:.%\w]+\]):\d+$/i;

/**
 * Tells where the server with this address lives.
 *
 * The result's `kind` says whether it is a socket file (`path`) or an abstract name (`name`). The type of a literal such
 * as `resolveSocket("my_module")` says so already; the `path` of a `string` may be undefined.
 *
 * @param socket a module's name (`my_module` lives at `/tmp/my_module_ipc.sock`, or in the folder that the environment
 *   variable `VYRA_IPC_DIR` names), a path (it starts with `/`, `./` or `../`), or gRPC's form of one (`unix:path`, absolute or
 *   relative to the working directory, `unix:///absolute/path`; https://github.com/grpc/grpc/blob/master/doc/naming.md);
 *   `unix-abstract:name` on Linux.
 * @throws {AddressError} if it is none of these, or its path is longer than 107 bytes.
 */
export function resolveSocket<const S extends string>(socket: S): AddressNamedBy<S>;
export function resolveSocket(socket: string): SocketAddress {
  const address = addressOf(socket);
  if (address.kind === "path") {
    assertPathFits(address.path, socket);
  } else {
    assertNameFits(address.name, socket);
  }
  return address;
}

/** An address as messages show it: the path, or an abstract name as gRPC writes it. */
export function shownAddress(address: SocketAddress): string {
  return address.kind === "path" ? address.path : address.address;
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

/** An abstract name has as much room: the NUL byte before it takes the place of the one that ends a path. */
function assertNameFits(name: string, socket: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes > maxPathBytes) {
    throw new AddressError(
      `the name in ${socket} has ${bytes} bytes, and an abstract name at most ${maxPathBytes}: use a shorter one`,
      socket,
    );
  }
}

function addressOf(socket: string): SocketAddress {
  if (typeof socket !== "string" || socket === "") {
    throw new AddressError("a socket needs an address: a module's name, a path or unix:/path", String(socket));
  }
  if (socket.includes("\0")) {
    throw new AddressError(`the address ${JSON.stringify(socket)} has a NUL character in it`, socket);
  }
  if (isPath(socket)) {
    return atPath(socket);
  }
  if (socket.startsWith(abstractPrefix)) {
    return abstract(socket);
  }
  if (socket.startsWith("unix:")) {
    const hasAuthority = socket.startsWith("unix://");
    const rest = socket.slice(hasAuthority ? "unix://".length : "unix:".length);
    if (hasAuthority ? rest.startsWith("/") : rest !== "") {
      return atPath(rest);
    }
    throw new AddressError(`the address ${socket} names no path: write unix:path or unix:///absolute/path`, socket);
  }
  if (tcpAddress.test(socket)) {
    throw new AddressError(
      `${JSON.stringify(socket)} is an address of TCP, which is not served here: name a module, or the path of a Unix socket`,
      socket,
    );
  }
  if (!moduleName.test(socket)) {
    throw new AddressError(
      `${JSON.stringify(socket)} is neither a module's name (letters, digits, "_", "-", ".") nor a path (which starts with /, ./ or ../)`,
      socket,
    );
  }
  const ownFolder = ownFolderOf(socket);
  const address = atPath(`${ownFolder ?? defaultFolder}/${socket}_ipc.sock`);
  return ownFolder === undefined ? address : { ...address, ownFolder };
}

const abstractPrefix = "unix-abstract:";

function abstract(socket: string): AbstractAddress {
  const name = socket.slice(abstractPrefix.length);
  if (process.platform !== "linux") {
    throw new AddressError(`the address ${socket} is abstract, which only Linux knows: use a path`, socket);
  }
  if (name === "") {
    throw new AddressError("unix-abstract: needs a name behind it", socket);
  }
  return { kind: "abstract", name, address: socket };
}

function atPath(text: string): PathAddress {
  const path = resolve(text);
  return { kind: "path", path, address: `unix:${path}` };
}

function isPath(text: string): boolean {
  return text.startsWith("/") || text.startsWith("./") || text.startsWith("../");
}

function ownFolderOf(socket: string): string | undefined {
  const folder = process.env.VYRA_IPC_DIR;
  if (!folder) {
    return undefined;
  }
  if (!isAbsolute(folder)) {
    throw new AddressError(
      `VYRA_IPC_DIR is ${JSON.stringify(folder)}, which each process would look for in another place: give an absolute path`,
      socket,
    );
  }
  return resolve(folder);
}
