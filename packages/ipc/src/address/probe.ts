import { connect } from "node:net";
import { clearTimeout, setTimeout } from "../time/real-timers.js";
import { credentialsOf } from "./peer-credentials.js";

/**
 * For how long a server may take to accept before it is held to be there, in milliseconds. A connection to a Unix socket
 * is made by the kernel alone, so only one with a full queue of waiting connections takes any time at all.
 */
const probeTimeoutMs = 1_000;

/** What is behind a socket file: nobody, not even a file, or a server, by its pid where that can be told. */
export type Probed = "stale" | "absent" | { readonly pid: number | undefined };

/**
 * Asks whether somebody listens on the socket at this path, by connecting to it.
 *
 * Only ECONNREFUSED proves that nobody does: the file is there, and no process has it open for listening. Anything else
 * (accepted, queue full, no answer, no right to ask) counts as alive. Meant to be asked under the lock: without it a
 * server between bind and listen would be refused, too.
 */
export function probe(path: string): Promise<Probed> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const timer = setTimeout(() => settle(unnamed), probeTimeoutMs);
    // 0 is a process of another pid namespace.
    socket.once("connect", () => settle({ pid: credentialsOf(socket)?.pid || undefined }));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      settle(error.code === "ECONNREFUSED" ? "stale" : error.code === "ENOENT" ? "absent" : unnamed);
    });
    function settle(answer: Probed): void {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    }
  });
}

const unnamed: Probed = { pid: undefined };
