import type { Work } from "../contract/job.js";
import type { FigureName } from "../figures/figures.js";
import type { Suite } from "../suite.js";

/** One question put to all peers. */
export interface Scenario {
  readonly suite: Suite;
  /** For the command line and the JSON. */
  readonly name: string;
  readonly title: string;
  /** What is done, in a sentence, for the report. */
  readonly about: string;
  /** What a peer must have to take part; for a "crowd", a client program with many streams full of messages. */
  readonly needs: "calls" | "messages" | "extras" | "crowd";
  /** What is counted: "calls", "messages". */
  readonly counts: string;
  /** One, or those of a sweep. */
  readonly points: readonly Point[];
  /** What the points of a sweep differ in, with its unit. */
  readonly axis?: string;
  /** Shown in this order; ratios are taken of the first. */
  readonly columns: readonly [FigureName, ...FigureName[]];
  /** Names of peers, where not all take part unless asked to. */
  readonly only?: readonly string[];
  /** How many times as often as others it is run. Default: 1. */
  readonly repeat?: number;
  /** How many times as long as others it warms up and is measured. Default: 1 each. */
  readonly stretch?: { readonly warm: number; readonly measure: number };
}

export interface Point {
  /** On the axis of a sweep. */
  readonly at: number;
  readonly work: Work;
}

/** For what need not be known of everyone: those that a reader compares. */
export const mainPeers = ["limit", "direct", "node-http2", "grpc-js", "connect-node", "grpc-go", "tonic", "grpcio"];
/** Those whose server runs in Node.js, one event loop for all callers. */
export const oneLoopPeers = ["limit", "direct", "node", "grpc-js", "connect-node"];
/** For many points. */
export const sweepPeers = ["limit", "direct", "grpc-js", "connect-node", "grpc-go"];

/** A scenario as a table has it: with its one point as `work`, and without what all of the table share. */
export type Row = Partial<Scenario> &
  Pick<Scenario, "name" | "title" | "about" | "columns"> &
  ({ readonly work: Work } | Pick<Scenario, "points" | "axis">);

/** The scenarios of a table. @param common what holds for each row that does not say otherwise. */
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

/** Some of the scenarios, by name. @throws Error if there is none of a name */
export function named(all: readonly Scenario[], names: readonly string[]): readonly Scenario[] {
  return names.map((wanted) => {
    const scenario = all.find(({ name }) => name === wanted);
    if (scenario === undefined) {
      throw new Error(`there is no scenario ${wanted}`);
    }
    return scenario;
  });
}

/** The same question to programs that have as many objects as an application: the stacks of Node.js, as others do not mind. */
export function inFullHeaps({ name, title, points, ...rest }: Scenario): Scenario {
  return {
    ...rest,
    name: `${name}-full`,
    title: `${title}, in full heaps`,
    about:
      `As “${title}”, with 400,000 objects alive in either process, 40 MB: V8 collects a small heap as a whole for every 30 MB or so ` +
      "that are allocated outside of it, and hardly ever one of an application's size.",
    points: points.map(({ at, work }) => ({ at, work: { ...work, liveObjects: 400_000 } })),
    only: ["limit", "direct", "grpc-js", "connect-node"],
  };
}

/** The same question at a size that takes no time: does it run at all? */
export function shrunk(scenario: Scenario): Scenario {
  const ends = scenario.points.length > 1 ? [scenario.points[0], scenario.points.at(-1)] : scenario.points;
  const points = ends.flatMap((point) => (point === undefined ? [] : [{ ...point, work: small(point.work) }]));
  return { ...scenario, points };
}

function small(work: Work): Work {
  return {
    ...work,
    payloadBytes: Math.min(work.payloadBytes, 1024 * 1024),
    inFlight: Math.min(work.inFlight, 64),
    connections: Math.min(work.connections, 8),
    streams: Math.min(work.streams, 50),
    ...(work.crowd && { crowd: { ...work.crowd, inFlight: Math.min(work.crowd.inFlight, 640) } }),
  };
}

export const KiB = 1024;
export const MiB = 1024 * KiB;

export const latencyColumns = ["p50Us", "p90Us", "p99Us", "rate", "clientCpuUs", "serverCpuUs"] as const;
/** For one caller among many. */
export const crowdColumns = ["p99Us", "p50Us", "p999Us", "rate"] as const;
export const rateColumns = ["rate", "p50Us", "p99Us", "clientCpuUs", "serverCpuUs"] as const;
export const bytesColumns = ["bytesPerSecond", "rate", "clientCpuUs", "serverCpuUs"] as const;
export const streamColumns = ["rate", "bytesPerSecond", "clientCpuUs", "serverCpuUs"] as const;
export const heldColumns = ["clientBytes", "serverBytes", "clientIdleBytes", "serverIdleBytes"] as const;
