import type { Job } from "../contract/job.js";

/** What every program is started with, after whatever is the peer's own. */
export function programArguments(): { address: string; job: Job; own: readonly string[] } {
  const own = process.argv.slice(2, -2);
  const [address = "", job = ""] = process.argv.slice(-2);
  return { address, job: JSON.parse(job) as Job, own };
}
