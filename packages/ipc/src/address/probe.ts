import { connect } from "node:net";
import { clearTimeout, setTimeout } from "../time/real-timers.js";
import { credentialsOf } from "./peer-credentials.js";

/**
 * The time to wait for a connection before the server counts as running, in milliseconds. The kernel alone connects
 * Unix sockets, so a connection takes time only if the server's queue of waiting connections is full.
 */
const probeTimeoutMs = 1_000;

/** The result of a probe: a socket without a server, no file at all, or a server, with its pid if it can be read. */
export type Probed = "stale" | "absent" | { readonly pid: number | undefined };

/**
 * Finds out whether a server listens on the socket at a path, by connecting to it.
 *
 * Only ECONNREFUSED proves that there is no server: the file exists, and no process listens on it. Every other outcome
 * (connected, queue full, timeout, permission denied) counts as a running server. The caller should hold the lock on
 * the path, since a server between bind and listen refuses connections, too.
 */
export function probe(path: string): Promise<Probed> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const timer = setTimeout(() => settle(unknownServer), probeTimeoutMs);
    // The pid is 0 for a process of another pid namespace.
    socket.once("connect", () => settle({ pid: credentialsOf(socket)?.pid || undefined }));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      settle(error.code === "ECONNREFUSED" ? "stale" : error.code === "ENOENT" ? "absent" : unknownServer);
    });
    function settle(answer: Probed): void {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    }
  });
}

const unknownServer: Probed = { pid: undefined };
