import type { JsonValue } from "@bufbuild/protobuf";
import { printable } from "./terminal/printable.js";

/** The exit codes of the process. Scripts may rely on these numbers (docs/reference/cli.md). */
export const exitCodes = {
  ok: 0,
  /** The server answered a call with an error. */
  failed: 1,
  /** The arguments or the input are invalid; nothing was called. */
  usage: 2,
  /** No server is there, it may not be dialled, it does not speak gRPC, or the connection broke. */
  unreachable: 3,
  /** The operation timed out. */
  timeout: 4,
  /** Only for `health` and `wait`: the server is there, and reports that it does not serve. */
  not_serving: 5,
  /** There is a bug in this program (EX_SOFTWARE of sysexits.h). */
  bug: 70,
} as const;

export type FailureKind = Exclude<keyof typeof exitCodes, "ok">;

/** The gRPC status that a failed call ended with. */
export interface CallStatus {
  /** gRPC's name of the code: `NOT_FOUND`. */
  readonly code: string;
  /** The server's message. */
  readonly message: string;
  /** The details as JSON, decoded if their types are known. */
  readonly details: readonly JsonValue[];
}

/** The failure of a command. Its message is one line, for people. */
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

/** Returns the failure for invalid arguments or input. */
export function usage(message: string): Failure {
  return new Failure("usage", message);
}
