import { work } from "../contract/job.js";
import {
  bytesColumns,
  heldColumns,
  KiB,
  latencyColumns,
  MiB,
  rateColumns,
  type Scenario,
  scenariosOf,
} from "./scenario.js";

/** HTTP/2 alone, without RPC on top: exchanges, long streams, and the memory of what is held open. */
export const http2Scenarios: readonly Scenario[] = scenariosOf(
  { suite: "http2", needs: "calls", counts: "exchanges" },
  [
    {
      name: "exchange-1",
      title: "Request and response, one at a time",
      about: "A POST of 32 bytes is answered with the same 32 bytes and trailers. Then the next request is " + "sent.",
      work: work("calls"),
      columns: latencyColumns,
    },
    {
      name: "exchange-64",
      title: "Request and response, 64 in flight",
      about: "A POST of 32 bytes is answered with the same 32 bytes and trailers. 64 are in flight at any time.",
      work: work("calls", { inFlight: 64 }),
      columns: rateColumns,
    },
    {
      name: "exchange-1000",
      title: "Request and response, 1,000 in flight",
      about:
        "A POST of 32 bytes is answered with the same 32 bytes and trailers. 1,000 are in flight at any " + "time.",
      work: work("calls", { inFlight: 1000 }),
      columns: rateColumns,
    },
    {
      name: "body-1k",
      title: "Bodies of 1 KiB",
      about: "The server returns bodies of 1 KiB. 64 exchanges are in flight at any time.",
      work: work("calls", { inFlight: 64, payloadBytes: KiB }),
      columns: bytesColumns,
    },
    {
      name: "body-64k",
      title: "Bodies of 64 KiB",
      about: "The server returns bodies of 64 KiB. 16 exchanges are in flight at any time.",
      work: work("calls", { inFlight: 16, payloadBytes: 64 * KiB }),
      columns: bytesColumns,
    },
    {
      name: "body-1m",
      title: "Bodies of 1 MiB",
      about: "The server returns bodies of 1 MiB. 4 exchanges are in flight at any time.",
      work: work("calls", { inFlight: 4, payloadBytes: MiB }),
      columns: bytesColumns,
    },
    {
      name: "ping-pong",
      title: "One stream, one message at a time",
      about: "On one stream that stays open, 32 bytes are sent and 32 are returned. Then the next 32 are sent.",
      counts: "round trips",
      work: work("ping-pong"),
      columns: latencyColumns,
    },
    {
      name: "download",
      title: "A long stream from the server",
      about: "The server sends pieces of 16 KiB as fast as the client reads them.",
      counts: "pieces",
      work: work("download", { payloadBytes: 16 * KiB }),
      columns: bytesColumns,
    },
    {
      name: "upload",
      title: "A long stream to the server",
      about: "The client sends pieces of 16 KiB as fast as the server reads them.",
      counts: "pieces",
      work: work("upload", { payloadBytes: 16 * KiB }),
      columns: bytesColumns,
    },
    {
      name: "concurrency",
      title: "What an exchange costs as streams grow in number",
      about:
        "The server returns bodies of 32 bytes, with a growing number of exchanges in flight. Ideally " +
        "the cost stays the same.",
      points: [1, 4, 16, 64, 256, 1_000].map((at) => ({ at, work: work("calls", { inFlight: at }) })),
      axis: "in flight",
      repeat: 0.6,
      columns: ["cpuUs", "rate", "p50Us", "p99Us"],
    },
    {
      name: "memory-connection",
      title: "Memory per connection",
      about:
        "500 connections are open, after one exchange on each. The figures are the resident memory of " +
        "each process beyond its memory with one connection.",
      counts: "connections",
      work: work("hold", { connections: 500 }),
      columns: heldColumns,
    },
    {
      name: "memory-stream",
      title: "Memory per open stream",
      about:
        "4,000 streams are open on one connection, after 32 bytes in each direction on each. The figures " +
        "are the resident memory of each process beyond its memory without streams.",
      counts: "streams",
      work: work("hold", { streams: 4000 }),
      columns: heldColumns,
    },
  ],
);
