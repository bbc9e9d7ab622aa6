/**
 * Is thrown for an address at which a server cannot listen, or which a client cannot dial. The message says what is
 * wrong, where, and how to correct it.
 */
export class AddressError extends Error {
  override readonly name: string = "AddressError";
  /**
   * The stable code of the error. It identifies the error where `instanceof` fails, such as across two copies of this
   * package. docs/reference/errors.md lists all codes.
   */
  readonly code: "VYRA_IPC_ADDRESS" | "VYRA_IPC_ADDRESS_IN_USE" | "VYRA_IPC_UNTRUSTED_SOCKET" = "VYRA_IPC_ADDRESS";

  constructor(
    message: string,
    /** The path of the socket, or the address as it was given if it is not a path. */
    readonly address: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Is thrown if another server runs or starts at the address. Its socket and its lock are left as they are. */
export class AddressInUseError extends AddressError {
  override readonly name = "AddressInUseError";
  override readonly code = "VYRA_IPC_ADDRESS_IN_USE";

  constructor(
    address: string,
    /** The process id of the other server; undefined if it is not known. */
    readonly pid: number | undefined,
    options?: { cause?: unknown },
  ) {
    const owner =
      pid === undefined ? "another process" : pid === process.pid ? `this process (pid ${pid})` : `process ${pid}`;
    super(`${address} is in use by ${owner}: stop it first, or serve at another address`, address, options);
  }
}

/** Is thrown if the socket at an address, or the process that listens there, belongs to an untrusted user. */
export class UntrustedSocketError extends AddressError {
  override readonly name = "UntrustedSocketError";
  override readonly code = "VYRA_IPC_UNTRUSTED_SOCKET";

  constructor(
    /** The path of the socket, or an abstract name in the form of gRPC (`unix-abstract:name`). */
    address: string,
    /** The id of the user who owns the socket or the process; undefined if it cannot be read. */
    readonly uid: number | undefined,
  ) {
    super(
      uid === undefined
        ? `cannot tell which user listens at ${address}: koffi cannot be loaded, ` +
            "is it installed where this program runs?"
        : `the socket ${address} belongs to uid ${uid}, not to this user or root: ` +
            "is it the right server? If so, add that uid to trustedUsers",
      address,
    );
  }
}
