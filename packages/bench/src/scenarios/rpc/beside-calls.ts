import { work } from "../../contract/job.js";
import { crowdColumns, mainPeers, onePoint, type Scenario } from "../scenario.js";

export const besideCalls: Scenario = {
  suite: "rpc",
  name: "beside-calls",
  title: "One caller beside ten greedy connections",
  about:
    "Unary calls of 32 bytes, one at a time, while another process has 1,000 outstanding on each of ten connections to the same server: " +
    "how long others are kept waiting.",
  needs: "calls",
  counts: "calls",
  points: onePoint(work("calls", { crowd: { kind: "calls", payloadBytes: 32, inFlight: 10_000, connections: 10 } })),
  columns: crowdColumns,
  only: ["node", ...mainPeers],
};
