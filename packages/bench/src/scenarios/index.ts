import { http2Scenarios } from "./http2.js";
import { importScenarios } from "./import.js";
import { instructionScenarios } from "./instructions.js";
import { mixedScenarios } from "./mixed.js";
import { rpcScenarios } from "./rpc/index.js";
import type { Scenario } from "./scenario.js";

/** All scenarios, in the order in which they run and are shown. To add one, add a row to a table of its suite. */
export const scenarios: readonly Scenario[] = [
  ...http2Scenarios,
  ...rpcScenarios,
  ...mixedScenarios,
  ...instructionScenarios,
  ...importScenarios,
];
