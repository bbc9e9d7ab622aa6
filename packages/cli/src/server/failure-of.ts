import type { JsonValue } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { AddressError, NotProcessedError, UntrustedSocketError } from "@vyra/ipc";
import { type CallStatus, Failure, type FailureKind, usage } from "../failure.js";

/** Sorts any error into the kinds that have an exit code. */
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
  return new Failure("bug", `this should not have happened: ${text}`, undefined, { cause: error });
}

/** The socket of a user who is not trusted: what says so in the library names an option of the library. */
function untrusted(error: ConnectError): Failure | undefined {
  const cause = causesOf(error).find((one) => one instanceof UntrustedSocketError);
  if (cause?.uid === undefined) {
    return undefined;
  }
  const message = `the socket ${cause.path.replace("\0", "unix-abstract:")} belongs to uid ${cause.uid}, not to you or root: if it is the right server, say --trust ${cause.uid}`;
  return new Failure("unreachable", message, { code: codeName(error.code), message, details: [] }, { cause: error });
}

/** Whether the call certainly never reached a handler. */
export function wasNotProcessed(error: ConnectError): boolean {
  return causesOf(error).some((one) => one instanceof NotProcessedError);
}

function causesOf(error: Error): Error[] {
  const { cause } = error;
  return cause instanceof Error && cause !== error ? [cause, ...causesOf(cause)] : [];
}

/** Whether the system refuses what was to be done with a file or a folder. */
function isOfFile(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "path" in error;
}

/** The failure of a call, with its details as they could be read. */
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

/** An answer in gRPC has no cause; what has one never got that far, or lost its connection. */
function isConnectionFailure({ code, cause }: ConnectError): boolean {
  return cause instanceof NotProcessedError || (code === Code.Unavailable && cause instanceof Error);
}

/** gRPC's name of a code: `DEADLINE_EXCEEDED`. Only Canceled is spelt another way there. */
export function codeName(code: Code): string {
  const name = Code[code] ?? `CODE_${code}`;
  return code === Code.Canceled ? "CANCELLED" : name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}
