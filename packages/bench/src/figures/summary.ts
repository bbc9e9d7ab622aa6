import type { FigureName } from "./figures.js";
import type { PeerResult, PointResult } from "./results.js";
import { ratios, type Spread, spread } from "./stats.js";

/** Returns the values of a peer's figure, one for each round; undefined for a round that lacks it. */
export function valuesOf(peer: PeerResult | undefined, name: FigureName): (number | undefined)[] {
  return (peer?.rounds ?? []).map(({ figures }) => figures[name]);
}

export function spreadOf(peer: PeerResult | undefined, name: FigureName): Spread | undefined {
  const values = valuesOf(peer, name).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : spread(values);
}

/** Returns the ratio of a peer's figure at one point to the same figure at another, computed for each round. */
export function ratioTo(point: PointResult, base: PointResult, peer: string, name: FigureName): Spread | undefined {
  const all = ratios(valuesOf(point.peers[peer], name), valuesOf(base.peers[peer], name));
  return all.length === 0 ? undefined : spread(all);
}

/** Returns the ratio of one peer's figure to another's, computed for each round. */
export function ratioOf(point: PointResult, peer: string, other: string, name: FigureName): Spread | undefined {
  const all = ratios(valuesOf(point.peers[peer], name), valuesOf(point.peers[other], name));
  return all.length === 0 ? undefined : spread(all);
}
