import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

let isAllowed: boolean | undefined;

/**
 * Tells whether this process may run on two cores at least: by its affinity, and by the CPU quota of its control group.
 * With less, a loop that turns would take the time in which the peer could answer. The files are read once.
 */
export function mayBusyPoll(): boolean {
  isAllowed ??= Math.min(availableParallelism(), cpuQuota(readText)) >= 2;
  return isAllowed;
}

/**
 * Returns the CPU quota of this process' control groups in cores, of version 1 and 2; Infinity without one.
 *
 * @param read returns the content of a file; undefined if it cannot be read
 */
export function cpuQuota(read: (path: string) => string | undefined): number {
  let cores = Number.POSITIVE_INFINITY;
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    const [, controllers = "", path = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const isVersion2 = controllers === "";
    if (line === "" || !(isVersion2 || controllers.split(",").includes("cpu"))) {
      continue;
    }
    const root = isVersion2 ? "/sys/fs/cgroup" : `/sys/fs/cgroup/${controllers}`;
    for (const folder of ancestors(path)) {
      const [quota, period] = isVersion2
        ? (read(`${root}${folder}/cpu.max`) ?? "").split(" ")
        : [read(`${root}${folder}/cpu.cfs_quota_us`), read(`${root}${folder}/cpu.cfs_period_us`)];
      const limit = Number(quota) / Number(period);
      if (limit > 0) {
        cores = Math.min(cores, limit); // it is NaN if there is no file or no limit
      }
    }
  }
  return cores;
}

/** Returns a control group's path and those above it, without a slash at the end: a limit of any of them applies. */
function ancestors(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "");
  return [...names.map((_, index) => `/${names.slice(0, index + 1).join("/")}`), ""];
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
