import { exitCodes } from "./failure.js";
import { createProgram, failureToReport } from "./program.js";
import { reportFailure } from "./report-failure.js";
import { interrupted, signalExitCode } from "./terminal/interrupt.js";

/**
 * Runs the subcommand that the arguments name, and reports a failure on standard error.
 *
 * @returns the exit code of the process.
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args.length === 0 ? ["--help"] : args, { from: "user" });
    return interrupted.aborted ? signalExitCode() : exitCodes.ok;
  } catch (error) {
    if (interrupted.aborted) {
      return signalExitCode(); // The user ended the command, so its failure is not reported.
    }
    const failure = await failureToReport(error);
    if (failure === undefined) {
      return exitCodes.ok;
    }
    reportFailure(failure, args.includes("--json"));
    return exitCodes[failure.kind];
  }
}
