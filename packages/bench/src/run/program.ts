import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A running program of a peer. It is told what to do in lines, and ends with its standard input. */
export class Program {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<string>;
  #stderr = "";

  constructor([file, ...args]: readonly string[], env: Readonly<Record<string, string>>) {
    const child = spawn(file as string, args, { stdio: "pipe", env: { ...process.env, ...env } });
    this.#child = child;
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    child.stdin.on("error", () => {}); // whoever waits for a line sees the end of the program
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(0, 10_000);
    });
    this.#exited = new Promise((resolve) => {
      child.on("error", (error) => resolve(error.message));
      child.on("close", (code, signal) => resolve(`ended with ${signal ?? code}`));
    });
  }

  /** @throws Error if the program did not start */
  get pid(): number {
    if (this.#child.pid === undefined) {
      throw new Error(`${this.#child.spawnfile} did not start`);
    }
    return this.#child.pid;
  }

  /** Returns the next line that the program writes. @throws Error if none comes in time */
  async line(timeoutMs: number): Promise<string> {
    const timeout = new Timeout(timeoutMs);
    try {
      const next = await Promise.race([this.#lines.next(), timeout.promise]);
      if (!next.done) {
        return next.value;
      }
    } finally {
      timeout.stop();
    }
    throw new Error(`${this.#child.spawnfile} ${await this.#exited}: ${gist(this.#stderr)}`);
  }

  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Ends the program, in order if possible. */
  async end(): Promise<void> {
    this.#child.stdin?.end();
    const killer = setTimeout(() => this.#child.kill("SIGKILL"), 2_000);
    await this.#exited;
    clearTimeout(killer);
  }
}

/** Returns the line with the error message, without the stack trace. */
function gist(stderr: string): string {
  const lines = stderr.trim().split("\n");
  return (lines.find((line) => /^\s*\w*Error\b/.test(line)) ?? lines.at(-1) ?? "").trim();
}

class Timeout {
  readonly promise: Promise<never>;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number) {
    this.promise = new Promise((_, reject) => {
      this.#timer = setTimeout(() => reject(new Error(`silent for ${ms / 1000} s`)), ms);
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
