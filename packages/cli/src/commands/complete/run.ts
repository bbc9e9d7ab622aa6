import type { Command } from "commander";
import { pause } from "../../terminal/interrupt.js";
import { print } from "../../terminal/output.js";
import { printable } from "../../terminal/printable.js";
import type { Candidate } from "./candidate.js";
import { candidatesFor } from "./candidates.js";
import { completionTimeoutMs } from "./timeout.js";

/** Prints the candidates for the last word of a command line, or nothing if they cannot be found in time. */
export async function run(words: readonly string[], _flags: unknown, { parent }: Command): Promise<void> {
  const stop = new AbortController();
  const candidates = await Promise.race([
    candidatesFor(parent as Command, words).catch((): Candidate[] => []),
    pause(completionTimeoutMs(), stop.signal).then((): Candidate[] => []),
  ]);
  stop.abort();
  for (const { value, about } of candidates) {
    if (printable(value) === value) {
      print(about === undefined ? value : `${value}\t${printable(about)}`);
    }
  }
}
