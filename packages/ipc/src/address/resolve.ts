import { isAbsolute, resolve } from "node:path";
import { AddressError } from "./errors.js";

/** The address of a server: a socket file, or (on Linux) an abstract name, which is not a file. */
export type SocketAddress = PathAddress | AbstractAddress;

/** The address of a socket file. */
export interface PathAddress {
  /** Tells the address of a file from an abstract name. */
  readonly kind: "path";
  /** The absolute path of the socket file. */
  readonly path: string;
  /** Only an abstract address has a name. */
  readonly name?: undefined;
  /** The address in the form of gRPC: `unix:/tmp/my_module_ipc.sock`. */
  readonly address: string;
  /** The folder that `VYRA_IPC_DIR` names, if the path is in it. The server creates this folder if it is missing. */
  readonly ownFolder?: string;
}

/**
 * An abstract name (unix(7), Linux). It exists only in the kernel, in one network namespace, and has neither an owner
 * nor file permissions.
 */
export interface AbstractAddress {
  /** Tells an abstract name from the address of a file. */
  readonly kind: "abstract";
  /** The name without the NUL byte with which it begins in `sun_path`. */
  readonly name: string;
  /** An abstract address has no path. */
  readonly path?: undefined;
  /** The address in the form of gRPC: `unix-abstract:name`. */
  readonly address: string;
}

/** The type of the address that a string names. It is `SocketAddress` if the compiler does not know the string. */
export type AddressNamedBy<S extends string> =
  Record<never, never> extends Record<S, never>
    ? SocketAddress
    : S extends `unix-abstract:${string}`
      ? AbstractAddress
      : PathAddress;

/**
 * The maximum length of a path, in bytes: `sun_path` of `sockaddr_un` has 108 bytes on Linux (unix(7)), of which the
 * closing NUL takes one. Node.js 20 truncates a longer path silently, and would serve at another name.
 */
export const maxPathBytes = 108 - 1;

/** The folder of the sockets of modules unless `VYRA_IPC_DIR` names another one. */
const defaultFolder = "/tmp";

const moduleName = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/** Matches addresses of servers on a network: `localhost:50051`, `[::1]:80`, `:80`, `dns:///host`, `http://host/`. */
const tcpAddress = /^(?:https?|grpcs?|tcp|dns|ipv4|ipv6|xds):|^(?:[\w.-]*|\[[\da-f:.%\w]+\]):\d+$/i;

/**
 * Returns the address of the server that a string names.
 *
 * `kind` of the result is "path" for a socket file, which has a `path`, and "abstract" for an abstract name, which has
 * a `name`. For a literal such as `resolveSocket("my_module")` the compiler knows the kind; for any other string `path`
 * may be undefined.
 *
 * @param socket one of: a module name (`my_module` stands for `/tmp/my_module_ipc.sock`, or for the same file in the
 *   folder that the environment variable `VYRA_IPC_DIR` names); a path, which starts with `/`, `./` or `../`; a gRPC
 *   target (`unix:path`, absolute or relative to the working directory, `unix:///absolute/path`, or
 *   `unix-abstract:name` on Linux; https://github.com/grpc/grpc/blob/master/doc/naming.md)
 * @throws {AddressError} if the string is none of these, or if its path or abstract name is longer than 107 bytes
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

/** Returns an address as error messages show it: the path, or an abstract name in the form of gRPC. */
export function shownAddress(address: SocketAddress): string {
  return address.kind === "path" ? address.path : address.address;
}

/** Checks that a path fits into a socket address. @throws {AddressError} if it is too long */
export function assertPathFits(path: string, socket: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > maxPathBytes) {
    throw new AddressError(
      `the path ${path} has ${bytes} bytes, but the path of a Unix socket may have at most ${maxPathBytes}: ` +
        "use a shorter folder or name",
      socket,
    );
  }
}

/**
 * Checks that an abstract name fits into a socket address. Its maximum length is that of a path: a NUL byte precedes
 * the name, as one follows a path.
 */
function assertNameFits(name: string, socket: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes > maxPathBytes) {
    throw new AddressError(
      `the name in ${socket} has ${bytes} bytes, but an abstract name may have at most ${maxPathBytes}: ` +
        "use a shorter one",
      socket,
    );
  }
}

function addressOf(socket: string): SocketAddress {
  if (typeof socket !== "string" || socket === "") {
    throw new AddressError("a socket needs an address: a module name, a path or unix:/path", String(socket));
  }
  if (socket.includes("\0")) {
    throw new AddressError(`the address ${JSON.stringify(socket)} contains a NUL character`, socket);
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
    throw new AddressError(`the address ${socket} has no path: write unix:path or unix:///absolute/path`, socket);
  }
  if (tcpAddress.test(socket)) {
    throw new AddressError(
      `${JSON.stringify(socket)} is a TCP address, which is not supported: ` +
        "use a module name, or the path of a Unix socket",
      socket,
    );
  }
  if (!moduleName.test(socket)) {
    throw new AddressError(
      `${JSON.stringify(socket)} is neither a module name (letters, digits, "_", "-", ".") ` +
        "nor a path (which starts with /, ./ or ../)",
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
    throw new AddressError(`the address ${socket} is abstract, which only Linux supports: use a path`, socket);
  }
  if (name === "") {
    throw new AddressError("unix-abstract: must be followed by a name", socket);
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
      `VYRA_IPC_DIR is ${JSON.stringify(folder)}, whose meaning depends on the working directory: use an absolute path`,
      socket,
    );
  }
  return resolve(folder);
}
