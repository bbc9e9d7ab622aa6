import { readFileSync } from "node:fs";
import type { Job } from "../contract/job.js";
import type { Program } from "./program.js";

const startMs = 60_000;
/** Of a clock of Linux's process times: sysconf(_SC_CLK_TCK) is 100 on all its machines. */
const tickMs = 10;

/** Another client of the same server, which keeps it busy until it is sent away. */
export class Crowd {
  private constructor(private readonly program: Program) {}

  /** Resolves when it has all its connections and goes on. */
  static async gather({ crowd, warmMs, ...rest }: Job, start: (job: string) => Program): Promise<Crowd> {
    const job: Job = { ...rest, ...crowd, warmMs, measureMs: 3_600_000 };
    const program = start(JSON.stringify(job));
    try {
      await program.line(startMs + warmMs);
    } catch (error) {
      await program.end();
      throw error;
    }
    program.tell("go");
    return new Crowd(program);
  }

  /** Processor time since its start. */
  busyMs(): number {
    const stat = readFileSync(`/proc/${this.program.pid}/stat`, "utf8");
    // Behind the name, which may have spaces: proc(5) has them from the third on, utime is the 14th.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  }

  disperse(): Promise<void> {
    return this.program.end();
  }
}
