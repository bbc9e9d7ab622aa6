import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What ended a process: a signal's name, or its own exit status. */
export type EndCause = NodeJS.Signals | number;

/** One of the demo's processes. Disposing of it ends it and waits until it has ended. */
export interface ChildProcess extends AsyncDisposable {
  readonly pid: number;
  /** The line with which it said that it is ready. */
  readonly readyLine: string;
  readonly ended: Promise<EndCause>;
  send(signal: NodeJS.Signals): void;
  /** Sends a signal, and waits until the process has ended. */
  end(signal: NodeJS.Signals): Promise<EndCause>;
}

/** Starts the script and waits until it says that it is ready. */
export async function start(
  script: "backend" | "frontend",
  module: string,
  signal: AbortSignal,
): Promise<ChildProcess> {
  signal.throwIfAborted();
  const file = fileURLToPath(new URL(`${script}.js`, import.meta.url));
  const child = spawn(process.execPath, [file, module], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit").then(([status, by]): EndCause => by ?? status);
  const send = (by: NodeJS.Signals) => void child.kill(by);
  const end = async (by: NodeJS.Signals) => {
    send(by);
    send("SIGCONT"); // a process that was stopped would not end
    return ended;
  };

  const dispose = async () => void (await end("SIGTERM"));

  const lines = createInterface({ input: child.stdout, signal });
  const { value: readyLine } = await lines[Symbol.asyncIterator]().next();
  if (readyLine === undefined || child.pid === undefined) {
    const cause = await end("SIGTERM");
    signal.throwIfAborted();
    throw new Error(`the ${script} ended before it was ready (${cause})`);
  }
  return { pid: child.pid, readyLine, ended, send, end, [Symbol.asyncDispose]: dispose };
}
