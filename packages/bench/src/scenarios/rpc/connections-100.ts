import { work } from "../../contract/job.js";
import { onePoint, rateColumns, type Scenario } from "../scenario.js";

export const connections100: Scenario = {
  suite: "rpc",
  name: "connections-100",
  title: "100 connections",
  about: "Calls with 32 bytes, one outstanding on each of 100 connections.",
  needs: "calls",
  counts: "calls",
  points: onePoint(work("calls", { inFlight: 100, connections: 100 })),
  columns: rateColumns,
};
