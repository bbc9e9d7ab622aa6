import { work } from "../../contract/job.js";
import {
  bytesColumns,
  KiB,
  latencyColumns,
  MiB,
  mainPeers,
  rateColumns,
  type Scenario,
  scenariosOf,
} from "../scenario.js";

/** Unary calls, each answered with its own payload. */
export const calls: readonly Scenario[] = scenariosOf({ suite: "rpc", needs: "calls", counts: "calls" }, [
  {
    name: "unary-1",
    title: "Unary, one at a time",
    about: "A call with 32 bytes is answered with the same 32 bytes. Then the next call is made.",
    work: work("calls"),
    columns: latencyColumns,
  },
  {
    name: "unary-64",
    title: "Unary, 64 outstanding",
    about: "A call with 32 bytes is answered with the same 32 bytes. 64 calls are outstanding at any time.",
    work: work("calls", { inFlight: 64 }),
    columns: rateColumns,
  },
  {
    name: "unary-1000",
    title: "Unary, 1,000 outstanding",
    about: "A call with 32 bytes is answered with the same 32 bytes. 1,000 calls are outstanding at any time.",
    work: work("calls", { inFlight: 1000 }),
    columns: rateColumns,
    only: mainPeers,
  },
  {
    name: "unary-extras",
    title: "Unary with deadline, retries and metadata",
    about:
      "A call with 32 bytes has a deadline, a request header, a response header and a retry policy. 64 " +
      "calls are outstanding at any time.",
    needs: "extras",
    work: work("calls", { inFlight: 64, withExtras: true }),
    columns: rateColumns,
    only: mainPeers,
  },
  {
    name: "unary-64k",
    title: "Unary, 64 KiB",
    about: "Calls carry 64 KiB in each direction. 16 are outstanding at any time.",
    work: work("calls", { inFlight: 16, payloadBytes: 64 * KiB }),
    columns: bytesColumns,
    only: mainPeers,
  },
  {
    name: "unary-1m",
    title: "Unary, 1 MiB",
    about: "Calls carry 1 MiB in each direction. 4 are outstanding at any time.",
    work: work("calls", { inFlight: 4, payloadBytes: MiB }),
    columns: bytesColumns,
  },
]);
