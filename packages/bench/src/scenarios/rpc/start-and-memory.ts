import { work } from "../../contract/job.js";
import { heldColumns, mainPeers, type Scenario, scenariosOf } from "../scenario.js";

/** The start of a program, and the memory of what it holds open. */
export const startAndMemory: readonly Scenario[] = scenariosOf(
  { suite: "rpc", needs: "calls", counts: "connections" },
  [
    {
      name: "cold-start",
      title: "Cold start",
      about:
        "A server starts until it accepts calls. A client starts, connects, and receives the response to " +
        "its first call.",
      counts: "calls",
      work: work("first-call"),
      columns: ["firstCallMs", "serverStartMs"],
    },
    {
      name: "memory-connection",
      title: "Memory, idle and per connection",
      about:
        "500 connections are open, after one call on each. The figures are the resident memory of each " +
        "process beyond its memory with one connection.",
      work: work("hold", { connections: 500 }),
      columns: heldColumns,
    },
    {
      name: "memory-stream",
      title: "Memory per open stream",
      about:
        "4,000 streams are open on one connection, after a message in each direction on each. The " +
        "figures are the resident memory of each process beyond its memory without streams.",
      needs: "messages",
      counts: "streams",
      work: work("hold", { streams: 4000 }),
      columns: heldColumns,
      only: mainPeers,
    },
  ],
);
