import { connect } from "node:net";
import { credentialsOf } from "@vyra/ipc";

/** The outcome of an attempt to connect to a socket. */
export interface Probe {
  readonly state: "alive" | "stale" | "denied";
  /** The process that listens, if the kernel reports it. */
  readonly pid: number | undefined;
}

/** A socket whose queue of connections is still full after this time is assumed to have a server. */
const patienceMs = 1_000;

/** Connects to a socket, asks the kernel for the process at the other end, and disconnects. */
export function probe(path: string): Promise<Probe> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const timer = setTimeout(() => settle("alive"), patienceMs);
    socket.once("connect", () => settle("alive"));
    socket.once("error", ({ code }: NodeJS.ErrnoException) => settle(stateAfter(code)));
    function settle(state: Probe["state"]): void {
      clearTimeout(timer);
      const pid = state === "alive" ? credentialsOf(socket)?.pid : undefined;
      socket.destroy();
      resolve({ state, pid });
    }
  });
}

/** Only a refused connection proves that nobody listens. A full queue proves that somebody does. */
function stateAfter(code: string | undefined): Probe["state"] {
  switch (code) {
    case "ECONNREFUSED":
    case "ENOENT":
      return "stale";
    case "EACCES":
    case "EPERM":
      return "denied";
    default:
      return "alive";
  }
}
