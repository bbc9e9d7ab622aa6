import { work } from "../../contract/job.js";
import { heldColumns, onePoint, type Scenario } from "../scenario.js";

export const memoryStream: Scenario = {
  suite: "http2",
  name: "memory-stream",
  title: "Memory per open stream",
  about:
    "4,000 streams on one connection, each after 32 bytes there and back; resident memory over what there is with none.",
  needs: "calls",
  counts: "streams",
  points: onePoint(work("hold", { streams: 4000 })),
  columns: heldColumns,
};
