import { work } from "../../contract/job.js";
import { bytesColumns, mainPeers, onePoint, type Scenario } from "../scenario.js";

export const upload64k: Scenario = {
  suite: "rpc",
  name: "upload-64k",
  title: "Client streaming, 64 KiB",
  about: "As above, with messages of 64 KiB.",
  needs: "messages",
  counts: "messages",
  points: onePoint(work("upload", { payloadBytes: 64 * 1024 })),
  columns: bytesColumns,
  only: mainPeers,
};
