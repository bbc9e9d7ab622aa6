import { work } from "../../contract/job.js";
import { latencyColumns, onePoint, type Scenario } from "../scenario.js";

export const pingPong: Scenario = {
  suite: "http2",
  name: "ping-pong",
  title: "One stream, one message at a time",
  about: "32 bytes there, 32 bytes back, on one stream that stays open.",
  needs: "calls",
  counts: "round trips",
  points: onePoint(work("ping-pong")),
  columns: latencyColumns,
};
