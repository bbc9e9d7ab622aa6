import assert from "node:assert/strict";
import { type ChildProcess, type ChildProcessWithoutNullStreams, fork, spawn } from "node:child_process";
import { on } from "node:events";
import { fileURLToPath } from "node:url";
import type { Done, Order } from "./host.js";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const host = fileURLToPath(new URL("./host.js", import.meta.url));

/** The exit code and the output of a command. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** The content of standard input; empty by default. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A command that is running. */
export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  /** The standard output so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves when this text has been written to standard output `times` times; fails if the command ends before. */
  wrote(text: string, times?: number): Promise<void>;
  readonly ended: Promise<Ended>;
}

/**
 * Runs `vyra-ipc` with these arguments to its end. With an input, a folder or an environment, the command has its own
 * process; otherwise the commands of a test file share one.
 */
export async function run(args: readonly string[], options?: RunOptions): Promise<Ended> {
  if (options === undefined) {
    return runInHost(args);
  }
  const { input = "", ...startOptions } = options;
  const running = start(args, startOptions);
  running.child.stdin.on("error", () => {}); // the command need not read its input
  running.child.stdin.end(input);
  return running.ended;
}

let hosting: ChildProcess | undefined;
let orders = 0;
const waiting = new Map<number, { resolve(ended: Ended): void; reject(error: Error): void }>();

function runInHost(args: readonly string[]): Promise<Ended> {
  hosting ??= startHost();
  const order: Order = { id: orders++, args, folder: process.env.VYRA_IPC_DIR };
  hosting.send(order);
  hosting.channel?.ref();
  return new Promise((resolve, reject) => waiting.set(order.id, { resolve, reject }));
}

function startHost(): ChildProcess {
  const child = fork(host, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  child.unref();
  child.on("message", ({ id, ...ended }: Done) => {
    waiting.get(id)?.resolve(ended);
    waiting.delete(id);
    if (waiting.size === 0) {
      child.channel?.unref(); // the host ends with this process
    }
  });
  child.once("exit", (code, signal) => {
    for (const { reject } of waiting.values()) {
      reject(new Error(`the commands' process ended with ${signal ?? code}`));
    }
  });
  return child;
}

/** Starts `vyra-ipc` with an open standard input. */
export function start(args: readonly string[], { env, cwd }: RunOptions = {}): Running {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: "pipe",
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
  return {
    child,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    async wrote(text, times = 1) {
      const signs = on(child.stdout, "data");
      while (stdout.split(text).length <= times) {
        const next = await Promise.race([signs.next(), ended]);
        assert.ok(!("code" in next), `ended before it wrote ${JSON.stringify(text)}: ${JSON.stringify(next)}`);
      }
      await signs.return?.();
    },
    ended,
  };
}
