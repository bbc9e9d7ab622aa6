// Runs a worker in its own process, so that a crash or a hang of the worker does not affect the process that reports
// it.
import { fork } from "node:child_process";
import { compiled } from "../support/folders.js";
import { endWithUs } from "../support/programs.js";
import type { WorkerMessage, WorkerOptions } from "./worker.js";

/** How long a worker may be silent, in milliseconds. A batch takes a second or two, and several on a busy machine. */
const silenceMs = 60_000;
/** Memory that grows without a bound soon exceeds this heap limit. */
const flags = ["--expose-gc", "--max-old-space-size=384", "--no-warnings"];

/** A message that a worker sends before it is done. */
export type WorkerReport = Exclude<WorkerMessage, { readonly type: "done" }>;

/**
 * @param onMessage gets all messages of the worker except the last; if it returns false, the worker is ended
 * @returns the error that ended the worker, if there was one
 */
export async function runWorker(
  options: WorkerOptions,
  onMessage: (message: WorkerReport) => boolean,
): Promise<string | undefined> {
  const child = fork(compiled("fuzz/worker.js"), [JSON.stringify(options)], {
    execArgv: flags,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  endWithUs(child);
  let stderr = "";
  let isDone = false;
  let death: string | undefined;
  const kill = (reason: string) => {
    death = reason;
    child.kill("SIGKILL");
  };
  const silence = setTimeout(() => kill(`no sign of life for ${silenceMs / 1_000} s`), silenceMs);
  child.stderr?.on("data", (chunk) => {
    stderr = (stderr + chunk).slice(-5_000);
  });
  child.on("message", (message: WorkerMessage) => {
    silence.refresh();
    if (message.type === "done") {
      isDone = true;
    } else if (onMessage(message) === false) {
      isDone = true;
      child.kill("SIGKILL");
    }
  });
  const code = await new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal));
  });
  clearTimeout(silence);
  if (death === undefined && (!isDone || (code !== 0 && code !== "SIGKILL"))) {
    // The text of an error follows the lines that show where it was thrown.
    const error = /^\S*Error.*$/m.exec(stderr)?.index ?? 0;
    death = `the process died (${code}): ${stderr.slice(error).trim()}`;
  }
  return death;
}
