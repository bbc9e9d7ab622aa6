import { work } from "../../contract/job.js";
import { crowdColumns, oneLoopPeers, onePoint, type Scenario } from "../scenario.js";

export const besideStreams: Scenario = {
  suite: "rpc",
  name: "beside-streams",
  title: "One caller beside fifty greedy streams",
  about:
    "Unary calls of 32 bytes, one at a time, while another process takes messages of 32 bytes as fast as they come from fifty streams, each " +
    "on a connection of its own: how long others are kept waiting.",
  needs: "crowd",
  counts: "calls",
  points: onePoint(work("calls", { crowd: { kind: "download", payloadBytes: 32, inFlight: 1, connections: 50 } })),
  columns: crowdColumns,
  only: oneLoopPeers,
};
