import type { Server } from "node:net";
import {
  type AbstractAddress,
  AddressError,
  AddressInUseError,
  bindAbstract,
  hasLibc,
  inheritedFd,
  listenAt,
  type PathAddress,
  type Published,
  prepareOwnFolder,
  publish,
  resolveSocket,
} from "../../address/index.js";
import type { ResolvedServeOptions } from "../resolve-options.js";

/** A place where a listener can be reached. */
export interface ListenAddress {
  /** The address in the form of a gRPC target. */
  readonly address: string;
  /** The socket file, if the server has created one. */
  readonly path: string | undefined;
  /** Makes the listener reachable at the address; can be called again for the same address. @throws {AddressError} */
  publish(server: Server, options?: { isTakeover?: boolean }): Promise<Published>;
}

/** Determines the address from the options. @throws {AddressError} if it is impossible to serve there */
export function listenAddressOf(options: ResolvedServeOptions): ListenAddress {
  const { socket } = options;
  if (options.authorize !== undefined && !hasLibc()) {
    throw new AddressError(
      "authorize needs the peers' credentials, which cannot be read because koffi cannot be loaded: " +
        "is it installed where this program runs?",
      typeof socket === "string" ? socket : `fd:${socket.fd}`,
    );
  }
  if (typeof socket === "object" && socket !== null && "fd" in socket) {
    return inheritedAddress(inheritedFd(socket.fd));
  }
  const address = resolveSocket(socket);
  return address.kind === "abstract" ? abstractAddress(address, options) : fileAddress(address, options);
}

function fileAddress({ path, address, ownFolder }: PathAddress, options: ResolvedServeOptions): ListenAddress {
  const { mode, lock, gid } = options;
  return {
    address,
    path,
    publish(server, { isTakeover = false } = {}) {
      if (ownFolder !== undefined) {
        prepareOwnFolder(ownFolder, path);
      }
      return publish(server, path, { mode, gid, lock, isTakeover });
    },
  };
}

/** An inherited socket is served as it is: its access rights and its name belong to whoever created it. */
function inheritedAddress(fd: number): ListenAddress {
  return {
    get address() {
      return `fd:${fd}`;
    },
    path: undefined,
    async publish(server) {
      try {
        await listenAt(server, { fd });
      } catch (cause) {
        throw new AddressError(
          `cannot serve on file descriptor ${fd} (${(cause as NodeJS.ErrnoException).code}): is it a listening socket?`,
          `fd:${fd}`,
          { cause },
        );
      }
      return nothingToUnpublish;
    },
  };
}

function abstractAddress({ name, address }: AbstractAddress, { authorize }: ResolvedServeOptions): ListenAddress {
  if (authorize === undefined) {
    throw new AddressError(
      `${address} has no file whose access rights protect it: set authorize, for example to sameUser()`,
      address,
    );
  }
  return {
    address,
    path: undefined,
    async publish(server) {
      try {
        await listenAt(server, { fd: bindAbstract(name) });
      } catch (cause) {
        throw (cause as NodeJS.ErrnoException).code === "EADDRINUSE"
          ? new AddressInUseError(address, undefined, { cause })
          : new AddressError(`cannot listen at ${address}`, address, { cause });
      }
      return nothingToUnpublish;
    },
  };
}

const nothingToUnpublish: Published = {
  unpublish() {},
  offer() {},
  retake: () => "ours",
  watch: () => () => {},
};
