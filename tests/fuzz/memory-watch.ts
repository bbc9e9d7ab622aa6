import { setTimeout as delay } from "node:timers/promises";

/**
 * What may be kept for good, however many cases there were: code that has been compiled, pools, caches of a fixed size.
 */
const maxGrowthMiB = 32;
/** What a case may take while it lasts, with all else that this process holds. */
const maxRssMiB = 900;
/** What has ended may have its last timer running: connections linger for a second. */
const patienceMs = 20_000;

/** Notices memory and handles that are kept from case to case. Needs --expose-gc. */
export class MemoryWatch {
  rssMiB = 0;
  private heldMiB = 0;
  private handles = 0;

  /** @param isWarm whether everything has been used at least once: until then this is what to compare with */
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
        return [
          `after its cases the process holds ${after}`,
          `where it was ${this.heldMiB} MiB and ${this.handles} handles`,
        ].join(", ");
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

/** Sockets and timers that keep the process alive. */
function handles(): number {
  return process.getActiveResourcesInfo().length;
}

function mebi(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
