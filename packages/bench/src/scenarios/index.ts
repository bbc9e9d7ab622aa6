import { http2Scenarios } from "./http2.js";
import { importScenarios } from "./import.js";
import { instructionScenarios } from "./instructions.js";
import { mixedScenarios } from "./mixed.js";
import { rpcScenarios } from "./rpc/index.js";
import type { Scenario } from "./scenario.js";

/** All there are, in the order in which they are run and shown. */
export const scenarios: readonly Scenario[] = [
  ...http2Scenarios,
  ...rpcScenarios,
  ...mixedScenarios,
  ...instructionScenarios,
  ...importScenarios,
];
