#!/usr/bin/env node
import { once } from "node:events";
import { exitCodes } from "./failure.js";
import { createProgram, parserFailure } from "./program.js";
import { heedSignals, interrupted, pause, signalExitCode } from "./terminal/interrupt.js";
import { endWhenOutputFails, flushed, report } from "./terminal/output.js";

const exitCode = await main(process.argv.slice(2));
await Promise.race([flushed(), isOverdue()]);
process.exit(interrupted.aborted ? signalExitCode() : exitCode);

/** Whoever interrupts the program need not wait for long until somebody reads its output. */
async function isOverdue(): Promise<void> {
  if (!interrupted.aborted) {
    await once(interrupted, "abort");
  }
  await pause(500);
}

/** @returns the exit code. */
async function main(args: string[]): Promise<number> {
  endWhenOutputFails();
  heedSignals();
  try {
    await createProgram().parseAsync(args.length === 0 ? ["--help"] : args, { from: "user" });
    return interrupted.aborted ? signalExitCode() : exitCodes.ok;
  } catch (error) {
    if (interrupted.aborted) {
      return signalExitCode(); // what was going on was ended by the user: there is nothing to complain about
    }
    const failure = parserFailure(error);
    if (failure === undefined) {
      return exitCodes.ok;
    }
    report(failure, args.includes("--json"));
    return exitCodes[failure.kind];
  }
}
