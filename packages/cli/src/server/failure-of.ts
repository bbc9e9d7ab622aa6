import type { JsonValue } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { AddressError, NotProcessedError, UntrustedSocketError } from "@vyra/ipc";
import { type CallStatus, Failure, type FailureKind, usage } from "../failure.js";

/** Turns any error into a failure, whose kind determines the exit code. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) {
    return error;
  }
  if (error instanceof AddressError) {
    return new Failure("usage", error.message, undefined, { cause: error });
  }
  if (error instanceof ConnectError) {
    return untrusted(error) ?? failureOfCall(error, []);
  }
  if (isOfFile(error)) {
    return usage(`cannot ${error.syscall} ${error.path} (${error.code})`);
  }
  const text = error instanceof Error ? error.message : String(error);
  return new Failure("bug", `this is a bug in vyra-ipc: ${text}`, undefined, { cause: error });
}

/**
 * The library's message on a socket of an untrusted user names an option of the library, so this failure names the flag
 * instead.
 */
function untrusted(error: ConnectError): Failure | undefined {
  const cause = causesOf(error).find((one) => one instanceof UntrustedSocketError);
  if (cause?.uid === undefined) {
    return undefined;
  }
  const { uid } = cause;
  const owner = `the socket ${cause.address} belongs to uid ${uid}, not to you or root`;
  const message = `${owner}: if it is the right server, add --trust ${uid}`;
  return new Failure("unreachable", message, { code: codeName(error.code), message, details: [] }, { cause: error });
}

/** Whether the call certainly did not reach a handler. */
export function wasNotProcessed(error: ConnectError): boolean {
  return causesOf(error).some((one) => one instanceof NotProcessedError);
}

function causesOf(error: Error): Error[] {
  const { cause } = error;
  return cause instanceof Error && cause !== error ? [cause, ...causesOf(cause)] : [];
}

/** Whether the error came from an operation on a file or a folder. */
function isOfFile(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "path" in error;
}

/** Returns the failure of a call with its decoded details. */
export function failureOfCall(error: ConnectError, details: readonly JsonValue[]): Failure {
  const code = codeName(error.code);
  const status: CallStatus = { code, message: error.rawMessage, details };
  const kind = kindOf(error);
  const says = kind === "unreachable" ? error.rawMessage : `${code}: ${error.rawMessage || "(no message)"}`;
  return new Failure(kind, says, status, { cause: error });
}

function kindOf(error: ConnectError): FailureKind {
  if (error.code === Code.DeadlineExceeded) {
    return "timeout";
  }
  return isConnectionFailure(error) ? "unreachable" : "failed";
}

/** A gRPC status has no cause. An error that has one never reached the server, or lost its connection. */
function isConnectionFailure({ code, cause }: ConnectError): boolean {
  return cause instanceof NotProcessedError || (code === Code.Unavailable && cause instanceof Error);
}

/** Returns gRPC's name of a code, such as `DEADLINE_EXCEEDED`. Connect spells one of them differently: Canceled. */
export function codeName(code: Code): string {
  const name = Code[code] ?? `CODE_${code}`;
  return code === Code.Canceled ? "CANCELLED" : name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}
