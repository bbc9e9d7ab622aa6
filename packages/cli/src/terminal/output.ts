import { once } from "node:events";
import type { JsonValue } from "@bufbuild/protobuf";
import { interrupted } from "./interrupt.js";
import { jsonText } from "./printable.js";

/** What the process ends with when its output cannot be written, to a full disk perhaps (EX_IOERR of sysexits.h). */
const outputFailed = 74;

/** Writes a line of the result. */
export function print(line = ""): void {
  process.stdout.write(`${line}\n`);
}

/** Writes a value as one line of JSON. */
export function printJson(value: JsonValue): void {
  print(jsonText(value));
}

/** Writes a line that is not the result: what goes on, or went wrong. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Ends the process when what it writes goes nowhere. That nobody reads the result any more (`vyra-ipc … | head -1`) ends it
 * quietly, as SIGPIPE ends other programs; Node.js ignores that signal and reports EPIPE instead.
 */
export function endWhenOutputFails(): void {
  const sigpipe = 128 + 13;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", ({ code }: NodeJS.ErrnoException) => {
      if (code === "EPIPE") {
        process.exit(sigpipe);
      }
      if (stream === process.stdout) {
        note(`vyra-ipc: cannot write the output (${code})`);
      }
      process.exit(outputFailed);
    });
  }
}

/** Resolves when there is room for more output: who makes a lot of it waits for whoever reads it. @throws when interrupted. */
export async function roomForOutput(): Promise<void> {
  if (process.stdout.writableNeedDrain) {
    await once(process.stdout, "drain", { signal: interrupted });
  }
}

/** Resolves when all output has been written, or has failed to be. */
export function flushed(): Promise<void> {
  return new Promise((resolve) => process.stdout.write("", () => setImmediate(resolve)));
}
