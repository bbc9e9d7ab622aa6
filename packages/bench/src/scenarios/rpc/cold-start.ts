import { work } from "../../contract/job.js";
import { onePoint, type Scenario } from "../scenario.js";

export const coldStart: Scenario = {
  suite: "rpc",
  name: "cold-start",
  title: "Cold start",
  about: "A server starts until it takes calls; a client starts, connects, and has the answer to its first call.",
  needs: "calls",
  counts: "calls",
  points: onePoint(work("first-call")),
  columns: ["firstCallMs", "serverStartMs"],
};
