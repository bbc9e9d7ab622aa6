import type { ChannelOptions } from "@vyra/ipc";
import { clientProgram } from "../../program/client-program.js";
import { connectOurs } from "./connect.js";

await clientProgram((address, job, [engine]) =>
  connectOurs(address, job, { engine: engine as ChannelOptions["engine"] }),
);
