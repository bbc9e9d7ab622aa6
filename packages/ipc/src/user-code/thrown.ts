/**
 * Dealing with what users' code passes to us, throws or returns: errors, iterators, signals, and the async context in
 * which it runs. Everything here withstands values of any kind. Calls into users' code go through these functions.
 */

import { Code, ConnectError } from "@connectrpc/connect";

/**
 * Functions that read thrown values and reasons of aborts, which may be anything: an object that cannot be converted to
 * a string, a proxy whose traps throw (`instanceof` runs them), an error whose `message` is a getter, a circular chain
 * of causes. None of these functions throws or changes its argument.
 */

/** The text for an error that cannot be read. */
const unreadable = "an error that cannot be read";
/** How many causes are examined, since a chain may be circular. */
const maxCauses = 100;

/** Tells whether a value is an instance of the class; false if that cannot be determined. */
export function isInstance<T>(thrown: unknown, type: abstract new (...args: never[]) => T): thrown is T {
  try {
    return thrown instanceof type;
  } catch {
    return false;
  }
}

/** Tells whether a thrown value has this `code`, which belongs to one class of errors in all copies of its package. */
export function hasCode(thrown: unknown, code: string): boolean {
  return readable(() => (thrown as { readonly code?: unknown }).code) === code;
}

/** Returns the message of a thrown value. */
export function messageOf(thrown: unknown): string {
  try {
    const text: unknown = thrown instanceof Error ? thrown.message : thrown;
    return typeof text === "string" ? text : String(text);
  } catch {
    return unreadable;
  }
}

/** Tells whether it is the error by which Node.js and web functions report that they were aborted. */
export function isAbortError(thrown: unknown): boolean {
  return nameOf(thrown) === "AbortError";
}

/** Yields the value, its cause, the cause of that, and so on. */
export function* causesOf(thrown: unknown): Iterable<unknown> {
  let at: unknown = thrown;
  for (let i = 0; i < maxCauses && at !== undefined; i++) {
    yield at;
    try {
      at = at instanceof Error ? at.cause : undefined;
    } catch {
      return;
    }
  }
}

/** Tells whether it is a status code of an error, which OK is not. */
export function isErrorCode(code: unknown): code is Code {
  return typeof code === "number" && Number.isInteger(code) && code >= Code.Canceled && code <= Code.Unauthenticated;
}

/**
 * Tells whether it is a `ConnectError` that can be read and sent completely: its code is one of gRPC's, and its text is
 * a string. `instanceof` does not suffice, since it also accepts objects that resemble a `ConnectError`, such as those
 * of another copy of Connect.
 */
export function isValidConnectError(thrown: unknown): thrown is ConnectError {
  try {
    return (
      thrown instanceof ConnectError &&
      isErrorCode(thrown.code) &&
      typeof thrown.rawMessage === "string" &&
      typeof thrown.message === "string" &&
      isMetadata(thrown.metadata) &&
      Array.isArray(thrown.details)
    );
  } catch {
    return false;
  }
}

/**
 * Converts a thrown value to a `ConnectError`, like `ConnectError.from()`. A valid `ConnectError` is returned as it is,
 * and other values become the cause of a new one. Of an invalid `ConnectError` the readable parts are kept; without a
 * code of gRPC's its code is Unknown.
 *
 * @param code the code for values other than a `ConnectError`; an `AbortError` or a `TimeoutError` becomes Canceled
 */
export function connectErrorFrom(thrown: unknown, code: Code = Code.Unknown): ConnectError {
  if (isValidConnectError(thrown)) {
    return thrown;
  }
  if (isInstance(thrown, ConnectError)) {
    return repaired(thrown);
  }
  const name = nameOf(thrown);
  const isAbort = name === "AbortError" || name === "TimeoutError";
  return new ConnectError(messageOf(thrown), isAbort ? Code.Canceled : code, undefined, undefined, thrown);
}

/** Calls users' code so that neither an exception nor a rejected promise propagates; both are passed to `onThrow`. */
export function guarded(call: () => unknown, onThrow: (error: unknown) => void): void {
  try {
    const result = call();
    if (typeof result === "object" && result !== null) {
      Promise.resolve(result).catch(onThrow);
    }
  } catch (error) {
    onThrow(error);
  }
}

function repaired(thrown: ConnectError): ConnectError {
  const code: unknown = readable(() => thrown.code);
  const text: unknown = readable(() => thrown.rawMessage);
  const metadata = readable(() => new Headers([...thrown.metadata]));
  const error = new ConnectError(
    typeof text === "string" ? text : messageOf(thrown),
    isErrorCode(code) ? code : Code.Unknown,
    metadata,
    undefined,
    thrown,
  );
  error.details = readable(() => [...thrown.details]) ?? [];
  return error;
}

function isMetadata(metadata: unknown): metadata is Headers {
  return metadata instanceof Headers || (typeof metadata === "object" && metadata !== null && "append" in metadata);
}

function nameOf(thrown: unknown): unknown {
  return readable(() => (thrown instanceof Error ? thrown.name : undefined));
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
