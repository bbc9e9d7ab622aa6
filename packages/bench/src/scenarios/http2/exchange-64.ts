import { work } from "../../contract/job.js";
import { onePoint, rateColumns, type Scenario } from "../scenario.js";

export const exchange64: Scenario = {
  suite: "http2",
  name: "exchange-64",
  title: "Request and response, 64 in flight",
  about: "A POST of 32 bytes is answered with the same 32 bytes and trailers; 64 are under way at any time.",
  needs: "calls",
  counts: "exchanges",
  points: onePoint(work("calls", { inFlight: 64 })),
  columns: rateColumns,
};
