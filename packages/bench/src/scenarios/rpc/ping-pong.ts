import { work } from "../../contract/job.js";
import { latencyColumns, onePoint, type Scenario } from "../scenario.js";

export const pingPong: Scenario = {
  suite: "rpc",
  name: "ping-pong",
  title: "Streaming ping-pong",
  about: "One stream; a message of 32 bytes there, one back, then the next.",
  needs: "messages",
  counts: "round trips",
  points: onePoint(work("ping-pong")),
  columns: latencyColumns,
};
