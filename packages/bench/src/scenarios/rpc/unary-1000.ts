import { work } from "../../contract/job.js";
import { mainPeers, onePoint, rateColumns, type Scenario } from "../scenario.js";

export const unary1000: Scenario = {
  suite: "rpc",
  name: "unary-1000",
  title: "Unary, 1,000 outstanding",
  about: "A call with 32 bytes is answered with the same 32 bytes; 1,000 are under way at any time.",
  needs: "calls",
  counts: "calls",
  points: onePoint(work("calls", { inFlight: 1000 })),
  columns: rateColumns,
  only: mainPeers,
};
