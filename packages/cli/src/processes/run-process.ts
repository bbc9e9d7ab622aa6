import { spawn } from "node:child_process";

/** The output and the result of a command. */
export interface Outcome {
  readonly isSuccess: boolean;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a command and waits for its end. It never rejects: a command that cannot be started counts as failed. */
export function runProcess(command: string, args: readonly string[], options: { cwd?: string } = {}): Promise<Outcome> {
  return new Promise((settle) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    const out: Buffer[] = [];
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      stderr += chunk;
    });
    child.once("error", (error) => settle({ isSuccess: false, stdout: Buffer.concat(out), stderr: error.message }));
    child.once("close", (code) => settle({ isSuccess: code === 0, stdout: Buffer.concat(out), stderr: stderr.trim() }));
  });
}
