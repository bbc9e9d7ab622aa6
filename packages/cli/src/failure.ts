import type { JsonValue } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { AddressError, NotProcessedError } from "@vyra/ipc";
import { printable } from "./terminal/printable.js";

/** What the command ends with: scripts can rely on these numbers (docs/cli.md). */
export const exitCodes = {
  ok: 0,
  /** The server answered a call with an error. */
  failed: 1,
  /** The arguments or the input cannot be meant; nothing was called. */
  usage: 2,
  /** Nobody is there, it may not be dialled, it is no gRPC server, or the connection broke. */
  unreachable: 3,
  /** It took too long. */
  timeout: 4,
  /** `health` and `wait`: the server is there and says that it does not serve. */
  not_serving: 5,
  /** A mistake in this program (EX_SOFTWARE of sysexits.h). */
  bug: 70,
} as const;

export type FailureKind = Exclude<keyof typeof exitCodes, "ok">;

/** What a failure has beside its message, where it came from a call. */
export interface CallStatus {
  /** gRPC's name of the code: `NOT_FOUND`. */
  readonly code: string;
  /** The server's words. */
  readonly message: string;
  /** The details, readable where their types are known. */
  readonly details: readonly JsonValue[];
}

/** A command could not do what it was asked to. Its message is one line, for people. */
export class Failure extends Error {
  override readonly name = "Failure";

  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly status?: CallStatus,
    options?: { cause?: unknown },
  ) {
    super(printable(message).trim(), options);
  }
}

/** The arguments or the input are wrong. */
export function usage(message: string): Failure {
  return new Failure("usage", message);
}

/** Sorts any error into the kinds that have an exit code. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) {
    return error;
  }
  if (error instanceof AddressError) {
    return new Failure("usage", error.message, undefined, { cause: error });
  }
  if (error instanceof ConnectError) {
    return failureOfCall(error, []);
  }
  if (isOfFile(error)) {
    return usage(`cannot ${error.syscall} ${error.path} (${error.code})`);
  }
  const text = error instanceof Error ? error.message : String(error);
  return new Failure("bug", `this should not have happened: ${text}`, undefined, { cause: error });
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
