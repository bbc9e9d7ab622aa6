import type { Job } from "../contract/job.js";

/** Returns the arguments of a program: those of the peer itself come first, then the address and the job. */
export function programArguments(): { address: string; job: Job; own: readonly string[] } {
  const own = process.argv.slice(2, -2);
  const [address = "", job = ""] = process.argv.slice(-2);
  return { address, job: JSON.parse(job) as Job, own };
}
