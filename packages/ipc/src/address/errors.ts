/**
 * A server cannot listen at an address, or a client cannot dial it. The message says what is wrong, where, and what to do.
 */
export class AddressError extends Error {
  override readonly name: string = "AddressError";
  /**
   * The code of this class of errors. It tells errors apart where `instanceof` does not, across two copies of this
   * package for example. docs/reference/errors.md lists all codes.
   */
  readonly code: "VYRA_IPC_ADDRESS" | "VYRA_IPC_ADDRESS_IN_USE" | "VYRA_IPC_UNTRUSTED_SOCKET" = "VYRA_IPC_ADDRESS";

  constructor(
    message: string,
    /** The socket's path, or the address as given where it is not a path. */
    readonly address: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Another process serves at this address, or is about to. Nothing of it was touched. */
export class AddressInUseError extends AddressError {
  override readonly name = "AddressInUseError";
  override readonly code = "VYRA_IPC_ADDRESS_IN_USE";

  constructor(
    address: string,
    /** The process that holds the name, where it is known. */
    readonly pid: number | undefined,
    options?: { cause?: unknown },
  ) {
    const owner =
      pid === undefined ? "another process" : pid === process.pid ? `this process (pid ${pid})` : `process ${pid}`;
    super(`${address} is in use by ${owner}: stop it first, or serve at another address`, address, options);
  }
}

/** The socket at an address belongs to a user who is not trusted, or such a user's process listens there. */
export class UntrustedSocketError extends AddressError {
  override readonly name = "UntrustedSocketError";
  override readonly code = "VYRA_IPC_UNTRUSTED_SOCKET";

  constructor(
    /** The socket's path, or an abstract name as gRPC writes it. */
    address: string,
    /** The id of the user to whom the socket or the process belongs; undefined where it is needed and cannot be read. */
    readonly uid: number | undefined,
  ) {
    super(
      uid === undefined
        ? `who listens at ${address} cannot be told: koffi cannot be loaded, is it installed where this program runs?`
        : `the socket ${address} belongs to uid ${uid}, not to this user or root: is it the right server? ` +
            "If so, name it in trustedUsers",
      address,
    );
  }
}
