import { once } from "node:events";
import type { JsonValue } from "@bufbuild/protobuf";
import { interrupted } from "./interrupt.js";
import { jsonText } from "./printable.js";

/** The exit code if the output cannot be written, for example to a full disk (EX_IOERR of sysexits.h). */
const outputFailed = 74;

/** Writes a line of the result to standard output. */
export function print(line = ""): void {
  process.stdout.write(`${line}\n`);
}

/** Writes a value to standard output as one line of JSON. */
export function printJson(value: JsonValue): void {
  print(jsonText(value));
}

/** Writes a line that is not part of the result, such as a progress or error message, to standard error. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Ends the process when its output cannot be written. If the reader is gone (`vyra-ipc … | head -1`), the process ends
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

/**
 * Resolves when standard output has room for more, so that a slow reader slows the writer down. @throws when
 * interrupted.
 */
export async function roomForOutput(): Promise<void> {
  if (process.stdout.writableNeedDrain) {
    await once(process.stdout, "drain", { signal: interrupted });
  }
}

/** Resolves when all output has been written, or could not be written. */
export function flushed(): Promise<void> {
  return new Promise((resolve) => process.stdout.write("", () => setImmediate(resolve)));
}
