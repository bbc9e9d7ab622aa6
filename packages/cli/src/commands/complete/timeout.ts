import { parseSpan } from "../../grammar/duration.js";

/**
 * Returns how long Tab waits for a server before there are no candidates, in milliseconds. The default is 1 s; the
 * environment variable VYRA_IPC_COMPLETION_TIMEOUT overrides it.
 *
 * @throws {Failure} if the variable is not a duration.
 */
export function completionTimeoutMs(): number {
  return parseSpan(process.env.VYRA_IPC_COMPLETION_TIMEOUT || "1s");
}
