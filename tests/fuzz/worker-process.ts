// Runs a worker in a process of its own: what kills or hangs it must not do so to whoever tells of it.
import { fork } from "node:child_process";
import { compiled } from "../support/folders.js";
import { endWithUs } from "../support/programs.js";
import type { WorkerMessage, WorkerOptions } from "./worker.js";

/** A batch takes a second or two; on a machine that is busy with other things, several. */
const silenceMs = 60_000;
/** With memory that is not bounded this is soon used up. */
const flags = ["--expose-gc", "--max-old-space-size=384", "--no-warnings"];

/** What a worker tells before it is done. */
export type WorkerReport = Exclude<WorkerMessage, { readonly type: "done" }>;

/**
 * @param onMessage gets the worker's messages but the last; false ends the worker
 * @returns what the worker died of, if it did
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
    // The error comes after the place where it was thrown.
    const error = /^\S*Error.*$/m.exec(stderr)?.index ?? 0;
    death = `the process died (${code}): ${stderr.slice(error).trim()}`;
  }
  return death;
}
