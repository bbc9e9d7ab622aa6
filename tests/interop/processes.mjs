// Starts programs, reads their lines, and leaves none behind.
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";

const running = new Set();

process.on("exit", () => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => process.exit(1));
}

/** A program whose standard output is lines for us; its standard error is kept. */
export class Program {
  #child;
  #stderr = "";
  /** Fulfilled with `{ code, signal }` when the program has ended and all its output is there. */
  ended;

  constructor([command, ...args], { env = {}, onLine = () => {} } = {}) {
    this.#child = spawn(command, args, { env: { ...process.env, ...env } });
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

  get stderr() {
    return this.#stderr.trim();
  }

  writeLine(line) {
    this.#child.stdin.write(`${line}\n`);
  }

  kill(signal) {
    this.#child.kill(signal);
  }

  /** Whether it ended within the time. */
  async endsWithin(ms) {
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, ms, false);
    });
    const isEnded = await Promise.race([this.ended.then(() => true), late]);
    clearTimeout(timer);
    return isEnded;
  }
}

/** Runs a program to its end and returns its output; throws with all of it if it fails. */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { ...options, env: { ...process.env, ...options.env } });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  running.delete(child);
  if (code !== 0) {
    throw new Error(`${command} ${args.join(" ")} failed (${code}):\n${output}`);
  }
  return output;
}

/** What a program prints about itself, or undefined if it is not there or fails. */
export function ask(command, args, env = {}) {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8", env: { ...process.env, ...env } });
  return status === 0 ? stdout.trim() : undefined;
}
