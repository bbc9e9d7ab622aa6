import { setTimeout as delay } from "node:timers/promises";

/** How much memory may stay allocated after any number of cases: compiled code, pools, caches of a fixed size. */
const maxGrowthMiB = 32;
/** How much memory the process may use during a case. */
const maxRssMiB = 900;
/** How long to wait for the last timers of what has ended, in milliseconds: connections linger for a second. */
const patienceMs = 20_000;

/** Finds memory and handles that are kept from one case to the next. Needs --expose-gc. */
export class MemoryWatch {
  rssMiB = 0;
  private heldMiB = 0;
  private handles = 0;

  /**
   * @param isWarm whether all code has been used at least once. Until then, each measurement becomes the new baseline.
   */
  async check(isWarm: boolean): Promise<string | undefined> {
    this.rssMiB = mebi(process.resourceUsage().maxRSS * 1024);
    if (!isWarm) {
      this.heldMiB = heldMiB();
      this.handles = handles();
      return undefined;
    }
    if (this.rssMiB > maxRssMiB) return `the process took ${this.rssMiB} MiB at one time`;
    const isOver = () => heldMiB() - this.heldMiB > maxGrowthMiB || handles() > this.handles;
    for (let waitedMs = 0; isOver(); waitedMs += 100) {
      if (waitedMs >= patienceMs) {
        const after = `${heldMiB()} MiB and ${handles()} handles`;
        return `held before the cases: ${this.heldMiB} MiB and ${this.handles} handles; after them: ${after}`;
      }
      await delay(100);
    }
    return undefined;
  }
}

function heldMiB(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return mebi(heapUsed + external);
}

/** Returns the number of sockets and timers that keep the process alive. */
function handles(): number {
  return process.getActiveResourcesInfo().length;
}

function mebi(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
