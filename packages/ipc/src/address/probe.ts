import { connect } from "node:net";

/**
 * For how long a server may take to accept before it is held to be there, in milliseconds. A connection to a Unix socket
 * is made by the kernel alone, so only one with a full queue of waiting connections takes any time at all.
 */
const probeTimeoutMs = 1_000;

/**
 * Asks whether somebody listens on the socket at this path, by connecting to it.
 *
 * Only ECONNREFUSED proves that nobody does: the file is there, and no process has it open for listening. Anything else
 * (accepted, queue full, no answer, no right to ask) counts as alive. Meant to be asked under the lock: without it a
 * server between bind and listen would be refused, too.
 */
export function probe(path: string): Promise<"alive" | "stale" | "absent"> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const timer = setTimeout(() => settle("alive"), probeTimeoutMs);
    socket.once("connect", () => settle("alive"));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      settle(error.code === "ECONNREFUSED" ? "stale" : error.code === "ENOENT" ? "absent" : "alive");
    });
    function settle(answer: "alive" | "stale" | "absent"): void {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    }
  });
}
