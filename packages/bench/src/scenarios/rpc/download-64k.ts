import { work } from "../../contract/job.js";
import { bytesColumns, mainPeers, onePoint, type Scenario } from "../scenario.js";

export const download64k: Scenario = {
  suite: "rpc",
  name: "download-64k",
  title: "Server streaming, 64 KiB",
  about: "As above, with messages of 64 KiB.",
  needs: "messages",
  counts: "messages",
  points: onePoint(work("download", { payloadBytes: 64 * 1024 })),
  columns: bytesColumns,
  only: mainPeers,
};
