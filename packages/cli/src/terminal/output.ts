import type { JsonValue } from "@bufbuild/protobuf";
import type { Failure } from "../failure.js";
import { exitCodes } from "../failure.js";
import { paintFor } from "./colors.js";
import { jsonText } from "./printable.js";

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

/** Says what failed, on standard error: a line for people and the details under it, or one line of JSON. */
export function report({ kind, message, status }: Failure, asJson: boolean): void {
  if (asJson) {
    const said = status === undefined ? { message } : { ...status, details: [...status.details] };
    note(jsonText({ error: { kind, exitCode: exitCodes[kind], ...said } }));
    return;
  }
  const paint = paintFor(process.stderr);
  note(`${paint.red("vyra-ipc:")} ${message}`);
  for (const detail of status?.details ?? []) {
    note(`  ${jsonText(detail)}`);
  }
}

/**
 * Ends the process quietly when nobody reads the result any more (`vyra-ipc … | head -1`), as a program does that SIGPIPE
 * ends; Node.js ignores that signal and reports EPIPE instead.
 */
export function endWhenNobodyReads(): void {
  const sigpipe = 128 + 13;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      process.exit(error.code === "EPIPE" ? sigpipe : exitCodes.bug);
    });
  }
}
