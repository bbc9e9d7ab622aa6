import type { Job } from "../contract/job.js";
import { type FigureName, type Figures, figuresOf } from "../figures/figures.js";
import type { Budget, PeerResult, PointResult, ScenarioResult } from "../figures/results.js";
import { spreadOf } from "../figures/summary.js";
import type { Ready } from "../peers/peer.js";
import type { Point, Scenario } from "../scenarios/scenario.js";
import { measure } from "./measure.js";

/** A point of a scenario with the peers that take part, by their names. */
export interface PlannedPoint {
  readonly point: Point;
  readonly peers: ReadonlyMap<string, Ready>;
}

/** Measures every peer at every point. Within a round the peers take turns at each point: A B C, A B C. */
export async function runScenario(
  scenario: Scenario,
  planned: readonly PlannedPoint[],
  budget: Budget,
  onMeasured: (peer: string) => void,
): Promise<ScenarioResult> {
  const own = stretched(budget, scenario);
  const points = planned.map(({ point: { at, work }, peers }): PointResult => {
    return { at, work, peers: Object.fromEntries([...peers.keys()].map((name) => [name, { rounds: [] }])) };
  });
  for (let round = 0; round < roundsOf(scenario, budget); round++) {
    for (const [i, { peers }] of planned.entries()) {
      const waiting = peers.entries();
      const point = points[i] as PointResult; // there is a result for each point
      await Promise.all(Array.from({ length: budget.atOnce }, () => takeTurns(point, waiting)));
    }
  }
  return { name: scenario.name, points: points.map(measuredOnly) };

  async function takeTurns(point: PointResult, waiting: Iterable<[string, Ready]>): Promise<void> {
    for (const [name, peer] of waiting) {
      const result = point.peers[name] as PeerResult; // the results above have every peer
      if (result.failure === undefined && keepsUp(points[points.indexOf(point) - 1], name)) {
        await measureInto(result, peer, point.work, own);
      }
      onMeasured(name);
    }
  }
}

/** The share of a given rate that a peer must achieve to be measured at a higher one. */
const enough = 0.9;

/** Returns whether a peer kept up with the rate of an open loop; true for any other work. */
function keepsUp(point: PointResult | undefined, name: string): boolean {
  const rate = point?.work.rate;
  if (point === undefined || rate === undefined) {
    return true;
  }
  const achieved = spreadOf(point.peers[name], "rate")?.median;
  return achieved !== undefined && achieved >= enough * rate;
}

/** Leaves out the peers that were not measured at a point. */
function measuredOnly(point: PointResult): PointResult {
  const measured = Object.entries(point.peers).filter(
    ([, peer]) => peer.rounds.length > 0 || peer.failure !== undefined,
  );
  return { ...point, peers: Object.fromEntries(measured) };
}

export function roundsOf({ repeat = 1 }: Scenario, { rounds }: Budget): number {
  return rounds === 1 ? 1 : Math.ceil(rounds * repeat);
}

function stretched(budget: Budget, { stretch = { warm: 1, measure: 1 } }: Scenario): Budget {
  const { warmMs, settle, measureMs } = budget;
  return {
    ...budget,
    warmMs: warmMs * stretch.warm,
    settle: settle && { ...settle, windowMs: settle.windowMs * stretch.warm },
    measureMs: measureMs * stretch.measure,
  };
}

async function measureInto(result: PeerResult, peer: Ready, work: Job, budget: Budget): Promise<void> {
  try {
    const { warmMs, settle, measureMs } = budget;
    const measurement = await measure(peer, { ...work, warmMs, settle, measureMs });
    const disturbance = Math.round(measurement.disturbance * 1000) / 1000;
    const figures = rounded(figuresOf(work, measurement));
    const isUnsettled = measurement.warm?.isSettled === false;
    result.rounds.push({ figures, disturbance, ...(isUnsettled && { isUnsettled }) });
  } catch (error) {
    result.failure = (error as Error).message;
  }
}

/** Rounds to four digits, more than any figure is accurate to. */
function rounded(all: Figures): Figures {
  const entries = Object.entries(all) as [FigureName, number][];
  return Object.fromEntries(entries.map(([name, value]) => [name, Number(value.toPrecision(4))]));
}
