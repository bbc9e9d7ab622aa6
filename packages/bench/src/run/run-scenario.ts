import type { Job } from "../contract/job.js";
import { type FigureName, type Figures, figuresOf } from "../figures/figures.js";
import type { Budget, PeerResult, PointResult, ScenarioResult } from "../figures/results.js";
import type { Ready } from "../peers/peer.js";
import type { Scenario } from "../scenarios/scenario.js";
import { measure } from "./measure.js";

/** Measures every peer at every point. Within a round the peers take turns: A B C, A B C. */
export async function runScenario(
  scenario: Scenario,
  peers: ReadonlyMap<string, Ready>,
  budget: Budget,
  onMeasured: (peer: string) => void,
): Promise<ScenarioResult> {
  const points: PointResult[] = [];
  const own = stretched(budget, scenario);
  for (const { at, work } of scenario.points) {
    const results = Object.fromEntries([...peers.keys()].map((name): [string, PeerResult] => [name, { rounds: [] }]));
    for (let round = 0; round < roundsOf(scenario, budget); round++) {
      const waiting = peers.entries();
      await Promise.all(Array.from({ length: budget.atOnce }, () => takeTurns(waiting)));
    }
    points.push({ at, work, peers: results });

    async function takeTurns(waiting: Iterable<[string, Ready]>): Promise<void> {
      for (const [name, peer] of waiting) {
        const result = results[name] as PeerResult; // the results above have every peer
        if (result.failure === undefined) {
          await measureInto(result, peer, work, own);
        }
        onMeasured(name);
      }
    }
  }
  return { name: scenario.name, points };
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
