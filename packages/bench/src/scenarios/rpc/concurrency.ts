import { work } from "../../contract/job.js";
import { type Scenario, sweepPeers } from "../scenario.js";

export const concurrency: Scenario = {
  suite: "rpc",
  name: "concurrency",
  title: "1 to 10,000 calls outstanding",
  about: "Calls with 32 bytes, ever more of them at a time.",
  needs: "calls",
  counts: "calls",
  points: [1, 4, 16, 64, 256, 1_000, 4_000, 10_000].map((at) => ({ at, work: work("calls", { inFlight: at }) })),
  axis: "outstanding",
  columns: ["rate", "cpuUs", "p50Us", "p99Us"],
  only: sweepPeers,
  repeat: 0.6,
};
