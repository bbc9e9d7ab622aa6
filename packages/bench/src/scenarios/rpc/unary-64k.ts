import { work } from "../../contract/job.js";
import { bytesColumns, mainPeers, onePoint, type Scenario } from "../scenario.js";

export const unary64k: Scenario = {
  suite: "rpc",
  name: "unary-64k",
  title: "Unary, 64 KiB",
  about: "Calls with 64 KiB each way, 16 outstanding.",
  needs: "calls",
  counts: "calls",
  points: onePoint(work("calls", { inFlight: 16, payloadBytes: 64 * 1024 })),
  columns: bytesColumns,
  only: mainPeers,
};
