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
  streamColumns,
} from "../scenario.js";

/** Streams: messages back and forth, and in one direction as fast as they are taken. */
export const streams: readonly Scenario[] = scenariosOf({ suite: "rpc", needs: "messages", counts: "messages" }, [
  {
    name: "ping-pong",
    title: "Streaming ping-pong",
    about: "On one stream, a message of 32 bytes is sent and one is returned. Then the next one is sent.",
    counts: "round trips",
    work: work("ping-pong"),
    columns: latencyColumns,
  },
  {
    name: "ping-pong-64",
    title: "Streaming ping-pong on 64 streams",
    about: "On each of 64 streams, a message of 32 bytes is sent and one is returned. Then the next one is " + "sent.",
    counts: "round trips",
    work: work("ping-pong", { inFlight: 64 }),
    columns: rateColumns,
    only: mainPeers,
  },
  {
    name: "download",
    title: "Server streaming, small messages",
    about: "On one stream, the server sends messages of 32 bytes as fast as the client reads them.",
    work: work("download"),
    columns: streamColumns,
  },
  {
    name: "upload",
    title: "Client streaming, small messages",
    about: "On one stream, the client sends messages of 32 bytes as fast as the server reads them.",
    work: work("upload"),
    columns: streamColumns,
  },
  {
    name: "download-batches",
    title: "Server streaming, small messages in arrays",
    about:
      "The scenario is “Server streaming, small messages”, but the server sends its messages in arrays of 256 with " +
      "`inBatches()`, and the client reads them with `batches()`. To other programs they are single messages.",
    work: work("download", { inBatches: true }),
    columns: streamColumns,
    only: ["direct"],
  },
  {
    name: "upload-batches",
    title: "Client streaming, small messages in arrays",
    about:
      "The scenario is “Client streaming, small messages”, but the client sends its messages in arrays of 256 with " +
      "`inBatches()`, and the server reads them with `batches()`.",
    work: work("upload", { inBatches: true }),
    columns: streamColumns,
    only: ["direct"],
  },
  {
    name: "download-64k",
    title: "Server streaming, 64 KiB",
    about: "On one stream, the server sends messages of 64 KiB as fast as the client reads them.",
    work: work("download", { payloadBytes: 64 * KiB }),
    columns: bytesColumns,
    only: mainPeers,
  },
  {
    name: "upload-64k",
    title: "Client streaming, 64 KiB",
    about: "On one stream, the client sends messages of 64 KiB as fast as the server reads them.",
    work: work("upload", { payloadBytes: 64 * KiB }),
    columns: bytesColumns,
    only: mainPeers,
  },
]);

export const largeStreams: readonly Scenario[] = scenariosOf({ suite: "rpc", needs: "messages", counts: "messages" }, [
  {
    name: "download-1m",
    title: "Server streaming, 1 MiB",
    about: "On one stream, the server sends messages of 1 MiB as fast as the client reads them.",
    work: work("download", { payloadBytes: MiB }),
    columns: bytesColumns,
    only: mainPeers,
  },
  {
    name: "upload-1m",
    title: "Client streaming, 1 MiB",
    about: "On one stream, the client sends messages of 1 MiB as fast as the server reads them.",
    work: work("upload", { payloadBytes: MiB }),
    columns: bytesColumns,
    only: mainPeers,
  },
]);
