import { Code, ConnectError } from "@connectrpc/connect";

/**
 * Reads what others have thrown, or given as the reason of an abort. That may be anything: an object that cannot become a string, a
 * proxy whose traps throw (`instanceof` runs them), an error whose `message` is a getter, a chain of causes that ends where it
 * began. None of these functions throws, whatever they are given, and none changes it.
 */

/** What is said of something that cannot be read. */
const unreadable = "an error that cannot be read";
/** So many causes are looked at; a chain may be a circle. */
const maxCauses = 100;

/** Whether it is one of these, as far as can be told. */
export function isInstance<T>(thrown: unknown, type: abstract new (...args: never[]) => T): thrown is T {
  try {
    return thrown instanceof type;
  } catch {
    return false;
  }
}

/** What it says. */
export function messageOf(thrown: unknown): string {
  try {
    const text: unknown = thrown instanceof Error ? thrown.message : thrown;
    return typeof text === "string" ? text : String(text);
  } catch {
    return unreadable;
  }
}

/** Whether it is the error by which Node.js and the web's functions say that they were aborted. */
export function isAbortError(thrown: unknown): boolean {
  return nameOf(thrown) === "AbortError";
}

/** It, what caused it, and so on. */
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

/** A status code that an error may have: OK is none. */
export function isErrorCode(code: unknown): code is Code {
  return typeof code === "number" && Number.isInteger(code) && code >= Code.Canceled && code <= Code.Unauthenticated;
}

/**
 * A `ConnectError` of which everything can be read and sent: its code is one of gRPC's, its text is a string. Of the class alone
 * that does not follow, since it also takes what only looks like one, as it is made by another copy of Connect.
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
 * Like `ConnectError.from()`: a sound `ConnectError` as it is, and anything else as the cause of one. Of one that is not sound what
 * can be read is kept; without a code of gRPC's it is Unknown.
 *
 * @param code that of what is no `ConnectError`; an `AbortError` or a `TimeoutError` is Canceled
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

/** Calls what others have given us, where neither what it throws nor what its promise is rejected with may go any further. */
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
