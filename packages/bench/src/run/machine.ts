import { readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Machine } from "../figures/results.js";

export async function describeMachine(): Promise<Machine> {
  return {
    cpu: cpuModel(),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    node: process.version,
    load: loadavg().map((average) => Math.round(average * 100) / 100),
    busyBefore: await busyPart(2_000),
  };
}

/** Returns the processor time of all cores since the machine started, in milliseconds. */
export function busyMs(): { readonly used: number; readonly all: number } {
  let used = 0;
  let all = 0;
  for (const { times } of cpus()) {
    used += times.user + times.nice + times.sys + times.irq;
    all += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { used, all };
}

async function busyPart(ms: number): Promise<number> {
  const from = busyMs();
  await delay(ms);
  const to = busyMs();
  return Math.round(((to.used - from.used) / Math.max(1, to.all - from.all)) * 1000) / 1000;
}

function cpuModel(): string {
  const model = cpus()[0]?.model.trim();
  if (model !== undefined && model !== "unknown") {
    return model;
  }
  try {
    return /model name\s*: (.*)/.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "unknown";
  } catch {
    return "unknown";
  }
}
