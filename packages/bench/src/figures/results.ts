/** The results of a run, in the form of the JSON files from which reports are made. */
import type { Job } from "../contract/job.js";
import type { Suite } from "../suite.js";
import type { Figures } from "./figures.js";

/** The result of one suite. */
export interface SuiteResult {
  readonly suite: Suite;
  readonly startedAt: string;
  /** The commit that was measured, with `+` if there were uncommitted changes; undefined outside a repository. */
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
  /** How the peer is configured, where its documentation offers a choice. */
  readonly configuration?: string;
  /** What this machine lacks to build or run the peer. */
  readonly missing?: string;
}

/** The machine of a run. Figures from different machines do not compare. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** The load averages of one, five and fifteen minutes when the run began. */
  readonly load: readonly number[];
  /** The share of the machine that other programs used before the run, from 0 to 1. */
  readonly busyBefore: number;
}

/** If other programs use more than this share of the machine, the figures are worth little. */
export const quietLimit = 0.05;

/** The durations of one measurement. */
export interface Durations {
  /** The duration of the first run of new programs. */
  readonly warmMs: number;
  /** What must be steady after the first run, before programs are measured; undefined for nothing. */
  readonly settle?: Settle | undefined;
  readonly measureMs: number;
}

/** Windows follow each other until the highest of the last three rates exceeds the lowest by at most `tolerance`. */
export interface Settle {
  readonly windowMs: number;
  /** A share: 0.05 for 5 %. */
  readonly tolerance: number;
  /** After this many windows, programs are measured anyway. */
  readonly maxWindows: number;
}

/** The number and duration of the measurements of each peer at each point. */
export interface Budget extends Durations {
  readonly rounds: number;
  /** The number of peers that are measured at the same time: 1, unless the figures do not matter. */
  readonly atOnce: number;
}

/** The result of a scenario. */
export interface ScenarioResult {
  readonly name: string;
  /** Present if the scenario was measured again later than the rest of its suite. */
  readonly update?: Update;
  readonly points: readonly PointResult[];
}

/** The circumstances of a later measurement. */
export interface Update {
  readonly startedAt: string;
  readonly commit: string | undefined;
  readonly budget?: Budget;
}

export interface PointResult {
  readonly at: number;
  readonly work: Job;
  /** The results by the peers' names. Peers that did not take part are missing. */
  readonly peers: Readonly<Record<string, PeerResult>>;
}

export interface PeerResult {
  /** One entry for each round that completed. */
  readonly rounds: Round[];
  failure?: string;
}

export interface Round {
  readonly figures: Figures;
  readonly disturbance: number;
  /** Present if the rates still differed when the warm-up took too long. */
  readonly isUnsettled?: true;
}
