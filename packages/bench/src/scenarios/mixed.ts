import { coreScenarios } from "./rpc/index.js";
import type { Scenario } from "./scenario.js";

/** The core scenarios of the suite `rpc`, with @vyra/ipc at one end and another stack at the other. */
export const mixedScenarios: readonly Scenario[] = coreScenarios.map((scenario) => ({
  ...scenario,
  suite: "mixed",
  repeat: 0.6,
}));
