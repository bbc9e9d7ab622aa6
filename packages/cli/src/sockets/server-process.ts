import { readFileSync } from "node:fs";
import { connect } from "node:net";

/** What becomes of connecting to a socket. */
export interface Knock {
  readonly state: "alive" | "stale" | "denied";
  /** The process that listens, where it is known. */
  readonly pid: number | undefined;
}

/** For how long a full queue of connections may keep us waiting before we take the server to be there, in milliseconds. */
const patienceMs = 1_000;

/** Connects to a socket and hangs up at once. */
export function knock(path: string): Promise<Knock> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const timer = setTimeout(() => settle("alive"), patienceMs);
    socket.once("connect", () => settle("alive"));
    socket.once("error", ({ code }: NodeJS.ErrnoException) => {
      settle(
        code === "ECONNREFUSED" || code === "ENOENT"
          ? "stale"
          : code === "EACCES" || code === "EPERM"
            ? "denied"
            : "alive",
      );
    });
    function settle(state: Knock["state"]): void {
      clearTimeout(timer);
      socket.destroy();
      resolve({ state, pid: state === "alive" ? pidIn(`${path}.lock`) : undefined });
    }
  });
}

function pidIn(lockFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(lockFile, "utf8"), 10);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
