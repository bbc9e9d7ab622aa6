import { work } from "../../contract/job.js";
import { mainPeers, onePoint, rateColumns, type Scenario } from "../scenario.js";

export const connections1000: Scenario = {
  suite: "rpc",
  name: "connections-1000",
  title: "1,000 connections",
  about: "Calls with 32 bytes, one outstanding on each of 1,000 connections.",
  needs: "calls",
  counts: "calls",
  points: onePoint(work("calls", { inFlight: 1000, connections: 1000 })),
  columns: rateColumns,
  only: mainPeers,
};
