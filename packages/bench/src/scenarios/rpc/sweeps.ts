import { work } from "../../contract/job.js";
import { KiB, MiB, type Scenario, scenariosOf, sweepPeers } from "../scenario.js";

/** The same call at many sizes, and with many calls open. */
export const sweeps: readonly Scenario[] = scenariosOf({ suite: "rpc", needs: "calls", counts: "calls" }, [
  {
    name: "sizes",
    title: "Sizes from 0 to 8 MiB",
    about: "Calls with the same payload in both directions are made one at a time.",
    points: [0, 32, KiB, 16 * KiB, 64 * KiB, 256 * KiB, MiB, 8 * MiB].map((at) => ({
      at,
      work: work("calls", { payloadBytes: at }),
    })),
    axis: "bytes",
    columns: ["p50Us", "p99Us", "bytesPerSecond", "cpuUs"],
    only: sweepPeers,
    repeat: 0.6,
  },
  {
    name: "concurrency",
    title: "1 to 10,000 calls outstanding",
    about: "Calls with 32 bytes are made, with a growing number outstanding.",
    points: [1, 4, 16, 64, 256, 1_000, 4_000, 10_000].map((at) => ({ at, work: work("calls", { inFlight: at }) })),
    axis: "outstanding",
    columns: ["rate", "cpuUs", "p50Us", "p99Us"],
    only: sweepPeers,
    repeat: 0.6,
  },
]);
