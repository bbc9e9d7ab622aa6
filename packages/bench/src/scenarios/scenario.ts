import type { Job } from "../contract/job.js";
import type { FigureName } from "../figures/figures.js";
import type { Suite } from "../suite.js";

/** A question that is put to all peers. */
export interface Scenario {
  readonly suite: Suite;
  /** The name on the command line and in the JSON. */
  readonly name: string;
  readonly title: string;
  /** What is done, in full sentences for the report. */
  readonly about: string;
  /** What a peer must support to take part. A "crowd" needs a client program with many streams full of messages. */
  readonly needs: "calls" | "messages" | "extras" | "crowd" | "open-loop";
  /** The word for what is counted: "calls", "messages". */
  readonly counts: string;
  /** One point, the points of a sweep, or variants of the first point, which are compared with it. */
  readonly points: readonly Point[];
  /** The quantity in which the points of a sweep differ, with its unit. */
  readonly axis?: string;
  /** The figures to show, in this order. Ratios are taken of the first. */
  readonly columns: readonly [FigureName, ...FigureName[]];
  /** The figures in each cell of a sweep's table. Default: the first of `columns`. */
  readonly inCells?: readonly FigureName[];
  /** The names of the peers that take part unless the command line names others; by default all take part. */
  readonly only?: readonly string[];
  /** The factor for the number of rounds. Default: 1. */
  readonly repeat?: number;
  /** The factors for the duration of warm-up and measurement. Default: 1 each. */
  readonly stretch?: { readonly warm: number; readonly measure: number };
}

export interface Point {
  /** The position on the axis of a sweep, or in a list of variants. */
  readonly at: number;
  /** Only for a variant: what it is, in a few words. */
  readonly title?: string;
  readonly work: Job;
}

/** The peers that most readers compare, for scenarios that need not include everyone. */
export const mainPeers = [
  "js-limit",
  "kernel-limit",
  "kernel-limit-busy",
  "direct",
  "node-http2",
  "grpc-js",
  "connect-node",
  "grpc-cpp",
  "grpc-go-1",
  "grpc-go-2",
  "tonic",
  "grpcio",
];
/** The peers whose server runs in Node.js, with one event loop for all callers. */
export const oneLoopPeers = ["js-limit", "direct", "node", "grpc-js", "connect-node"];
/** The peers of sweeps, which have many points. */
export const sweepPeers = ["js-limit", "kernel-limit", "direct", "grpc-js", "connect-node", "grpc-go-2", "tonic"];

/**
 * A row of a table: a scenario with its one point as `work`, or the points of a sweep, and without what the table has
 * in common.
 */
export type Row = Partial<Scenario> &
  Pick<Scenario, "name" | "title" | "about" | "columns"> &
  ({ readonly work: Job } | Pick<Scenario, "points" | "axis">);

/**
 * Returns the scenarios of a table.
 *
 * @param common the values for each row that has none of its own.
 */
export function scenariosOf(
  common: Pick<Scenario, "suite" | "needs" | "counts">,
  rows: readonly Row[],
): readonly Scenario[] {
  return rows.map((row) => {
    if (!("work" in row)) {
      return { ...common, ...row };
    }
    const { work, ...rest } = row;
    return { ...common, ...rest, points: [{ at: 0, work }] };
  });
}

/** Returns the scenarios with these names. @throws Error if there is none with a name */
export function named(all: readonly Scenario[], names: readonly string[]): readonly Scenario[] {
  return names.map((wanted) => {
    const scenario = all.find(({ name }) => name === wanted);
    if (scenario === undefined) {
      throw new Error(`there is no scenario ${wanted}`);
    }
    return scenario;
  });
}

/**
 * Returns the same scenario for programs that keep as many objects alive as an application. Only stacks of Node.js take
 * part, since others are not affected.
 */
export function inFullHeaps({ name, title, points, ...rest }: Scenario): Scenario {
  return {
    ...rest,
    name: `${name}-full`,
    title: `${title}, in full heaps`,
    about:
      `The scenario is “${title}” with 400,000 live objects (40 MB) in each process. V8 collects a small heap ` +
      "completely for about every 30 MB that are allocated outside of it, but hardly ever collects a heap of an " +
      "application's size completely.",
    points: points.map(({ at, work }) => ({ at, work: { ...work, liveObjects: 400_000 } })),
    only: ["js-limit", "direct", "grpc-js", "connect-node"],
  };
}

/** Returns the same scenario at a size that takes no time, to check that it runs at all. */
export function shrunk(scenario: Scenario): Scenario {
  const isSweep = scenario.axis !== undefined;
  const ends = isSweep ? [scenario.points[0], scenario.points.at(-1)] : scenario.points;
  const points = ends.flatMap((point) => (point === undefined ? [] : [{ ...point, work: small(point.work) }]));
  return { ...scenario, points };
}

function small(work: Job): Job {
  return {
    ...work,
    payloadBytes: Math.min(work.payloadBytes, 1024 * 1024),
    inFlight: Math.min(work.inFlight, 64),
    connections: Math.min(work.connections, 8),
    streams: Math.min(work.streams, 50),
    ...(work.rate && { rate: Math.min(work.rate, 1_000) }),
    ...(work.crowd && { crowd: { ...work.crowd, inFlight: Math.min(work.crowd.inFlight, 640) } }),
  };
}

export const KiB = 1024;
export const MiB = 1024 * KiB;

export const latencyColumns = ["p50Us", "p90Us", "p99Us", "rate", "clientCpuUs", "serverCpuUs"] as const;
/** For the latency of one caller among many. */
export const crowdColumns = ["p99Us", "p50Us", "p999Us", "rate"] as const;
/** For calls that are started at a given rate. */
export const openLoopColumns = ["p50Us", "p99Us", "p999Us", "rate"] as const;
export const rateColumns = ["rate", "p50Us", "p99Us", "clientCpuUs", "serverCpuUs"] as const;
export const bytesColumns = ["bytesPerSecond", "rate", "clientCpuUs", "serverCpuUs"] as const;
export const streamColumns = ["rate", "bytesPerSecond", "clientCpuUs", "serverCpuUs"] as const;
export const heldColumns = ["clientBytes", "serverBytes", "clientIdleBytes", "serverIdleBytes"] as const;
