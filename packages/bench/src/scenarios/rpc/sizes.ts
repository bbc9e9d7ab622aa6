import { work } from "../../contract/job.js";
import { type Scenario, sweepPeers } from "../scenario.js";

export const sizes: Scenario = {
  suite: "rpc",
  name: "sizes",
  title: "Sizes from 0 to 8 MiB",
  about: "Calls with the same payload there and back, one at a time.",
  needs: "calls",
  counts: "calls",
  points: [0, 32, 1024, 16 * 1024, 64 * 1024, 256 * 1024, 1024 * 1024, 8 * 1024 * 1024].map((at) => ({
    at,
    work: work("calls", { payloadBytes: at }),
  })),
  axis: "bytes",
  columns: ["p50Us", "p99Us", "bytesPerSecond", "cpuUs"],
  only: sweepPeers,
  repeat: 0.6,
};
