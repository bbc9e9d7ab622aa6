/** An address that cannot be served at or dialled. The message says what is wrong, where, and what to do. */
export class AddressError extends Error {
  override readonly name: string = "AddressError";

  constructor(
    message: string,
    /** The socket's path, or the address as given where it is no path. */
    readonly address: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Another process serves at this address, or is about to. Nothing of it was touched. */
export class AddressInUseError extends AddressError {
  override readonly name = "AddressInUseError";

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
