import { connect } from "node:net";
import { credentialsOf } from "@vyra/ipc";

/** What becomes of connecting to a socket. */
export interface Knock {
  readonly state: "alive" | "stale" | "denied";
  /** The process that listens, where the kernel tells. */
  readonly pid: number | undefined;
}

/** For how long a full queue of connections may keep us waiting before we take the server to be there, in milliseconds. */
const patienceMs = 1_000;

/** Connects to a socket, asks the kernel who is there, and hangs up. */
export function knock(path: string): Promise<Knock> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const timer = setTimeout(() => settle("alive"), patienceMs);
    socket.once("connect", () => settle("alive"));
    socket.once("error", ({ code }: NodeJS.ErrnoException) => settle(stateAfter(code)));
    function settle(state: Knock["state"]): void {
      clearTimeout(timer);
      const pid = state === "alive" ? credentialsOf(socket)?.pid : undefined;
      socket.destroy();
      resolve({ state, pid });
    }
  });
}

/** Only a refusal proves that nobody listens; a queue that is full proves that somebody does. */
function stateAfter(code: string | undefined): Knock["state"] {
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
