import { work } from "../../contract/job.js";
import { bytesColumns, onePoint, type Scenario } from "../scenario.js";

export const body1m: Scenario = {
  suite: "http2",
  name: "body-1m",
  title: "Bodies of 1 MiB",
  about: "Echo of 1 MiB, 4 under way at any time.",
  needs: "calls",
  counts: "exchanges",
  points: onePoint(work("calls", { inFlight: 4, payloadBytes: 1024 * 1024 })),
  columns: bytesColumns,
};
