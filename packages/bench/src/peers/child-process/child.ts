/** Answers the messages of its parent process, client.ts. */
import type { Job } from "../../contract/job.js";
import { usageNow } from "../../program/usage.js";
import type { Answer, Request } from "./messages.js";

const job = JSON.parse(process.argv.at(-1) as string) as Job;

process.on("message", ({ id, payload }: Request) => {
  const answer: Answer = payload === undefined ? { id, usage: usageNow(job) } : { id, payload };
  process.send?.(answer);
});
