import { type ServeOptions, serve } from "@vyra/ipc";
import { serverProgram } from "../../program/server-program.js";
import { benchRoutes } from "../shared/connect-service.js";

await serverProgram((socket, job, [engine]) =>
  serve({ socket, routes: benchRoutes(job.withExtras), engine: engine as ServeOptions["engine"] }),
);
