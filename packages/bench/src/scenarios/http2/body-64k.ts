import { work } from "../../contract/job.js";
import { bytesColumns, onePoint, type Scenario } from "../scenario.js";

export const body64k: Scenario = {
  suite: "http2",
  name: "body-64k",
  title: "Bodies of 64 KiB",
  about: "Echo of 64 KiB, 16 under way at any time.",
  needs: "calls",
  counts: "exchanges",
  points: onePoint(work("calls", { inFlight: 16, payloadBytes: 64 * 1024 })),
  columns: bytesColumns,
};
