import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Job } from "../contract/job.js";
import type { Usage } from "../contract/lines.js";

/** Returns the resources that this process has used so far. */
export function usageNow(job: Job): Usage {
  const { user, system } = process.cpuUsage();
  if (job.kind === "hold") {
    collectGarbage();
  }
  return { cpuUs: user + system, rssBytes: process.memoryUsage.rss() };
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  gc();
  gc();
}
