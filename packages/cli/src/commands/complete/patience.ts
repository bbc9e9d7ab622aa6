import { parseSpan } from "../../grammar/duration.js";

/**
 * How long whoever presses Tab waits for a server before there is nothing to choose from, in milliseconds.
 *
 * @throws {Failure} if the user's own choice is no span of time.
 */
export function patienceMs(): number {
  return parseSpan(process.env.VYRA_IPC_COMPLETION_TIMEOUT || "1s");
}
