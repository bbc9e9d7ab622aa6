// `npm run demo -- --serve` as a test sees it: what it prints, its Enter key and its Ctrl-C.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../examples/frontend-backend/dist/demo.js", import.meta.url));

/** Starts the demo, and waits until its page and its backend are up. */
export async function startDemo() {
  const child = spawn(process.execPath, [script, "--serve"], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const [, frontendPid, url] = await line(/^frontend +pid (\d+), page at (\S+)$/);
  const backend = await backendLine();
  return {
    url,
    socket: backend.socket,
    frontendPid: Number(frontendPid),
    backendPid: backend.pid,
    /** Starts the backend again after it was killed. */
    async restartBackend() {
      child.stdin.write("\n");
      this.backendPid = (await backendLine()).pid;
    },
    /** Resolves with the status with which it ended. */
    async interrupt() {
      child.kill("SIGINT");
      const [status] = await ended;
      return status;
    },
  };

  async function backendLine() {
    const [, pid, socket] = await line(/^backend +pid (\d+), serving at unix:(\S+)\./);
    return { pid: Number(pid), socket };
  }

  /** Waits for the next line that looks like this. */
  async function line(pattern) {
    for (;;) {
      const { value } = await lines.next();
      if (value === undefined) {
        throw new Error(`the demo ended without a line like ${pattern}`);
      }
      const match = pattern.exec(value);
      if (match !== null) {
        return match;
      }
    }
  }
}
