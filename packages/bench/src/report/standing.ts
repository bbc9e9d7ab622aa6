import { type FigureName, figures } from "../figures/figures.js";
import type { PointResult } from "../figures/results.js";
import { ratioOf, spreadOf } from "../figures/summary.js";
import { names, yardsticks } from "./names.js";

/** Another stack beside @vyra/ipc, at one point of a scenario. */
export interface Rival {
  readonly peer: string;
  readonly median: number;
  /** How many times better the rival is than @vyra/ipc; below 1 if it is worse. */
  readonly advantage: number;
}

/** How @vyra/ipc compares with all others at one point of a scenario. */
export interface Standing {
  readonly median: number;
  /** The others, the best first. */
  readonly rivals: readonly Rival[];
  /** The ratios of the figure of @vyra/ipc to those of the yardsticks. */
  readonly limits: readonly { readonly peer: string; readonly ratio: number }[];
}

export const own = "direct";

/** Figures whose ratio is closer to 1 than this count as equal. */
export const equalWithin = 1.1;

/** Returns undefined if @vyra/ipc or all others were not measured. */
export function standingOf(point: PointResult, figure: FigureName): Standing | undefined {
  const ours = spreadOf(point.peers[own], figure);
  const rivals = Object.keys(names)
    .filter((peer) => peer !== own && !yardsticks.includes(peer) && keptUp(point, peer))
    .flatMap((peer): Rival[] => {
      const spread = spreadOf(point.peers[peer], figure);
      const [better, worse] = figures[figure].isBetter === "more" ? [peer, own] : [own, peer];
      const advantage = ratioOf(point, better, worse, figure);
      return spread === undefined || advantage === undefined
        ? []
        : [{ peer, median: spread.median, advantage: advantage.median }];
    })
    .sort((a, b) => b.advantage - a.advantage);
  if (ours === undefined || rivals.length === 0) {
    return undefined;
  }
  const limits = yardsticks.flatMap((peer) => {
    const ratio = ratioOf(point, own, peer, figure);
    return ratio === undefined ? [] : [{ peer, ratio: ratio.median }];
  });
  return { median: ours.median, rivals, limits };
}

/** Returns false for a peer that did not achieve the rate of an open loop, so that its latency means nothing. */
function keptUp({ work: { rate }, peers }: PointResult, peer: string): boolean {
  const achieved = spreadOf(peers[peer], "rate")?.median;
  return rate === undefined || (achieved !== undefined && achieved >= 0.9 * rate);
}
