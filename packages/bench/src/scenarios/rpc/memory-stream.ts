import { work } from "../../contract/job.js";
import { heldColumns, mainPeers, onePoint, type Scenario } from "../scenario.js";

export const memoryStream: Scenario = {
  suite: "rpc",
  name: "memory-stream",
  title: "Memory per open stream",
  about:
    "4,000 streams on one connection, each after a message there and back; resident memory over what there is with none.",
  needs: "messages",
  counts: "streams",
  points: onePoint(work("hold", { streams: 4000 })),
  columns: heldColumns,
  only: mainPeers,
};
