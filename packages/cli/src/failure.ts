import type { JsonValue } from "@bufbuild/protobuf";
import { printable } from "./terminal/printable.js";

/** What the command ends with: scripts can rely on these numbers (docs/reference/cli.md). */
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
