import { work } from "../../contract/job.js";
import { onePoint, type Scenario, streamColumns } from "../scenario.js";

export const download: Scenario = {
  suite: "rpc",
  name: "download",
  title: "Server streaming, small messages",
  about: "One stream; the server sends messages of 32 bytes as fast as they are taken.",
  needs: "messages",
  counts: "messages",
  points: onePoint(work("download")),
  columns: streamColumns,
};
