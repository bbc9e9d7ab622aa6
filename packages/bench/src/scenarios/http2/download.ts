import { work } from "../../contract/job.js";
import { bytesColumns, onePoint, type Scenario } from "../scenario.js";

export const download: Scenario = {
  suite: "http2",
  name: "download",
  title: "A long stream from the server",
  about: "The server writes pieces of 16 KiB as fast as they are taken.",
  needs: "calls",
  counts: "pieces",
  points: onePoint(work("download", { payloadBytes: 16 * 1024 })),
  columns: bytesColumns,
};
