import { exitCodes } from "./failure.js";
import { createProgram, failureToReport } from "./program.js";
import { reportFailure } from "./report-failure.js";
import { interrupted, signalExitCode } from "./terminal/interrupt.js";

/** Does what the arguments say, and reports what goes wrong. @returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args.length === 0 ? ["--help"] : args, { from: "user" });
    return interrupted.aborted ? signalExitCode() : exitCodes.ok;
  } catch (error) {
    if (interrupted.aborted) {
      return signalExitCode(); // what was going on was ended by the user: there is nothing to complain about
    }
    const failure = await failureToReport(error);
    if (failure === undefined) {
      return exitCodes.ok;
    }
    reportFailure(failure, args.includes("--json"));
    return exitCodes[failure.kind];
  }
}
