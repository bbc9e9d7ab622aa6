import { work } from "../../contract/job.js";
import { onePoint, rateColumns, type Scenario } from "../scenario.js";

export const exchange1000: Scenario = {
  suite: "http2",
  name: "exchange-1000",
  title: "Request and response, 1,000 in flight",
  about: "A POST of 32 bytes is answered with the same 32 bytes and trailers; 1,000 are under way at any time.",
  needs: "calls",
  counts: "exchanges",
  points: onePoint(work("calls", { inFlight: 1000 })),
  columns: rateColumns,
};
