import { work } from "../../contract/job.js";
import { onePoint, type Scenario, streamColumns } from "../scenario.js";

export const upload: Scenario = {
  suite: "rpc",
  name: "upload",
  title: "Client streaming, small messages",
  about: "One stream; the client sends messages of 32 bytes as fast as they are taken.",
  needs: "messages",
  counts: "messages",
  points: onePoint(work("upload")),
  columns: streamColumns,
};
