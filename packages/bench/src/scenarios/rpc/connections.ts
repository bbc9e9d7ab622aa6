import { work } from "../../contract/job.js";
import { crowdColumns, mainPeers, oneLoopPeers, rateColumns, type Scenario, scenariosOf } from "../scenario.js";

/** Many connections to one server, and the latency of one caller beside greedy ones. */
export const connections: readonly Scenario[] = scenariosOf({ suite: "rpc", needs: "calls", counts: "calls" }, [
  {
    name: "connections-100",
    title: "100 connections",
    about: "Calls with 32 bytes are made on 100 connections. One is outstanding on each connection.",
    work: work("calls", { inFlight: 100, connections: 100 }),
    columns: rateColumns,
  },
  {
    name: "connections-1000",
    title: "1,000 connections",
    about: "Calls with 32 bytes are made on 1,000 connections. One is outstanding on each connection.",
    work: work("calls", { inFlight: 1000, connections: 1000 }),
    columns: rateColumns,
    only: mainPeers,
  },
  {
    name: "beside-calls",
    title: "One caller beside ten greedy connections",
    about:
      "Unary calls of 32 bytes are made one at a time, while another process has 1,000 calls " +
      "outstanding on each of ten connections to the same server. The figures show how long the first " +
      "process waits.",
    work: work("calls", { crowd: { kind: "calls", payloadBytes: 32, inFlight: 10_000, connections: 10 } }),
    columns: crowdColumns,
    only: ["node", ...mainPeers],
  },
  {
    name: "beside-streams",
    title: "One caller beside fifty greedy streams",
    about:
      "Unary calls of 32 bytes are made one at a time, while another process reads messages of 32 " +
      "bytes as fast as they arrive from fifty streams, each on its own connection. The figures show " +
      "how long the first process waits.",
    needs: "crowd",
    work: work("calls", { crowd: { kind: "download", payloadBytes: 32, inFlight: 1, connections: 50 } }),
    columns: crowdColumns,
    only: oneLoopPeers,
  },
]);
