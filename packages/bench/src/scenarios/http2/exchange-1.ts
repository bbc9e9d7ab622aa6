import { work } from "../../contract/job.js";
import { latencyColumns, onePoint, type Scenario } from "../scenario.js";

export const exchange1: Scenario = {
  suite: "http2",
  name: "exchange-1",
  title: "Request and response, one at a time",
  about: "A POST of 32 bytes is answered with the same 32 bytes and trailers; then the next.",
  needs: "calls",
  counts: "exchanges",
  points: onePoint(work("calls")),
  columns: latencyColumns,
};
