import { work } from "../../contract/job.js";
import { mainPeers, onePoint, rateColumns, type Scenario } from "../scenario.js";

export const pingPong64: Scenario = {
  suite: "rpc",
  name: "ping-pong-64",
  title: "Streaming ping-pong on 64 streams",
  about: "64 streams, each with one message of 32 bytes under way.",
  needs: "messages",
  counts: "round trips",
  points: onePoint(work("ping-pong", { inFlight: 64 })),
  columns: rateColumns,
  only: mainPeers,
};
