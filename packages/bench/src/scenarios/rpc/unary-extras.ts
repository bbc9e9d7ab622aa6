import { work } from "../../contract/job.js";
import { mainPeers, onePoint, rateColumns, type Scenario } from "../scenario.js";

export const unaryExtras: Scenario = {
  suite: "rpc",
  name: "unary-extras",
  title: "Unary with deadline, retries and metadata",
  about: "As with 64 outstanding, each call with a deadline, a header there, a header back and a retry policy.",
  needs: "extras",
  counts: "calls",
  points: onePoint(work("calls", { inFlight: 64, withExtras: true })),
  columns: rateColumns,
  only: mainPeers,
};
