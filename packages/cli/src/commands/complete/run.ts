import type { Command } from "commander";
import { type Candidate, candidatesFor } from "./candidates.js";
import { patienceMs } from "./patience.js";
import { pause } from "../../terminal/interrupt.js";
import { print } from "../../terminal/output.js";
import { printable } from "../../terminal/printable.js";

/** Prints what may stand at the end of a command line; nothing where that cannot be told. */
export async function complete(program: Command, words: readonly string[]): Promise<void> {
  const stop = new AbortController();
  const candidates = await Promise.race([
    candidatesFor(program, words).catch((): Candidate[] => []),
    pause(patienceMs(), stop.signal).then((): Candidate[] => []),
  ]);
  stop.abort();
  for (const { value, about } of candidates) {
    if (printable(value) === value) {
      print(about === undefined ? value : `${value}\t${printable(about)}`);
    }
  }
}
