import { work } from "../../contract/job.js";
import { openLoopColumns, type Point, type Scenario, scenariosOf } from "../scenario.js";

/** The most calls that are open at a time. Calls that are due meanwhile wait, and their latency includes that. */
const mostOpen = 1_000;

const rates = [1_000, 5_000, 20_000, 50_000, 100_000];

export function openLoopPoints(perSecond: readonly number[]): readonly Point[] {
  return perSecond.map((at) => ({ at, work: work("calls", { inFlight: mostOpen, rate: at }) }));
}

/** Calls at a given rate, as a server's users make them: nobody waits for the answer to somebody else's call. */
export const openLoop: readonly Scenario[] = scenariosOf({ suite: "rpc", needs: "open-loop", counts: "calls" }, [
  {
    name: "open-loop",
    title: "Calls at a given rate",
    about:
      "Calls with 32 bytes are started at a fixed rate, whatever the earlier ones do. The latency of a call is " +
      "counted from the moment at which it is due, so that a stall counts for all calls that it delays. At most " +
      "1,000 calls are open at a time: others that are due wait for that. A cell shows p50, p99, p99.9 and the rate " +
      "that was achieved. A peer that achieves less than 90 % of a rate is not measured at higher ones.",
    points: openLoopPoints(rates),
    axis: "calls per second",
    columns: openLoopColumns,
    inCells: openLoopColumns,
    only: ["kernel-limit", "direct", "grpc-js", "connect-node", "grpc-go-1", "grpc-go-2", "tonic", "grpc-cpp"],
    stretch: { warm: 1, measure: 1.5 },
  },
]);
