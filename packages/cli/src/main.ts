#!/usr/bin/env node
import { exitCodes } from "./failure.js";
import { createProgram, parserFailure } from "./program.js";
import { heedSignals, interrupted, signalExitCode } from "./terminal/interrupt.js";
import { endWhenNobodyReads, report } from "./terminal/output.js";

process.exit(await main(process.argv.slice(2)));

/** @returns the exit code. */
async function main(args: string[]): Promise<number> {
  endWhenNobodyReads();
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
