import { work } from "../../contract/job.js";
import { heldColumns, onePoint, type Scenario } from "../scenario.js";

export const memoryConnection: Scenario = {
  suite: "http2",
  name: "memory-connection",
  title: "Memory per connection",
  about: "500 connections, each after one exchange; resident memory of either process, over what it has with one.",
  needs: "calls",
  counts: "connections",
  points: onePoint(work("hold", { connections: 500 })),
  columns: heldColumns,
};
