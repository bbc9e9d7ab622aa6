import { download } from "./rpc/download.js";
import { unary1 } from "./rpc/unary-1.js";
import { unary64 } from "./rpc/unary-64.js";
import { upload } from "./rpc/upload.js";
import type { Scenario } from "./scenario.js";

/** Some of the RPC suite, for what they execute rather than for how long it takes. Slow to count: long, but few rounds. */
export const instructionScenarios: readonly Scenario[] = [unary1, unary64, download, upload].map((scenario) => ({
  ...scenario,
  suite: "instructions",
  columns: ["instructions", "clientInstructions", "serverInstructions"],
  repeat: 0.2,
  stretch: { warm: 30, measure: 16 },
}));
