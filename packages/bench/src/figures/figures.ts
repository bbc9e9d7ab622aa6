import type { Job } from "../contract/job.js";
import type { Measurement, Warm } from "./measurement.js";

/** All figures. The unit determines how a figure is written; `isBetter` only affects the words of a report. */
export const figures = {
  rate: { title: "per second", unit: "count", isBetter: "more" },
  bytesPerSecond: { title: "payload each way", unit: "bytes/s", isBetter: "more" },
  firstRate: { title: "first second", unit: "count", isBetter: "more" },
  firstBytesPerSecond: { title: "first second", unit: "bytes/s", isBetter: "more" },
  firstP50Us: { title: "p50, first second", unit: "µs", isBetter: "less" },
  firstP99Us: { title: "p99, first second", unit: "µs", isBetter: "less" },
  warmUpMs: { title: "warm-up", unit: "ms", isBetter: "less" },
  unmadeShare: { title: "not made", unit: "share", isBetter: "less" },
  p10Us: { title: "p10", unit: "µs", isBetter: "less" },
  p25Us: { title: "p25", unit: "µs", isBetter: "less" },
  p50Us: { title: "p50", unit: "µs", isBetter: "less" },
  p75Us: { title: "p75", unit: "µs", isBetter: "less" },
  p90Us: { title: "p90", unit: "µs", isBetter: "less" },
  p99Us: { title: "p99", unit: "µs", isBetter: "less" },
  p999Us: { title: "p99.9", unit: "µs", isBetter: "less" },
  clientCpuUs: { title: "CPU client", unit: "µs", isBetter: "less" },
  serverCpuUs: { title: "CPU server", unit: "µs", isBetter: "less" },
  cpuUs: { title: "CPU both", unit: "µs", isBetter: "less" },
  clientInstructions: { title: "client", unit: "count", isBetter: "less" },
  serverInstructions: { title: "server", unit: "count", isBetter: "less" },
  instructions: { title: "instructions, both", unit: "count", isBetter: "less" },
  clientBytes: { title: "client, each", unit: "bytes", isBetter: "less" },
  serverBytes: { title: "server, each", unit: "bytes", isBetter: "less" },
  clientIdleBytes: { title: "client, idle", unit: "bytes", isBetter: "less" },
  serverIdleBytes: { title: "server, idle", unit: "bytes", isBetter: "less" },
  serverStartMs: { title: "server start", unit: "ms", isBetter: "less" },
  importMs: { title: "import", unit: "ms", isBetter: "less" },
  firstCallMs: { title: "client start and call", unit: "ms", isBetter: "less" },
} as const;

export type FigureName = keyof typeof figures;
export type Figures = { readonly [K in FigureName]?: number };

/** Computes the figures of a measurement, which depend on the kind of work. */
export function figuresOf(work: Job, measurement: Measurement): Figures {
  const { client, server, serverStartMs, clientMs, instructions, warm } = measurement;
  const { count, seconds, latencyUs, unmade } = client.done;
  if (work.kind === "first-call") {
    return { firstCallMs: clientMs, ...(serverStartMs && { serverStartMs }) };
  }
  if (work.kind === "import") {
    return { importMs: seconds * 1000, clientIdleBytes: client.done.usage.rssBytes };
  }
  if (work.kind === "hold") {
    return {
      clientBytes: (client.done.usage.rssBytes - client.warm.rssBytes) / count,
      serverBytes: (server.done.rssBytes - server.warm.rssBytes) / count,
      clientIdleBytes: client.warm.rssBytes,
      serverIdleBytes: server.warm.rssBytes,
    };
  }
  if (instructions !== undefined) {
    return {
      instructions: (instructions.client + instructions.server) / count,
      clientInstructions: instructions.client / count,
      serverInstructions: instructions.server / count,
    };
  }
  const clientCpuUs = (client.done.usage.cpuUs - client.warm.cpuUs) / count;
  const serverCpuUs = (server.done.cpuUs - server.warm.cpuUs) / count;
  return {
    ...(warm && firstFiguresOf(work, warm)),
    rate: count / seconds,
    ...(unmade !== undefined && { unmadeShare: unmade / (count + unmade) }),
    bytesPerSecond: (count * work.payloadBytes) / seconds,
    ...(latencyUs && {
      p10Us: latencyUs.p10,
      p25Us: latencyUs.p25,
      p50Us: latencyUs.p50,
      p75Us: latencyUs.p75,
      p90Us: latencyUs.p90,
      p99Us: latencyUs.p99,
      p999Us: latencyUs.p999,
    }),
    clientCpuUs,
    serverCpuUs,
    cpuUs: clientCpuUs + serverCpuUs,
  };
}

function firstFiguresOf({ payloadBytes }: Job, { first, seconds }: Warm): Figures {
  const firstRate = first.count / first.seconds;
  return {
    firstRate,
    firstBytesPerSecond: firstRate * payloadBytes,
    ...(first.latencyUs && { firstP50Us: first.latencyUs.p50, firstP99Us: first.latencyUs.p99 }),
    warmUpMs: seconds * 1000,
  };
}

/** Returns the figure of the first second that corresponds to a figure of warm programs. */
export function firstOf(name: FigureName): FigureName | undefined {
  switch (name) {
    case "rate":
      return "firstRate";
    case "bytesPerSecond":
      return "firstBytesPerSecond";
    case "p50Us":
      return "firstP50Us";
    case "p99Us":
      return "firstP99Us";
    default:
      return undefined;
  }
}
