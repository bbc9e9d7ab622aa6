import { readFileSync } from "node:fs";
import type { Job } from "../contract/job.js";
import type { Program } from "./program.js";

const startMs = 60_000;
const untilDispersedMs = 3_600_000;
/** The unit of process times on Linux: sysconf(_SC_CLK_TCK) is 100 on all machines. */
const tickMs = 10;

/** Another client of the same server, which keeps the server busy until it is dispersed. */
export class Crowd {
  private constructor(private readonly program: Program) {}

  /** Resolves when the client has all its connections and its load has run for a while. */
  static async gather({ crowd: _, ...job }: Job, warmMs: number, start: (job: Job) => Program): Promise<Crowd> {
    const program = start(job);
    try {
      await program.line(startMs); // it is ready
      program.tell(`run ${warmMs}`);
      await program.line(startMs + warmMs);
    } catch (error) {
      await program.end();
      throw error;
    }
    program.tell(`run ${untilDispersedMs}`);
    return new Crowd(program);
  }

  /** Returns the client's processor time since its start. */
  busyMs(): number {
    const stat = readFileSync(`/proc/${this.program.pid}/stat`, "utf8");
    // The name may contain spaces. After it, proc(5) lists the fields from the third on; utime is the 14th.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  }

  disperse(): Promise<void> {
    return this.program.end();
  }
}
