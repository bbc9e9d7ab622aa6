import { createInterface } from "node:readline";
import type { Job } from "../contract/job.js";
import { programArguments } from "./arguments.js";
import { keepObjects } from "./live-objects.js";
import { usageNow } from "./usage.js";

/**
 * Runs a peer's server in the way that contract/lines.ts requires.
 *
 * @param listen resolves when the server accepts calls.
 */
export async function serverProgram(
  listen: (address: string, job: Job, own: readonly string[]) => Promise<unknown>,
): Promise<void> {
  const { address, job, own } = programArguments();
  keepObjects(job.liveObjects);
  await listen(address, job, own);
  console.log("ready");
  for await (const line of createInterface(process.stdin)) {
    if (line === "usage") {
      console.log(JSON.stringify(usageNow(job)));
    }
  }
  process.exit();
}
