import { work } from "../../contract/job.js";
import { latencyColumns, onePoint, type Scenario } from "../scenario.js";

export const unary1: Scenario = {
  suite: "rpc",
  name: "unary-1",
  title: "Unary, one at a time",
  about: "A call with 32 bytes is answered with the same 32 bytes; then the next.",
  needs: "calls",
  counts: "calls",
  points: onePoint(work("calls")),
  columns: latencyColumns,
};
