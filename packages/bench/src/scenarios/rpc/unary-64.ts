import { work } from "../../contract/job.js";
import { onePoint, rateColumns, type Scenario } from "../scenario.js";

export const unary64: Scenario = {
  suite: "rpc",
  name: "unary-64",
  title: "Unary, 64 outstanding",
  about: "A call with 32 bytes is answered with the same 32 bytes; 64 are under way at any time.",
  needs: "calls",
  counts: "calls",
  points: onePoint(work("calls", { inFlight: 64 })),
  columns: rateColumns,
};
