import { work } from "../../contract/job.js";
import { bytesColumns, mainPeers, onePoint, type Scenario } from "../scenario.js";

export const download1m: Scenario = {
  suite: "rpc",
  name: "download-1m",
  title: "Server streaming, 1 MiB",
  about: "As above, with messages of 1 MiB.",
  needs: "messages",
  counts: "messages",
  points: onePoint(work("download", { payloadBytes: 1024 * 1024 })),
  columns: bytesColumns,
  only: mainPeers,
};
