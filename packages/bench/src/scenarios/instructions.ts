import { coreScenarios } from "./rpc/index.js";
import type { Scenario } from "./scenario.js";

/**
 * The core of the suite `rpc`, measured by the instructions that are executed instead of the time they take. Counting slows
 * the programs down some fifty times, so each round is long and there are few rounds.
 */
export const instructionScenarios: readonly Scenario[] = coreScenarios.map((scenario) => ({
  ...scenario,
  suite: "instructions",
  columns: ["instructions", "clientInstructions", "serverInstructions"],
  repeat: 0.2,
  stretch: { warm: 30, measure: 16 },
}));
