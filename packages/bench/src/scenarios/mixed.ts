import { coreScenarios } from "./rpc/index.js";
import type { Scenario } from "./scenario.js";

/** Ours at one end and another stack at the other: the core of the suite `rpc` tells how well the two get along. */
export const mixedScenarios: readonly Scenario[] = coreScenarios.map((scenario) => ({
  ...scenario,
  suite: "mixed",
  repeat: 0.6,
}));
