import { work } from "../../contract/job.js";
import { bytesColumns, onePoint, type Scenario } from "../scenario.js";

export const upload: Scenario = {
  suite: "http2",
  name: "upload",
  title: "A long stream to the server",
  about: "The client writes pieces of 16 KiB as fast as they are taken.",
  needs: "calls",
  counts: "pieces",
  points: onePoint(work("upload", { payloadBytes: 16 * 1024 })),
  columns: bytesColumns,
};
