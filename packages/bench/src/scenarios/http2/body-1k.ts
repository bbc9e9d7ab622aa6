import { work } from "../../contract/job.js";
import { bytesColumns, onePoint, type Scenario } from "../scenario.js";

export const body1k: Scenario = {
  suite: "http2",
  name: "body-1k",
  title: "Bodies of 1 KiB",
  about: "Echo of 1 KiB, 64 under way at any time.",
  needs: "calls",
  counts: "exchanges",
  points: onePoint(work("calls", { inFlight: 64, payloadBytes: 1024 })),
  columns: bytesColumns,
};
