import { coreScenarios } from "./rpc/index.js";
import type { Scenario } from "./scenario.js";

/**
 * The core scenarios of the suite `rpc`, measured by executed instructions instead of time. Counting makes the programs
 * some fifty times slower, so the rounds are long and few.
 */
export const instructionScenarios: readonly Scenario[] = coreScenarios.map((scenario) => ({
  ...scenario,
  suite: "instructions",
  columns: ["instructions", "clientInstructions", "serverInstructions"],
  repeat: 0.2,
  stretch: { warm: 6, measure: 16 },
}));
