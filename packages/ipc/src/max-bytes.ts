import { shown } from "./option-checks.js";

/** The default limit of a message's size in either direction, in bytes. Larger messages do not belong on a socket. */
export const defaultMaxBytes = 10 * 1024 * 1024;

/** The largest limit, since gRPC's length prefix has 32 bits. */
const largestLimit = 2 ** 32 - 1;

/** Refuses invalid size limits: with NaN, for example, no message would be too large. @throws {RangeError} */
export function assertMaxBytes(limits: Readonly<Record<string, number | undefined>>): void {
  for (const [name, bytes] of Object.entries(limits)) {
    assertBytes(name, bytes, 1);
  }
}

/** Refuses an invalid size in bytes; unlike a limit it may be 0. @throws {RangeError} */
export function assertBytes(name: string, bytes: number | undefined, least = 0, most = largestLimit): void {
  if (bytes !== undefined && !(Number.isInteger(bytes) && bytes >= least && bytes <= most)) {
    throw new RangeError(`${name} must be a whole number of bytes from ${least} to ${most}, not ${shown(bytes)}`);
  }
}
