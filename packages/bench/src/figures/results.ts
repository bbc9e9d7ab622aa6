/** What comes of a run, as it is kept in JSON: all that a report is made from. */
import type { Work } from "../contract/job.js";
import type { Suite } from "../suite.js";
import type { Figures } from "./figures.js";

/** A run of a suite: all that a report is made from. */
export interface SuiteResult {
  readonly suite: Suite;
  readonly startedAt: string;
  /** The commit that was measured, with `+` if there were changes on top; undefined outside a repository. */
  readonly commit: string | undefined;
  readonly machine: Machine;
  readonly budget: Budget;
  readonly peers: readonly PeerDescription[];
  readonly scenarios: readonly ScenarioResult[];
}

export interface PeerDescription {
  readonly name: string;
  readonly title: string;
  readonly version?: string;
  /** What the machine lacked for it. */
  readonly missing?: string;
}

/** Where a run took place: numbers from different ones do not compare. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** One, five and fifteen minutes, when the run began. */
  readonly load: readonly number[];
  /** The part of the machine that others used before the run, 0 to 1. */
  readonly busyBefore: number;
}

/** Above this part of the machine in the hands of others, figures are not worth much. */
export const quietLimit = 0.05;

/** For how long, and how often, each peer does each point. */
export interface Budget {
  readonly rounds: number;
  readonly warmMs: number;
  readonly measureMs: number;
  /** How many peers at a time: 1, unless figures do not matter. */
  readonly atOnce: number;
}

/** What became of a scenario: as it stands in the JSON. */
export interface ScenarioResult {
  readonly name: string;
  /** Where it was measured anew, later than the rest of its suite. */
  readonly update?: { readonly startedAt: string; readonly commit: string | undefined };
  readonly points: readonly PointResult[];
}

export interface PointResult {
  readonly at: number;
  readonly work: Work;
  /** By peer's name; those not here did not take part. */
  readonly peers: Readonly<Record<string, PeerResult>>;
}

export interface PeerResult {
  /** One entry for each round that was not cut short by a failure. */
  readonly rounds: Round[];
  failure?: string;
}

export interface Round {
  readonly figures: Figures;
  readonly disturbance: number;
}
