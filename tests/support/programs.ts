// Starts programs, reads their lines, and ends all of them when this process ends.
import {
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  type SpawnOptions,
  spawn,
  spawnSync,
} from "node:child_process";
import { createInterface } from "node:readline";

/** Environment variables that a program gets in addition to those of this process. */
export type Env = Readonly<Record<string, string | undefined>>;

/** A program and its arguments. */
export type Command = readonly [program: string, ...args: string[]];

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
});
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => process.exit(1));
}

/** Ends a program that was started elsewhere when this process ends, if it still runs. */
export function endWithUs(child: ChildProcess): void {
  running.add(child);
  child.once("close", () => running.delete(child));
}

/** A program whose standard output is read line by line. Its standard error is kept. */
export class Program {
  /** Resolves when the program has ended and all its output has been read. */
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcessWithoutNullStreams;
  #stderr = "";

  constructor(
    [program, ...args]: Command,
    { env = {}, onLine = () => {} }: { readonly env?: Env | undefined; readonly onLine?: (line: string) => void } = {},
  ) {
    this.#child = spawn(program, args, { env: { ...process.env, ...env } });
    running.add(this.#child);
    createInterface({ input: this.#child.stdout }).on("line", onLine);
    this.#child.stderr.on("data", (chunk) => {
      this.#stderr += chunk;
    });
    this.#child.stdin.on("error", () => {}); // it ended before reading all of it
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.#stderr += error.message;
        running.delete(this.#child);
        resolve({ code: 127, signal: null });
      });
      this.#child.once("close", (code, signal) => {
        running.delete(this.#child);
        resolve({ code, signal });
      });
    });
  }

  get stderr(): string {
    return this.#stderr.trim();
  }

  writeLine(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for the program to end. @returns whether it ended in time */
  async endsWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, ms, false);
    });
    const isEnded = await Promise.race([this.ended.then(() => true), late]);
    clearTimeout(timer);
    return isEnded;
  }
}

/** Runs a program to its end and returns its output; throws with all of it if it fails. */
export async function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Env } = {},
): Promise<string> {
  const spawnOptions: SpawnOptions & { stdio: ["ignore", "pipe", "pipe"] } = {
    ...options,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  };
  const child = spawn(program, args, spawnOptions);
  endWithUs(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  if (code !== 0) {
    throw new Error(`${program} ${args.join(" ")} failed (${code}):\n${output}`);
  }
  return output;
}

/** Returns what a program prints about itself, or undefined if it is missing or fails. */
export function ask(program: string, args: readonly string[], env: Env = {}): string | undefined {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8", env: { ...process.env, ...env } });
  return status === 0 ? stdout.trim() : undefined;
}
