import { type ServeOptions, serve } from "@vyra/ipc";
import { serverProgram } from "../../program/server-program.js";
import { benchRoutes } from "../shared/connect-service.js";
import { serverInterceptors } from "./additions.js";
import { batchedRoutes } from "./in-batches.js";

await serverProgram(async (socket, job, [engine]) => {
  const server = await serve({
    socket,
    routes: job.inBatches ? batchedRoutes : benchRoutes(job.withExtras),
    engine: engine as ServeOptions["engine"],
    interceptors: await serverInterceptors(job),
  });
  if (job.adds === "stats") {
    server.stats(); // calls are timed once stats have been read
  }
});
