import { work } from "../../contract/job.js";
import { heldColumns, mainPeers, type Scenario, scenariosOf } from "../scenario.js";

/** The start of a program, and the memory of what it holds open. */
export const startAndMemory: readonly Scenario[] = scenariosOf(
  { suite: "rpc", needs: "calls", counts: "connections" },
  [
    {
      name: "cold-start",
      title: "Cold start",
      about: "A server starts until it takes calls; a client starts, connects, and has the answer to its first call.",
      counts: "calls",
      work: work("first-call"),
      columns: ["firstCallMs", "serverStartMs"],
    },
    {
      name: "memory-connection",
      title: "Memory, idle and per connection",
      about: "500 connections, each after one call; resident memory of either process, over what it has with one.",
      work: work("hold", { connections: 500 }),
      columns: heldColumns,
    },
    {
      name: "memory-stream",
      title: "Memory per open stream",
      about:
        "4,000 streams on one connection, each after a message there and back; " +
        "resident memory over what there is with none.",
      needs: "messages",
      counts: "streams",
      work: work("hold", { streams: 4000 }),
      columns: heldColumns,
      only: mainPeers,
    },
  ],
);
