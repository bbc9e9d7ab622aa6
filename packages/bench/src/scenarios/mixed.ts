import { download } from "./rpc/download.js";
import { unary1 } from "./rpc/unary-1.js";
import { unary64 } from "./rpc/unary-64.js";
import { upload } from "./rpc/upload.js";
import type { Scenario } from "./scenario.js";

/** Those of the RPC suite that tell how well two get along. */
export const mixedScenarios: readonly Scenario[] = [unary1, unary64, download, upload].map((scenario) => ({
  ...scenario,
  suite: "mixed",
  repeat: 0.6,
}));
