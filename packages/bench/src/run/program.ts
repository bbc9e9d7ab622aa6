import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A peer's program under way: it speaks in lines and ends with its standard input. */
export class Program {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<string>;
  #stderr = "";

  constructor([file, ...args]: readonly string[], env: Readonly<Record<string, string>>) {
    const child = spawn(file as string, args, { stdio: "pipe", env: { ...process.env, ...env } });
    this.#child = child;
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    child.stdin.on("error", () => {}); // its end is seen by those who wait for a line
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(0, 10_000);
    });
    this.#exited = new Promise((resolve) => {
      child.on("error", (error) => resolve(error.message));
      child.on("close", (code, signal) => resolve(`ended with ${signal ?? code}`));
    });
  }

  /** @throws Error if it did not start */
  get pid(): number {
    if (this.#child.pid === undefined) {
      throw new Error(`${this.#child.spawnfile} did not start`);
    }
    return this.#child.pid;
  }

  /** The next line it says, within a time. */
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

  /** Ends it, in order if it can. */
  async end(): Promise<void> {
    this.#child.stdin?.end();
    const killer = setTimeout(() => this.#child.kill("SIGKILL"), 2_000);
    await this.#exited;
    clearTimeout(killer);
  }
}

/** The line that says what went wrong, before the stack of it. */
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
