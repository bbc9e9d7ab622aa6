import { type Addition, additions } from "../../contract/additions.js";
import { work } from "../../contract/job.js";
import { type Scenario, scenariosOf } from "../scenario.js";

const names = Object.keys(additions) as Addition[];

/** Calls with interceptors, retries and telemetry, each compared with the bare call of the same peer. */
export const additionsToCalls: readonly Scenario[] = scenariosOf({ suite: "rpc", needs: "extras", counts: "calls" }, [
  {
    name: "additions",
    title: "Unary with interceptors, retries and telemetry",
    about:
      "A call with 32 bytes is answered with the same 32 bytes. 64 calls are outstanding at any time. The programs " +
      "have one addition at a time. What telemetry collects is discarded.",
    points: [
      { at: 0, title: "bare calls", work: work("calls", { inFlight: 64 }) },
      ...names.map((adds, i) => ({
        at: i + 1,
        title: additions[adds],
        work: work("calls", { inFlight: 64, adds }),
      })),
      {
        at: names.length + 1,
        title: "a deadline, retries, and a header each way",
        work: work("calls", { inFlight: 64, withExtras: true }),
      },
    ],
    columns: ["rate", "clientCpuUs", "serverCpuUs", "p50Us", "p99Us"],
    only: ["direct", "grpc-js", "connect-node", "tonic"],
    repeat: 0.6,
  },
]);
