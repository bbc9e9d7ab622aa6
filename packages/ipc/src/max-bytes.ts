import { shown } from "./option-checks.js";

/** How large a message may be, either way, in bytes. Larger ones do not belong on a socket. */
export const defaultMaxBytes = 10 * 1024 * 1024;

/** gRPC's length prefix has 32 bits. */
const mostBytes = 2 ** 32 - 1;

/** Refuses limits that cannot be meant: by NaN, say, nothing would be too large. @throws {RangeError} */
export function assertMaxBytes(limits: Readonly<Record<string, number | undefined>>): void {
  for (const [name, bytes] of Object.entries(limits)) {
    assertBytes(name, bytes, 1);
  }
}

/** Likewise for a size that may be 0. @throws {RangeError} */
export function assertBytes(name: string, bytes: number | undefined, least = 0, most = mostBytes): void {
  if (bytes !== undefined && !(Number.isInteger(bytes) && bytes >= least && bytes <= most)) {
    throw new RangeError(`${name} must be a whole number of bytes from ${least} to ${most}, not ${shown(bytes)}`);
  }
}
