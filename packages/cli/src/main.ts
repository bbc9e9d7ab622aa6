#!/usr/bin/env node
import { once } from "node:events";
import { main } from "./cli.js";
import { handleSignals, interrupted, pause, signalExitCode } from "./terminal/interrupt.js";
import { endWhenOutputFails, flushed } from "./terminal/output.js";

endWhenOutputFails();
handleSignals();
const exitCode = await main(process.argv.slice(2));
await Promise.race([flushed(), isOverdue()]);
process.exit(interrupted.aborted ? signalExitCode() : exitCode);

/** After an interrupt, the process does not wait longer than this until somebody reads its output. */
async function isOverdue(): Promise<void> {
  if (!interrupted.aborted) {
    await once(interrupted, "abort");
  }
  await pause(500);
}
