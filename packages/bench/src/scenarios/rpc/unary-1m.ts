import { work } from "../../contract/job.js";
import { bytesColumns, onePoint, type Scenario } from "../scenario.js";

export const unary1m: Scenario = {
  suite: "rpc",
  name: "unary-1m",
  title: "Unary, 1 MiB",
  about: "Calls with 1 MiB each way, 4 outstanding.",
  needs: "calls",
  counts: "calls",
  points: onePoint(work("calls", { inFlight: 4, payloadBytes: 1024 * 1024 })),
  columns: bytesColumns,
};
