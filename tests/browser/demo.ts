// `npm run demo -- --serve` as a test sees it: its output, its Enter key and its Ctrl-C.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../support/folders.js";

const script = join(root, "examples/frontend-backend/dist/demo.js");

/** The running demo. */
export interface Demo {
  readonly url: string;
  /** The path of the backend's socket. */
  readonly socket: string;
  readonly frontendPid: number;
  /** The most recently started backend. */
  backendPid: number;
  /** Starts the backend again after it was killed. */
  restartBackend(): Promise<void>;
  /** Presses Ctrl-C. Resolves with the exit status of the demo. */
  interrupt(): Promise<number | null>;
}

/** Starts the demo, and waits until its page and its backend are up. */
export async function startDemo(): Promise<Demo> {
  const child = spawn(process.execPath, [script, "--serve"], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const [frontendPid, url] = await line(/^frontend +pid (\d+), page at (\S+)$/);
  const backend = await backendLine();
  const demo: Demo = {
    url,
    socket: backend.socket,
    frontendPid: Number(frontendPid),
    backendPid: backend.pid,
    async restartBackend() {
      child.stdin.write("\n");
      demo.backendPid = (await backendLine()).pid;
    },
    async interrupt() {
      child.kill("SIGINT");
      const [status] = await ended;
      return status;
    },
  };
  return demo;

  async function backendLine(): Promise<{ readonly pid: number; readonly socket: string }> {
    const [pid, socket] = await line(/^backend +pid (\d+), serving at unix:(\S+)\./);
    return { pid: Number(pid), socket };
  }

  /** Waits for the next line that looks like this. @returns its two groups */
  async function line(pattern: RegExp): Promise<readonly [string, string]> {
    for (;;) {
      const { value } = await lines.next();
      if (value === undefined) {
        throw new Error(`the demo ended without a line like ${pattern}`);
      }
      const [, first, second] = pattern.exec(value) ?? [];
      if (first !== undefined && second !== undefined) {
        return [first, second];
      }
    }
  }
}
